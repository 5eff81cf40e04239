import { type QueryClient, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Schemas } from "./client.ts";
import { listen, type StreamState } from "./event-stream.ts";
import { keys } from "./queries.ts";

const KINDS = ["price", "forecast", "gate", "reign", "settlement", "missed_cycle", "market", "reset"];

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
  if (kind === "price") takePrice(client, data as PriceEvent);
  else for (const queryKey of renewedBy(kind)) void client.invalidateQueries({ queryKey });
}

/** What may be another since an event of that kind; a price is taken from the event itself. */
export function renewedBy(kind: string): readonly (readonly string[])[] {
  switch (kind) {
    case "settlement":
      return [keys.record, keys.ledger, keys.drift];
    case "market":
      return [keys.candles, keys.status];
    case "gate":
      return [keys.status, keys.latest, keys.gate, keys.ledger];
    case "reign":
      return [keys.status, keys.gate, keys.models, keys.drift, keys.ledger];
    default:
      // A forecast, a missed cycle, or events that were lost: everything may be new.
      return [keys.status, keys.latest, keys.gate, keys.models, keys.drift, keys.candles, keys.ledger, keys.record];
  }
}

/** A price of the stream: what /v1/price answers, without the age, which would make every second a new one. */
type PriceEvent = Omit<Schemas["Price"], "source"> & { readonly source: Omit<Schemas["Source"], "age_s"> };

function takePrice(client: QueryClient, event: PriceEvent): void {
  const newest: Schemas["Price"] = { ...event, source: { ...event.source, age_s: 0 } };
  client.setQueryData([...keys.price, event.source.venue, event.source.symbol], newest);
}
