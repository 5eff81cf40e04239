import { infiniteQueryOptions, queryOptions, skipToken } from "@tanstack/react-query";
import { answer, api, type Schemas } from "./client.ts";
import { type ForecastView, toForecastView } from "./forecast-view.ts";
import type { Origin } from "./origin.ts";
import { ApiError } from "./problem.ts";
import { rfc3339 } from "@/format/time";

const MINUTE_MS = 60_000;

export const keys = {
  status: ["status"],
  price: ["price"],
  latest: ["forecast", "latest"],
  gate: ["gate"],
  models: ["models"],
  drift: ["drift"],
  record: ["record"],
  ledger: ["ledger"],
  candles: ["candles"],
} as const;

/** What is running, asked again every half minute. */
export const statusQuery = queryOptions({
  queryKey: keys.status,
  queryFn: () => answer(api.GET("/v1/status")),
  refetchInterval: MINUTE_MS / 2,
});

export interface LatestView {
  readonly forecast: ForecastView;
  readonly source: Schemas["Source"];
  /** Why this model's forecast is given out; null for a replayed one, which is not gated. */
  readonly served: Schemas["Served"] | null;
}

/** The gate serves no forecast, and this is how it stands. */
export interface KeptBackView {
  readonly gate: Schemas["Gate"];
}

/** The newest live forecast that is served; where none was ever made, the newest replayed one; null where there is neither. */
export const latestQuery = queryOptions({
  queryKey: keys.latest,
  queryFn: async (): Promise<LatestView | KeptBackView | null> => {
    const { latest_forecast_id, gate } = await answer(api.GET("/v1/status"));
    if (isKeptBack(gate)) return keptBack();
    return latest_forecast_id === null ? latestReplayed() : latestLive();
  },
  refetchInterval: MINUTE_MS,
});

export function isKeptBack(state: Schemas["Gate"]["state"]): boolean {
  return state === "suspended" || state === "withheld";
}

async function keptBack(): Promise<KeptBackView> {
  return { gate: await answer(api.GET("/v1/gate")) };
}

async function latestLive(): Promise<LatestView | KeptBackView> {
  try {
    const { forecast, source, served } = await answer(api.GET("/v1/forecasts/latest"));
    return { forecast: toForecastView(forecast), source, served };
  } catch (error) {
    // The gate may have closed since the status was asked for.
    if (error instanceof ApiError && (error.kind === "forecasts-withheld" || error.kind === "forecasts-suspended")) return keptBack();
    throw error;
  }
}

async function latestReplayed(): Promise<LatestView | null> {
  // One cycle's forecasts come together; the champion is among the newest few.
  const { forecasts, source } = await answer(api.GET("/v1/forecasts", { params: { query: { origin: "replayed", limit: 20 } } }));
  const champion = forecasts.find(({ role }) => role === "champion");
  return champion === undefined ? null : { forecast: toForecastView(champion), source, served: null };
}

/** The newest price of a market. The stream brings it (`live.ts`), and greets with it; it is only asked for without a stream. */
export function priceQuery(market: Pick<Schemas["Source"], "venue" | "symbol"> | undefined, { hasStream }: { readonly hasStream: boolean }) {
  return queryOptions({
    queryKey: [...keys.price, market?.venue, market?.symbol],
    queryFn: market === undefined || hasStream ? skipToken : () => answer(api.GET("/v1/price", { params: { query: market } })),
    refetchInterval: MINUTE_MS / 4,
  });
}

interface CandlesWanted {
  readonly interval: Schemas["CandleWidth"];
  readonly from: number;
  readonly to: number;
}

export function candlesQuery({ interval, from, to }: CandlesWanted) {
  const query = { interval, from: rfc3339(from), to: rfc3339(to), limit: 1000 };
  return queryOptions({
    queryKey: [...keys.candles, query],
    queryFn: () => answer(api.GET("/v1/candles", { params: { query } })),
    refetchInterval: MINUTE_MS,
    placeholderData: (before) => before,
  });
}

