import { count, percent } from "@/format/numbers";
import classes from "./pit-plot.module.css";
import { Plot, XAxis, YAxis } from "./plot.tsx";
import { linear, ticks } from "./scale.ts";

interface Props {
  readonly counts: readonly number[];
  readonly label: string;
}

/** Where outcomes fell in their forecasts, from the lowest part to the highest; calibrated is flat. */
export function PitPlot({ counts, label }: Props) {
  const n = counts.reduce((sum, value) => sum + value, 0);
  const even = n / counts.length;
  const most = Math.max(1, ...counts) * 1.08;
  return (
    <Plot height={320} label={label} margin={{ bottom: 46 }}>
      {(area) => {
        const x = linear([0, counts.length], [area.left, area.right]);
        const y = linear([0, most], [area.bottom, area.top]);
        return (
          <>
            <YAxis area={area} scale={y} at={ticks(0, most, 4)} text={count} />
            {counts.map((value, i) => (
              <rect key={i} className={classes["bar"]} x={x(i) + 1} width={Math.max(1, x(i + 1) - x(i) - 2)} y={y(value)} height={area.bottom - y(value)} />
            ))}
            <line className={classes["even"]} x1={area.left} x2={area.right} y1={y(even)} y2={y(even)} />
            <XAxis
              area={area}
              scale={(v) => x(v * counts.length)}
              at={[0, 0.25, 0.5, 0.75, 1]}
              text={(v) => percent(v, 0)}
              title="probability given to a lower price"
            />
          </>
        );
      }}
    </Plot>
  );
}
