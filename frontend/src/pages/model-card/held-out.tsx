import type { Schemas } from "@/api/client";
import { count, percent } from "@/format/numbers";
import { day, toSeconds } from "@/format/time";
import { Scroll } from "@/parts/scroll";

const NOMINAL = [50, 80, 90, 95] as const;

/** How a fit to all but the last days did on those. */
export function HeldOut({ scores }: { readonly scores: Schemas["HeldOutScores"] | null }) {
  if (scores === null) return <p className="muted">None: the history was too short to keep days back, or the fit was made for a replay.</p>;
  return (
    <Scroll label="Held-out scores">
      <table>
        <caption>
          The same model, fitted only to what came before, on hourly forecasts from {day(toSeconds(scores.scored_from))} to{" "}
          {day(toSeconds(scores.scored_until))}: mean error, and how often each interval held the outcome
        </caption>
        <thead>
          <tr>
            <th scope="col">Horizon</th>
            <th scope="col" className="number">
              CRPS, bps
            </th>
            {NOMINAL.map((nominal) => (
              <th key={nominal} scope="col" className="number">
                {nominal}&nbsp;%
              </th>
            ))}
            <th scope="col" className="number">
              Forecasts
            </th>
          </tr>
        </thead>
        <tbody>
          {scores.horizons.map(({ horizon, crps_bps, coverage, n }) => (
            <tr key={horizon}>
              <th scope="row">{horizon}</th>
              <td className="number">{crps_bps.toFixed(1)}</td>
              {NOMINAL.map((nominal) => {
                const observed = coverage[`${nominal}`];
                return (
                  <td key={nominal} className="number">
                    {observed === undefined ? "–" : percent(observed / 100)}
                  </td>
                );
              })}
              <td className="number">{count(n)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
