import { useElementSize } from "@mantine/hooks";
import type { ReactNode } from "react";
import classes from "./plot.module.css";
import type { Scale } from "./scale.ts";

export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface Props {
  readonly height: number;
  /** What a screen reader says instead of the drawing; a table with the figures stands beside it. */
  readonly label: string;
  readonly margin?: Partial<Area>;
  readonly children: (area: Area) => ReactNode;
}

const MARGIN: Area = { left: 44, right: 22, top: 10, bottom: 34 };

/** A drawing as wide as its place, in real pixels, so that its letters keep their size on a phone. */
export function Plot({ height, label, margin, children }: Props) {
  const { ref, width } = useElementSize();
  const space = { ...MARGIN, ...margin };
  return (
    <div ref={ref} className={classes["plot"]}>
      <svg width={width} height={height} role="img" aria-label={label}>
        {width > 0 && children({ left: space.left, right: width - space.right, top: space.top, bottom: height - space.bottom })}
      </svg>
    </div>
  );
}

interface AxisProps {
  readonly area: Area;
  readonly scale: Scale;
  readonly at: readonly number[];
  readonly text: (value: number) => string;
  readonly title?: string;
  readonly hasGrid?: boolean;
}

export function XAxis({ area, scale, at, text, title, hasGrid = false }: AxisProps) {
  return (
    <g>
      {at.map((value) => (
        <g key={value}>
          {hasGrid && <line className={classes["grid"]} x1={scale(value)} x2={scale(value)} y1={area.top} y2={area.bottom} />}
          <text className={classes["tick"]} x={scale(value)} y={area.bottom + 15} textAnchor="middle">
            {text(value)}
          </text>
        </g>
      ))}
      {title !== undefined && (
        <text className={classes["tick"]} x={area.right} y={area.bottom + 31} textAnchor="end">
          {title}
        </text>
      )}
    </g>
  );
}

export function YAxis({ area, scale, at, text, hasGrid = true }: AxisProps) {
  return (
    <g>
      {at.map((value) => (
        <g key={value}>
          {hasGrid && <line className={classes["grid"]} x1={area.left} x2={area.right} y1={scale(value)} y2={scale(value)} />}
          <text className={classes["tick"]} x={area.left - 8} y={scale(value)} dy="0.32em" textAnchor="end">
            {text(value)}
          </text>
        </g>
      ))}
    </g>
  );
}
