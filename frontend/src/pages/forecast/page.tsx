import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { latestQuery, type LatestView, statusQuery } from "@/api/queries";
import type { Coverage } from "@/charts/fan";
import { ago, instant, timeOfDay, toSeconds } from "@/format/time";
import { Panel } from "@/parts/panel";
import { Empty, Failure, Loading } from "@/parts/states";
import { Tag } from "@/parts/tag";
import { useTitle } from "@/parts/title";
import { useNow } from "@/parts/use-now";
import { ChartPanel } from "./chart-panel.tsx";
import { GateNotice, KeptBack } from "./gate-notice.tsx";
import { HorizonTable } from "./horizon-table.tsx";
import { LivePrice } from "./live-price.tsx";
import classes from "./page.module.css";
import { QuestionBox } from "./question-box.tsx";
import { RangeAndRisk } from "./range-and-risk.tsx";
import { Seal } from "./seal.tsx";
import { Statement } from "./statement.tsx";

const FIRST_SHOWN = "24h";

/** The newest forecast. */
export function ForecastPage() {
  useTitle("Forecast");
  const { data, error, refetch } = useQuery(latestQuery);
  if (data != null) return "gate" in data ? <KeptBack gate={data.gate} /> : <Shown latest={data} />;
  if (error !== null) return <Failure what="The forecast" error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Loading height={560} />;
  return <NoneYet />;
}

function NoneYet() {
  const { data: status } = useQuery(statusQuery);
  return (
    <>
      <LivePrice />
      <Empty title="No forecasts yet.">
        <p>
          {status === undefined
            ? "The first one is made when candles have been fetched and models fitted."
            : `The first one is due at ${timeOfDay(toSeconds(status.next_forecast_at))}, once candles have been fetched and models fitted.`}
        </p>
      </Empty>
    </>
  );
}

function Shown({ latest }: { readonly latest: LatestView }) {
  const { forecast, served } = latest;
  const [name, setName] = useState(FIRST_SHOWN);
  const [coverage, setCoverage] = useState<Coverage>(80);
  const horizon = forecast.horizons.find((candidate) => candidate.name === name) ?? forecast.horizons[0];
  if (horizon === undefined) return <Empty title="The forecast has no horizon.">Nothing can be shown of it.</Empty>;
  return (
    <div className={classes["page"]}>
      {served !== null && served.state !== "open" && <GateNotice />}
      <div className={classes["hero"]}>
        <Statement forecast={forecast} horizon={horizon} onHorizon={setName} coverage={coverage} onCoverage={setCoverage} />
        <LivePrice />
      </div>
      <Provenance latest={latest} />
      <ChartPanel forecast={forecast} horizon={horizon} />
      <div className={classes["columns"]}>
        {forecast.origin === "live" && <QuestionBox forecast={forecast} />}
        <Seal forecast={forecast} />
      </div>
      {forecast.origin === "live" && <RangeAndRisk forecast={forecast} />}
      <Panel title="All horizons">
        <HorizonTable forecast={forecast} />
      </Panel>
    </div>
  );
}

/** Marks that change how the forecast is to be taken. */
function Provenance({ latest: { forecast, source } }: { readonly latest: LatestView }) {
  const now = useNow(30);
  const marks = [
    forecast.isSimulated && <Tag tone="warn">simulated</Tag>,
    forecast.origin === "replayed" && <Tag tone="warn">replayed</Tag>,
    source.stale && forecast.origin === "live" && <Tag tone="warn">stale</Tag>,
    !forecast.isScheduled && <Tag tone="plain">outside the schedule</Tag>,
  ];
  const words = [
    forecast.isSimulated && "Its market is a random generator, not Bitcoin.",
    forecast.origin === "replayed" && `Computed later from history, as if it were ${instant(forecast.asOf)}; no live forecast was made here yet.`,
    source.stale && forecast.origin === "live" && `Made ${ago(forecast.asOf, now)}; a newer one is overdue.`,
    !forecast.isScheduled && "It is settled and shown, but enters no figure of the track record.",
    source.borrowed_from.length > 0 && `Some recent candles were lent by ${source.borrowed_from.join(", ")}, because ${source.venue} was away.`,
  ].filter((text) => text !== false);
  if (words.length === 0) return null;
  return (
    <p className={classes["provenance"]}>
      {marks.map((mark, i) => mark !== false && <span key={i}>{mark} </span>)}
      {words.join(" ")}
    </p>
  );
}
