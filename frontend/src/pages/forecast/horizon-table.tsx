import type { ForecastView } from "@/api/forecast-view";
import { band, quantile } from "@/charts/fan";
import { plainPrice, quoteName } from "@/format/numbers";
import { instant, span } from "@/format/time";
import { Scroll } from "@/parts/scroll";

/** The fan in figures: what the chart shows, for reading and for screen readers. */
export function HorizonTable({ forecast }: { readonly forecast: ForecastView }) {
  return (
    <Scroll label="All horizons in figures">
      <table>
        <caption>Prices between which outcomes lie, by horizon, in {quoteName(forecast.symbol)}</caption>
        <thead>
          <tr>
            <th scope="col">In</th>
            <th scope="col">At</th>
            <th scope="col" className="number">
              Median
            </th>
            <th scope="col" className="number">
              50&nbsp;%
            </th>
            <th scope="col" className="number">
              80&nbsp;%
            </th>
            <th scope="col" className="number">
              95&nbsp;%
            </th>
          </tr>
        </thead>
        <tbody>
          {forecast.horizons.map((horizon) => (
            <tr key={horizon.name}>
              <th scope="row">{span(horizon.seconds)}</th>
              <td>{instant(horizon.targetAt)}</td>
              <td className="number">{plainPrice(forecast.spot * Math.exp(quantile(horizon, 0.5)))}</td>
              {([50, 80, 95] as const).map((coverage) => {
                const { low, high } = band(horizon, forecast.spot, coverage);
                return (
                  <td key={coverage} className="number">
                    {plainPrice(low)} – {plainPrice(high)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
