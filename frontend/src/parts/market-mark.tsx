import { useQuery } from "@tanstack/react-query";
import { statusQuery } from "@/api/queries";
import classes from "./market-mark.module.css";

/** Stands above every page while the market is not real, or while something is not as it should be. */
export function MarketMark() {
  const { data } = useQuery(statusQuery);
  if (data === undefined) return null;
  if (data.source?.simulated === true) {
    return (
      <div className={classes["mark"]} role="note" aria-label="Simulated market">
        <p>
          <strong>Simulated market.</strong> Every price and forecast here comes from a random generator. None of it is the price
          of Bitcoin.
        </p>
        {data.banner.level === "warning" && <p>{withoutSimulated(data.banner.words)}</p>}
      </div>
    );
  }
  if (data.banner.level === "ok") return null;
  return (
    <div className={classes["mark"]} role="note" aria-label="State of the service">
      <p>{data.banner.words}</p>
    </div>
  );
}

/** The banner without the sentence that the mark has said already. */
function withoutSimulated(words: string): string {
  return words.replace(/ ?Simulated market: [^.]*\./, "");
}
