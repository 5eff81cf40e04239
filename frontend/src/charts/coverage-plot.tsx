import { day } from "@/format/time";
import { percent } from "@/format/numbers";
import classes from "./coverage-plot.module.css";
import { Plot, XAxis, YAxis } from "./plot.tsx";
import { linear, ticks } from "./scale.ts";

export interface CoverageLine {
  readonly nominal: number;
  readonly points: readonly { readonly at: number; readonly observed: number }[];
}

/** How many outcomes fell into each interval as time went on, with the promised share as a thin line. */
export function CoveragePlot({ lines, label }: { readonly lines: readonly CoverageLine[]; readonly label: string }) {
  const instants = lines.flatMap(({ points }) => points.map(({ at }) => at));
  const span = [Math.min(...instants), Math.max(...instants)] as const;
  return (
    <Plot height={300} label={label} margin={{ right: 48 }}>
      {(area) => {
        const x = linear(span, [area.left + 6, area.right - 6]);
        const y = linear([0, 1], [area.bottom, area.top]);
        const n = Math.max(2, Math.floor((area.right - area.left) / 130));
        return (
          <>
            <YAxis area={area} scale={y} at={ticks(0, 1, 4)} text={(v) => percent(v, 0)} />
            <XAxis area={area} scale={x} at={evenly(span, n)} text={day} />
            {lines.map(({ nominal, points }, i) => (
              <g key={nominal} className={classes[`line${i}`]}>
                <line className={classes["promise"]} x1={area.left} x2={area.right} y1={y(nominal)} y2={y(nominal)} />
                <text className={classes["name"]} x={area.right + 6} y={y(nominal)} dy="0.32em">
                  {percent(nominal, 0)}
                </text>
                <polyline className={classes["line"]} points={points.map(({ at, observed }) => `${x(at)},${y(observed)}`).join(" ")} />
                {points.map(({ at, observed }) => (
                  <circle key={at} className={classes["dot"]} cx={x(at)} cy={y(observed)} r={points.length > 60 ? 0 : 2.5} />
                ))}
              </g>
            ))}
          </>
        );
      }}
    </Plot>
  );
}

function evenly([from, until]: readonly [number, number], n: number): number[] {
  if (until === from) return [from];
  // Half a step in from either end, so that the dates stay inside the drawing.
  return Array.from({ length: n }, (_, i) => from + ((i + 0.5) / n) * (until - from));
}
