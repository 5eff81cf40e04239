import type { Range } from "@/api/questions";
import { plainPrice, quoteName } from "@/format/numbers";
import { instant, toSeconds } from "@/format/time";
import { Scroll } from "@/parts/scroll";

/** The expected highest and lowest price, and the width between them. */
export function RangeFigures({ range, symbol }: { readonly range: Range; readonly symbol: string }) {
  const rows = [
    { name: "Highest", estimate: range.high, quantiles: range.high_quantiles },
    { name: "Lowest", estimate: range.low, quantiles: range.low_quantiles },
    { name: "Width", estimate: range.width, quantiles: [] },
  ];
  return (
    <Scroll label="Range in figures">
      <table>
        <caption>
          Highest and lowest price until {instant(toSeconds(range.at))}, in {quoteName(symbol)}
        </caption>
        <thead>
          <tr>
            <th scope="col">Price</th>
            <th scope="col" className="number">
              Expected
            </th>
            <th scope="col" className="number">
              Standard error
            </th>
            <th scope="col" className="number">
              80&nbsp;% band
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, estimate, quantiles }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className="number">{plainPrice(estimate.price)}</td>
              <td className="number">±{plainPrice(estimate.standard_error)}</td>
              <td className="number">{band(quantiles)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function band(quantiles: Range["high_quantiles"]): string {
  const at = (wanted: number) => quantiles.find(({ level }) => Math.abs(level - wanted) < 1e-9)?.price;
  const [low, high] = [at(0.1), at(0.9)];
  return low === undefined || high === undefined ? "–" : `${plainPrice(low)} – ${plainPrice(high)}`;
}