/** What the gate decided in the newest cycle, and everything that it looked at. */
export const gateQuery = queryOptions({
  queryKey: keys.gate,
  queryFn: () => answer(api.GET("/v1/gate")),
  refetchInterval: MINUTE_MS,
});

export const modelsQuery = queryOptions({
  queryKey: keys.models,
  queryFn: () => answer(api.GET("/v1/models")),
});

/** One version with its card and its signed manifest. */
export function versionQuery(version: string) {
  return queryOptions({
    queryKey: [...keys.models, version],
    queryFn: () => answer(api.GET("/v1/models/{version}", { params: { path: { version } } })),
  });
}

export const driftQuery = queryOptions({
  queryKey: keys.drift,
  queryFn: () => answer(api.GET("/v1/drift")),
});

/** How the questions sealed with every cycle fared. */
export function questionRecordQuery({ origin, window }: Pick<CalibrationWanted, "origin" | "window">) {
  const query = { origin, window };
  return queryOptions({
    queryKey: [...keys.record, "questions", query],
    queryFn: () => answer(api.GET("/v1/track-record/questions", { params: { query } })),
  });
}

export function trackRecordQuery(origin: Origin) {
  return queryOptions({
    queryKey: [...keys.record, origin],
    queryFn: () => answer(api.GET("/v1/track-record", { params: { query: { origin } } })),
  });
}

interface CalibrationWanted {
  readonly origin: Origin;
  readonly window: Schemas["Window"];
  readonly horizon: Schemas["HorizonName"];
  readonly model: string;
}

export function calibrationQuery(wanted: CalibrationWanted) {
  return queryOptions({
    queryKey: [...keys.record, "calibration", wanted],
    queryFn: () => answer(api.GET("/v1/calibration", { params: { query: wanted } })),
  });
}

interface SettledWanted {
  readonly origin: Origin;
  readonly model: string;
  /** Only forecasts made before this instant. */
  readonly madeBefore: number | undefined;
}

export function settledQuery({ origin, model, madeBefore }: SettledWanted) {
  const query = { origin, model, settled: true, limit: 20, ...(madeBefore !== undefined && { until: rfc3339(madeBefore) }) };
  return infiniteQueryOptions({
    queryKey: [...keys.record, "settled", query],
    queryFn: ({ pageParam: cursor }) =>
      answer(api.GET("/v1/forecasts", { params: { query: { ...query, ...(cursor !== null && { cursor }) } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function ledgerQuery(ledger: Origin) {
  return queryOptions({
    queryKey: [...keys.ledger, ledger],
    queryFn: () => answer(api.GET("/v1/ledger/{ledger}/checkpoint", { params: { path: { ledger } } })),
  });
}

export function entriesQuery(ledger: Origin) {
  return infiniteQueryOptions({
    queryKey: [...keys.ledger, ledger, "entries"],
    queryFn: ({ pageParam: cursor }) =>
      answer(
        api.GET("/v1/ledger/{ledger}/entries", {
          params: { path: { ledger }, query: { order: "newest", limit: 10, ...(cursor !== null && { cursor }) } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

/** One entry with its proof under the newest checkpoint; the proof is null while no checkpoint covers the entry. */
export function entryQuery(ledger: Origin, seq: number) {
  return queryOptions({
    queryKey: [...keys.ledger, ledger, "entry", seq],
    queryFn: async () => {
      const [entry, state] = await Promise.all([
        answer(api.GET("/v1/ledger/{ledger}/entries/{seq}", { params: { path: { ledger, seq } } })),
        answer(api.GET("/v1/ledger/{ledger}/checkpoint", { params: { path: { ledger } } })),
      ]);
      const { checkpoint } = state;
      if (checkpoint === null || seq >= checkpoint.tree_size) return { entry, state, proof: null };
      const query = { seq, tree_size: checkpoint.tree_size };
      const proof = await answer(api.GET("/v1/ledger/{ledger}/proofs/inclusion", { params: { path: { ledger }, query } }));
      return { entry, state, proof };
    },
  });
}
