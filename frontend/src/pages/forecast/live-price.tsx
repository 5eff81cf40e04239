import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useStreamState } from "@/api/live";
import { priceQuery, statusQuery } from "@/api/queries";
import { livePrice } from "@/format/numbers";
import { venueName } from "@/format/names";
import { ago, toSeconds } from "@/format/time";
import { useNow } from "@/parts/use-now";
import classes from "./live-price.module.css";

/** How often a screen reader is told the price; more would drown everything else. */
const SPOKEN_EVERY_S = 60;

/** The newest trade, its market and its age. */
export function LivePrice() {
  const { data: status } = useQuery(statusQuery);
  const state = useStreamState();
  const { data } = useQuery(priceQuery(status?.source ?? undefined, { hasStream: state !== "waiting" }));
  const now = useNow();
  if (data === undefined) return null;
  const { source, price, traded_at } = data;
  const text = livePrice(price, source.symbol);
  return (
    <section className={classes["price"]} aria-label="Newest price">
      <p className="muted">
        {source.symbol} · {venueName(source.venue)}
      </p>
      <p className={classes["figure"]}>{text}</p>
      <p className={source.stale ? classes["stale"] : "muted"}>
        <span className={`${classes["dot"] ?? ""} ${classes[state] ?? ""}`} aria-hidden="true" />
        traded {ago(toSeconds(traded_at), now)}
        {source.simulated && ", simulated"}
        {source.stale && ", stale"}
        {state === "waiting" && ", connecting again"}
      </p>
      <p className="unseen" aria-live="polite">
        <Held key={Math.floor(now / SPOKEN_EVERY_S)} text={text} />
      </p>
    </section>
  );
}

/** Keeps the text that it was made with. */
function Held({ text }: { readonly text: string }) {
  const [held] = useState(text);
  return <>{held}</>;
}
