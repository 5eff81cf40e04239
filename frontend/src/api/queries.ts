import { infiniteQueryOptions, queryOptions, skipToken } from "@tanstack/react-query";
import { answer, api, type Schemas } from "./client.ts";
import { type ForecastView, toForecastView } from "./forecast-view.ts";
import type { Origin } from "./origin.ts";
import { ApiError } from "./problem.ts";

const MINUTE_MS = 60_000;

export const keys = {
  status: ["status"],
  price: ["price"],
  latest: ["forecast", "latest"],
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
}

/** The newest live forecast; where none was ever made, the newest replayed one; null where there is neither. */
export const latestQuery = queryOptions({
  queryKey: keys.latest,
  queryFn: async (): Promise<LatestView | null> => (await latest("live")) ?? (await latest("replayed")),
  refetchInterval: MINUTE_MS,
});

async function latest(origin: Origin): Promise<LatestView | null> {
  const found = await orMissing(answer(api.GET("/v1/forecasts/latest", { params: { query: { origin } } })));
  return found === null ? null : { forecast: toForecastView(found.champion), source: found.source };
}

/** The newest price; the stream writes newer ones over it (`live.ts`). Null before the first. */
export const priceQuery = queryOptions({
  queryKey: keys.price,
  queryFn: () => orMissing(answer(api.GET("/v1/price"))),
});

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

export interface Question {
  readonly kind: "above" | "touch";
  readonly price: number;
  readonly at: number;
}

export function questionQuery(question: Question | undefined) {
  return queryOptions({
    queryKey: ["question", question],
    queryFn:
      question === undefined
        ? skipToken
        : () => answer(api.GET("/v1/probability", { params: { query: { [question.kind]: question.price, at: rfc3339(question.at) } } })),
    staleTime: 0,
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

export function settledQuery(origin: Origin, model: string) {
  return infiniteQueryOptions({
    queryKey: [...keys.record, "settled", origin, model],
    queryFn: ({ pageParam: cursor }) =>
      answer(api.GET("/v1/forecasts", { params: { query: { origin, model, settled: true, limit: 20, ...(cursor !== null && { cursor }) } } })),
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

async function orMissing<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiError && error.isMissing) return null;
    throw error;
  }
}

function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
