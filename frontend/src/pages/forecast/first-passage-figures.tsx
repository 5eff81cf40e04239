import type { FirstPassage } from "@/api/questions";
import { PassagePlot } from "@/charts/passage-plot";
import { percent, price, probability } from "@/format/numbers";
import { instant, span, toSeconds } from "@/format/time";
import { Scroll } from "@/parts/scroll";

/** How likely the level has been touched, as time goes on. */
export function FirstPassageFigures({ passage, symbol }: { readonly passage: FirstPassage; readonly symbol: string }) {
  const level = price(passage.level, symbol);
  const half = passage.times.find(({ share_percent }) => share_percent === 50);
  return (
    <>
      <p>
        The probability that {level} is touched by {instant(toSeconds(passage.at))} is <strong>{probability(passage.probability)}</strong>,
        with a standard error of ±{percent(passage.standard_error)} over {passage.n_paths} simulated paths.
        {half !== undefined && ` Where it is touched, half of the time it has been within ${span(half.horizon_s)}.`}
      </p>
      <PassagePlot
        points={passage.curve.map(({ horizon_s, probability: value, standard_error }) => ({ seconds: horizon_s, probability: value, error: standard_error }))}
        label={`Probability that ${level} has been touched, as time goes on; the table below has the figures.`}
      />
      <details>
        <summary>First touch in figures</summary>
        <Scroll label="First touch in figures">
          <table>
            <caption>Probability that the level has been touched by each instant</caption>
            <thead>
              <tr>
                <th scope="col">By</th>
                <th scope="col" className="number">
                  Probability
                </th>
                <th scope="col" className="number">
                  Standard error
                </th>
              </tr>
            </thead>
            <tbody>
              {everyFourth(passage.curve).map((point) => (
                <tr key={point.at}>
                  <th scope="row">{instant(toSeconds(point.at))}</th>
                  <td className="number">{probability(point.probability)}</td>
                  <td className="number">±{percent(point.standard_error)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </>
  );
}

/** A dozen of the curve's points say as much as all of them; the last one is always there. */
function everyFourth(curve: FirstPassage["curve"]): FirstPassage["curve"] {
  return curve.filter((_, i) => (curve.length - 1 - i) % 4 === 0);
}
