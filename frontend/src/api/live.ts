import { type QueryClient, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Schemas } from "./client.ts";
import { listen, type StreamState } from "./event-stream.ts";
import { keys } from "./queries.ts";

const KINDS = ["price", "forecast", "settlement", "missed_cycle", "market", "reset"];

const streamStateQuery = queryOptions({
  queryKey: ["stream"],
  queryFn: (): StreamState => "connecting",
  staleTime: Infinity,
  gcTime: Infinity,
});

/** How the event stream is doing. */
export function useStreamState(): StreamState {
  return useQuery(streamStateQuery).data ?? "connecting";
}

/** Keeps what the page shows up to date while it is open; belongs into the layout, once. */
export function useLiveUpdates(): void {
  const client = useQueryClient();
  useEffect(
    () =>
      listen("/v1/stream", {
        kinds: KINDS,
        onEvent: (kind, data) => {
          take(client, kind, data);
        },
        onState: (state) => {
          client.setQueryData(streamStateQuery.queryKey, state);
        },
      }),
    [client],
  );
}

function take(client: QueryClient, kind: string, data: unknown): void {
  const renew = (...queryKeys: readonly (readonly string[])[]) => {
    for (const queryKey of queryKeys) void client.invalidateQueries({ queryKey });
  };
  switch (kind) {
    case "price":
      takePrice(client, data as PriceEvent);
      break;
    case "settlement":
      renew(keys.record, keys.ledger);
      break;
    case "market":
      renew(keys.candles, keys.status);
      break;
    default:
      // A forecast, a missed cycle, or events that were lost: everything may be new.
      renew(keys.status, keys.latest, keys.candles, keys.ledger, keys.record);
  }
}

/** A price of the stream: what /v1/price answers, without the age, which would make every second a new one. */
type PriceEvent = Omit<Schemas["Price"], "source"> & { readonly source: Omit<Schemas["Source"], "age_s"> };

function takePrice(client: QueryClient, event: PriceEvent): void {
  const newest: Schemas["Price"] = { ...event, source: { ...event.source, age_s: 0 } };
  client.setQueryData([...keys.price, event.source.venue, event.source.symbol], newest);
}
