import { percent } from "@/format/numbers";
import { span } from "@/format/time";
import classes from "./passage-plot.module.css";
import { Plot, XAxis, YAxis } from "./plot.tsx";
import { linear, ticks } from "./scale.ts";
import { spanTicks } from "./span-ticks.ts";

export interface PassagePoint {
  /** Since the forecast. */
  readonly seconds: number;
  readonly probability: number;
  readonly error: number;
}

const TWO_ERRORS = 2;

/** How likely something has happened as time goes on, with two standard errors on either side. */
export function PassagePlot({ points, label }: { readonly points: readonly PassagePoint[]; readonly label: string }) {
  const end = points.at(-1)?.seconds ?? 0;
  const most = Math.min(1, Math.max(0.02, ...points.map(({ probability, error }) => probability + TWO_ERRORS * error)) * 1.1);
  return (
    <Plot height={240} label={label} margin={{ left: 48, right: 30 }}>
      {(area) => {
        const x = linear([0, end], [area.left, area.right]);
        const y = linear([0, most], [area.bottom, area.top]);
        const at = (seconds: number, probability: number) => `${x(seconds)},${y(Math.min(most, Math.max(0, probability)))}`;
        const low = points.map(({ seconds, probability, error }) => at(seconds, probability - TWO_ERRORS * error));
        const high = points.map(({ seconds, probability, error }) => at(seconds, probability + TWO_ERRORS * error)).toReversed();
        const line = points.map(({ seconds, probability }) => at(seconds, probability));
        return (
          <>
            <YAxis area={area} scale={y} at={ticks(0, most, 4)} text={(v) => percent(v, most < 0.1 ? 1 : 0)} />
            <XAxis area={area} scale={x} at={spanTicks(end, Math.max(2, Math.floor((area.right - area.left) / 110)))} text={span} hasGrid />
            <polygon className={classes["errors"]} points={[at(0, 0), ...low, ...high].join(" ")} />
            <polyline className={classes["line"]} points={[at(0, 0), ...line].join(" ")} />
          </>
        );
      }}
    </Plot>
  );
}
