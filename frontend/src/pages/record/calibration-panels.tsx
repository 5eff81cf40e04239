import { reliability } from "@/charts/calibration";
import { PitPlot } from "@/charts/pit-plot";
import { ReliabilityPlot } from "@/charts/reliability-plot";
import type { Figures } from "@/api/record";
import { count, percent } from "@/format/numbers";
import { Panel } from "@/parts/panel";

/** Whether stated probabilities came true: reliability and the PIT histogram, with their figures. */
export function CalibrationPanels({ figures }: { readonly figures: Figures }) {
  const nIndependent = Math.max(1, ...figures.skill.map(({ n_blocks }) => n_blocks));
  const points = reliability(figures.pit_counts, nIndependent);
  return (
    <>
      <Panel title="Reliability">
        <p className="muted">
          On the dashed line what was stated is what happened. The shade is where chance alone may put a calibrated forecast with{" "}
          {count(nIndependent)} independent outcomes.
        </p>
        <ReliabilityPlot points={points} label="Stated against observed probability; the table below has the figures." />
        <details>
          <summary>Reliability in figures</summary>
          <table>
            <caption>Share of outcomes at or below each stated probability</caption>
            <thead>
              <tr>
                <th scope="col">Stated</th>
                <th scope="col" className="number">
                  Observed
                </th>
                <th scope="col" className="number">
                  By chance
                </th>
              </tr>
            </thead>
            <tbody>
              {points.map(({ stated, observed, low, high }) => (
                <tr key={stated}>
                  <th scope="row">{percent(stated, 0)}</th>
                  <td className="number">{percent(observed)}</td>
                  <td className="number">
                    {percent(low, 0)} to {percent(high, 0)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      </Panel>
      <Panel title="Where outcomes fell">
        <p className="muted">
          Each outcome’s place in its forecast (PIT). Even bars are calibrated; high ends mean too narrow, a high middle too wide.
        </p>
        <PitPlot counts={figures.pit_counts} label="Histogram of outcomes by their place in the forecast; the table below has the figures." />
        <details>
          <summary>Histogram in figures</summary>
          <table>
            <caption>Outcomes by the probability that their forecast gave to a lower price</caption>
            <thead>
              <tr>
                <th scope="col">Probability</th>
                <th scope="col" className="number">
                  Outcomes
                </th>
              </tr>
            </thead>
            <tbody>
              {figures.pit_counts.map((value, i) => (
                <tr key={i}>
                  <th scope="row">
                    {percent(i / figures.pit_counts.length, 0)} to {percent((i + 1) / figures.pit_counts.length, 0)}
                  </th>
                  <td className="number">{count(value)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      </Panel>
    </>
  );
}
