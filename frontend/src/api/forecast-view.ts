import type { Reach } from "@/charts/fan";
import { toSeconds } from "@/format/time";
import type { Schemas } from "./client.ts";
import type { Origin } from "./origin.ts";

/** One horizon of a forecast. */
export interface HorizonView extends Reach {
  /** As the API writes it, such as 24h. */
  readonly name: string;
  readonly targetAt: number;
  readonly outcome: Schemas["Outcome"] | null;
}

/** A forecast as the page shows it; instants are Unix seconds. */
export interface ForecastView {
  readonly id: string;
  readonly venue: string;
  readonly symbol: string;
  readonly isSimulated: boolean;
  readonly origin: Origin;
  readonly isScheduled: boolean;
  readonly model: string;
  readonly modelVersion: string;
  readonly asOf: number;
  readonly sealedAt: number;
  readonly ledgerSeq: number;
  readonly spot: number;
  readonly horizons: readonly HorizonView[];
}

export function toForecastView(forecast: Schemas["Forecast"]): ForecastView {
  return {
    id: forecast.id,
    venue: forecast.venue,
    symbol: forecast.symbol,
    isSimulated: forecast.simulated,
    origin: forecast.origin,
    isScheduled: forecast.scheduled,
    model: forecast.model,
    modelVersion: forecast.model_version,
    asOf: toSeconds(forecast.as_of),
    sealedAt: toSeconds(forecast.sealed_at),
    ledgerSeq: forecast.ledger_seq,
    spot: forecast.spot,
    horizons: forecast.horizons.map((horizon) => ({
      name: horizon.horizon,
      seconds: horizon.horizon_s,
      targetAt: toSeconds(horizon.target_at),
      levels: horizon.levels,
      logReturns: horizon.log_returns,
      outcome: horizon.outcome,
    })),
  };
}
