import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { calibrationQuery, statusQuery, trackRecordQuery } from "@/api/queries";
import type { Origin } from "@/api/origin";
import type { Schemas } from "@/api/client";
import { count } from "@/format/numbers";
import { venueName } from "@/format/names";
import { day, span, spanSeconds, timeOfDay, toSeconds } from "@/format/time";
import { Choice } from "@/parts/choice";
import { Empty, Failure, Loading } from "@/parts/states";
import { Tag } from "@/parts/tag";
import { useTitle } from "@/parts/title";
import { CalibrationPanels } from "./calibration-panels.tsx";
import { CoveragePanel } from "./coverage-panel.tsx";
import classes from "./page.module.css";
import { QuestionsPanel } from "./questions-panel.tsx";
import { type Chosen, choose, HORIZONS, ORIGIN_NAMES, WINDOWS } from "./search.ts";
import { SettledPanel } from "./settled-panel.tsx";
import { SkillPanel } from "./skill-panel.tsx";
import { verdict } from "./verdict.ts";

const route = getRouteApi("/record");

/** How the forecasts fared. */
export function RecordPage() {
  useTitle("Track record");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const chosen = choose(search);
  const { data, error, refetch } = useQuery(trackRecordQuery(chosen.origin));
  const change = (part: Partial<Chosen>) => void navigate({ search: { ...search, ...part }, replace: true, resetScroll: false });
  return (
    <div className={classes["page"]}>
      <h1>Track record</h1>
      <div className={classes["choices"]}>
        <Choice
          label="Origin"
          options={ORIGIN_NAMES}
          value={chosen.origin}
          onChange={(origin) => {
            change({ origin });
          }}
        />
        <Choice
          label="Horizon"
          options={HORIZONS.map((value) => ({ value, label: value }))}
          value={chosen.horizon}
          onChange={(horizon) => {
            change({ horizon });
          }}
        />
        <Choice
          label="Window"
          options={WINDOWS}
          value={chosen.window}
          onChange={(window) => {
            change({ window });
          }}
        />
      </div>
      {data !== undefined ? (
        <Shown record={data} chosen={chosen} />
      ) : error !== null ? (
        <Failure what="The track record" error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading height={560} />
      )}
      <QuestionsPanel chosen={chosen} />
    </div>
  );
}

function Shown({ record, chosen }: { readonly record: Schemas["TrackRecord"]; readonly chosen: Chosen }) {
  const inWindow = record.figures.filter(({ horizon, window }) => horizon === chosen.horizon && window === chosen.window);
  const figures = inWindow.find(({ role }) => role === "champion");
  if (figures === undefined || figures.n === 0) return <NothingYet record={record} chosen={chosen} />;
  return (
    <>
      <Scope record={record} n={figures.n} origin={chosen.origin} />
      <p className={classes["verdict"]}>
        {span(spanSeconds(chosen.horizon))} ahead: {verdict(figures)}
      </p>
      <SkillPanel figures={figures} />
      <div className={classes["columns"]}>
        <CalibrationPanels figures={figures} />
      </div>
      <Coverage figures={figures} chosen={chosen} />
      <SettledPanel origin={chosen.origin} model={figures.model} horizon={chosen.horizon} until={record.until === null ? undefined : toSeconds(record.until)} />
    </>
  );
}

/** Which forecasts the figures are about. */
function Scope({ record, n, origin }: { readonly record: Schemas["TrackRecord"]; readonly n: number; readonly origin: Origin }) {
  const { source, first_as_of, last_as_of, n_cycles_missed } = record;
  return (
    <p className={classes["scope"]}>
      {source.simulated && <Tag tone="warn">simulated</Tag>}{" "}
      {origin === "replayed" ? <Tag tone="warn">replayed</Tag> : <Tag tone="good">live</Tag>} {count(n)} settled forecasts of{" "}
      {source.symbol} at {venueName(source.venue)}
      {first_as_of !== null && last_as_of !== null && `, out of those made from ${day(toSeconds(first_as_of))} to ${day(toSeconds(last_as_of))}`}
      {n_cycles_missed > 0 && `; ${count(n_cycles_missed)} cycles were missed`}.{" "}
      {origin === "replayed" && "Computed later from history by a model that saw only what was known then."}
    </p>
  );
}

function NothingYet({ record, chosen }: { readonly record: Schemas["TrackRecord"]; readonly chosen: Chosen }) {
  const { data: status } = useQuery(statusQuery);
  if (record.n_settled > 0) {
    return (
      <Empty title="Nothing settled here.">
        <p>
          No forecast {span(spanSeconds(chosen.horizon))} ahead fell due in this window. Other horizons or a longer window have some.
        </p>
      </Empty>
    );
  }
  return (
    <Empty title={chosen.origin === "live" ? "No live forecast has been settled yet." : "No replayed record here."}>
      <p>
        {chosen.origin === "replayed"
          ? "Build one from history with “btcforecast replay”."
          : status?.latest_forecast_at == null
            ? `The first forecast is due ${status === undefined ? "soon" : `at ${timeOfDay(toSeconds(status.next_forecast_at))}`}; its nearest outcome follows an hour later.`
            : `The nearest outcome is due at ${timeOfDay(toSeconds(status.latest_forecast_at) + spanSeconds("1h"))}.`}
      </p>
      {chosen.origin === "live" && (
        <p>
          Until then, see what the models would have said:{" "}
          <Link to="/record" search={{ ...chosen, origin: "replayed" }}>
            the record replayed from history
          </Link>
          .
        </p>
      )}
    </Empty>
  );
}

function Coverage({ figures, chosen }: { readonly figures: Schemas["Figures"]; readonly chosen: Chosen }) {
  const { data, error, refetch } = useQuery(calibrationQuery({ ...chosen, model: figures.model }));
  if (error !== null) return <Failure what="Coverage over time" error={error} onRetry={() => void refetch()} />;
  return <CoveragePanel coverage={figures.coverage} weeks={data?.coverage_by_week ?? []} />;
}
