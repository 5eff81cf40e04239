import { percent } from "@/format/numbers";
import { Plot, XAxis, YAxis } from "./plot.tsx";
import classes from "./reliability-plot.module.css";
import { linear } from "./scale.ts";

export interface ReliabilityPoint {
  /** The probability that was stated. */
  readonly stated: number;
  /** The share of outcomes at or below, and where it may lie by chance alone. */
  readonly observed: number;
  readonly low: number;
  readonly high: number;
}

const AT = [0, 0.25, 0.5, 0.75, 1];

/** What was stated against what happened; a calibrated forecast lies on the diagonal. */
export function ReliabilityPlot({ points, label }: { readonly points: readonly ReliabilityPoint[]; readonly label: string }) {
  return (
    <Plot height={320} label={label} margin={{ bottom: 46 }}>
      {(area) => {
        const x = linear([0, 1], [area.left, area.right]);
        const y = linear([0, 1], [area.bottom, area.top]);
        const line = points.map(({ stated, observed }) => `${x(stated)},${y(observed)}`).join(" ");
        const low = points.map((point) => `${x(point.stated)},${y(point.low)}`);
        const high = points.map((point) => `${x(point.stated)},${y(point.high)}`).toReversed();
        return (
          <>
            <XAxis area={area} scale={x} at={AT} text={(v) => percent(v, 0)} title="stated probability" />
            <YAxis area={area} scale={y} at={AT} text={(v) => percent(v, 0)} />
            <polygon className={classes["chance"]} points={[...low, ...high].join(" ")} />
            <line className={classes["ideal"]} x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
            <polyline className={classes["line"]} points={line} />
            {points.map(({ stated, observed }) => (
              <circle key={stated} className={classes["dot"]} cx={x(stated)} cy={y(observed)} r={3.5} />
            ))}
          </>
        );
      }}
    </Plot>
  );
}
