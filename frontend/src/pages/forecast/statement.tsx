import type { ForecastView, HorizonView } from "@/api/forecast-view";
import { band, COVERAGES, type Coverage } from "@/charts/fan";
import { price } from "@/format/numbers";
import { instant, span } from "@/format/time";
import { Choice } from "@/parts/choice";
import classes from "./statement.module.css";

interface Props {
  readonly forecast: ForecastView;
  readonly horizon: HorizonView;
  readonly onHorizon: (name: string) => void;
  readonly coverage: Coverage;
  readonly onCoverage: (coverage: Coverage) => void;
}

/** The forecast as one plain sentence, with the two choices that shape it. */
export function Statement({ forecast, horizon, onHorizon, coverage, onCoverage }: Props) {
  const { low, high } = band(horizon, forecast.spot, coverage);
  return (
    <div className={classes["statement"]}>
      <h1 aria-live="polite">
        {forecast.origin === "replayed" ? `${span(horizon.seconds)} later` : `In ${span(horizon.seconds)}`},{" "}
        {coverage}&nbsp;% of outcomes lie between{" "}
        <strong className={classes["price"]}>{price(low, forecast.symbol)}</strong> and{" "}
        <strong className={classes["price"]}>{price(high, forecast.symbol)}</strong>.
      </h1>
      <p className="muted">
        Until {instant(horizon.targetAt)}, from {price(forecast.spot, forecast.symbol)} at {instant(forecast.asOf)}.
      </p>
      <p className="muted">How far, not which way: no direction is claimed; the laws are symmetric and free of drift.</p>
      <div className={classes["choices"]}>
        <Choice
          label="Horizon"
          options={forecast.horizons.map(({ name }) => ({ value: name, label: name }))}
          value={horizon.name}
          onChange={onHorizon}
        />
        <Choice
          label="Share of outcomes"
          options={COVERAGES.map((value) => ({ value: `${value}`, label: `${value}\u00a0%` }))}
          value={`${coverage}`}
          onChange={(value) => {
            onCoverage(COVERAGES.find((known) => `${known}` === value) ?? coverage);
          }}
        />
      </div>
    </div>
  );
}
