import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { ForecastView, HorizonView } from "@/api/forecast-view";
import { candlesQuery } from "@/api/queries";
import { band, COVERAGES, fan } from "@/charts/fan";
import { ForecastChart } from "@/charts/forecast-chart";
import { price } from "@/format/numbers";
import { instant, span, toSeconds } from "@/format/time";
import { venueName } from "@/format/names";
import { Panel } from "@/parts/panel";
import { Failure, Loading } from "@/parts/states";
import classes from "./chart-panel.module.css";
import { resolutionFor } from "./resolution.ts";

/** Candles and the fan up to the horizon that was chosen. */
export function ChartPanel({ forecast, horizon }: { readonly forecast: ForecastView; readonly horizon: HorizonView }) {
  const { interval, step, history } = resolutionFor(horizon.seconds);
  const wanted = { interval, from: forecast.asOf - history, to: horizon.targetAt };
  const { data, error, refetch } = useQuery(candlesQuery(wanted));
  const bars = useMemo(() => data?.candles.map(({ opened_at, ...rest }) => ({ at: toSeconds(opened_at), ...rest })), [data]);
  const points = useMemo(() => {
    const reaches = forecast.horizons.filter(({ seconds }) => seconds <= horizon.seconds);
    return fan(reaches, forecast.spot, forecast.asOf, step);
  }, [forecast, horizon, step]);
  return (
    <Panel title={`${forecast.origin === "live" ? "The next" : "The following"} ${span(horizon.seconds)}`} aside={<Key />}>
      {bars !== undefined ? (
        <ForecastChart bars={bars} points={points} spot={forecast.spot} label={describe(forecast, horizon)} />
      ) : error !== null ? (
        <Failure what="The candles" error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading height={360} />
      )}
      <p className={classes["note"]}>
        {interval} candles of {venueName(forecast.venue)}, UTC; hollow when they rose. The dotted line is the price that the
        forecast started from. All figures are in the table below.
      </p>
    </Panel>
  );
}

function Key() {
  return (
    <ul className={classes["key"]} aria-label="Shades of the fan">
      {COVERAGES.map((coverage) => (
        <li key={coverage}>
          <span className={classes[`shade${coverage}`]} aria-hidden="true" />
          {coverage}&nbsp;%
        </li>
      ))}
    </ul>
  );
}

/** The drawing in words, for screen readers. */
function describe(forecast: ForecastView, horizon: HorizonView): string {
  const { low, high } = band(horizon, forecast.spot, 80);
  const unit = (value: number) => price(value, forecast.symbol);
  return (
    `Candles up to ${instant(forecast.asOf)}, then the forecast: from ${unit(forecast.spot)} it widens until ` +
    `${instant(horizon.targetAt)}, where 80 % of outcomes lie between ${unit(low)} and ${unit(high)}.`
  );
}
