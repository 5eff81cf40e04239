import { CoveragePlot } from "@/charts/coverage-plot";
import type { CoverageFigure, WeekOfCoverage } from "@/api/record";
import { count, percent } from "@/format/numbers";
import { day, toSeconds } from "@/format/time";
import { Panel } from "@/parts/panel";
import classes from "./coverage-panel.module.css";

interface Props {
  readonly coverage: readonly CoverageFigure[];
  readonly weeks: readonly WeekOfCoverage[];
}

const NOMINAL = [95, 90, 80, 50] as const;

const share = (week: WeekOfCoverage, nominal: number) => (week.observed_percent[`${nominal}`] ?? 0) / 100;

/** How many outcomes the intervals held, over the window and week by week. */
export function CoveragePanel({ coverage, weeks }: Props) {
  const lines = NOMINAL.map((nominal) => ({
    nominal: nominal / 100,
    points: weeks.map((week) => ({ at: toSeconds(week.week_from), observed: share(week, nominal) })),
  }));
  return (
    <Panel title="Coverage">
      <dl className={classes["figures"]}>
        {coverage.map(({ nominal_percent, observed_percent, n }) => (
          <div key={nominal_percent}>
            <dt>{nominal_percent}&nbsp;% interval</dt>
            <dd>
              {percent(observed_percent / 100)} <span className="muted">of {count(n)}</span>
            </dd>
          </div>
        ))}
      </dl>
      {weeks.length > 1 && <CoveragePlot lines={lines} label="Coverage of each interval week by week; the table below has the figures." />}
      <details>
        <summary>Coverage by week in figures</summary>
        <table>
          <caption>Share of outcomes inside each interval, by the week in which they fell due</caption>
          <thead>
            <tr>
              <th scope="col">Week from</th>
              {NOMINAL.toReversed().map((nominal) => (
                <th key={nominal} scope="col" className="number">
                  {nominal}&nbsp;%
                </th>
              ))}
              <th scope="col" className="number">
                Outcomes
              </th>
            </tr>
          </thead>
          <tbody>
            {weeks.map((week) => (
              <tr key={week.week_from}>
                <th scope="row">{day(toSeconds(week.week_from))}</th>
                {NOMINAL.toReversed().map((nominal) => (
                  <td key={nominal} className="number">
                    {percent(share(week, nominal))}
                  </td>
                ))}
                <td className="number">{count(week.n)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </Panel>
  );
}
