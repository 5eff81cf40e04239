import type { Risk } from "@/api/questions";
import { plainPrice, quoteName } from "@/format/numbers";
import { instant, toSeconds } from "@/format/time";
import { Scroll } from "@/parts/scroll";

type Figure = Risk["figures"][number];

const SIDES = [
  { side: "long", name: "Held" },
  { side: "short", name: "Sold short" },
] as const;

/** Value at risk and expected shortfall for one unit, held and sold. */
export function RiskFigures({ risk, symbol }: { readonly risk: Risk; readonly symbol: string }) {
  return (
    <Scroll label="Risk in figures">
      <table>
        <caption>
          Loss by {instant(toSeconds(risk.at))} of one unit, in {quoteName(symbol)}: not exceeded with that confidence (value at risk), and
          the mean of the losses beyond (expected shortfall)
        </caption>
        <thead>
          <tr>
            <th scope="col">One unit</th>
            <th scope="col" className="number">
              Confidence
            </th>
            <th scope="col" className="number">
              Value at risk
            </th>
            <th scope="col" className="number">
              Expected shortfall
            </th>
          </tr>
        </thead>
        <tbody>
          {SIDES.flatMap(({ side, name }) =>
            risk.figures.filter((figure) => figure.side === side).map((figure) => <Row key={`${side} ${figure.level_percent}`} name={name} figure={figure} />),
          )}
        </tbody>
      </table>
    </Scroll>
  );
}

function Row({ name, figure }: { readonly name: string; readonly figure: Figure }) {
  const { level_percent, value_at_risk, expected_shortfall } = figure;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td className="number">{level_percent}&nbsp;%</td>
      <td className="number">{loss(value_at_risk)}</td>
      <td className="number">{loss(expected_shortfall)}</td>
    </tr>
  );
}

function loss({ quote }: Figure["value_at_risk"]): string {
  return quote === null ? "without bound" : plainPrice(quote);
}
