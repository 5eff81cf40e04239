import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { driftQuery, gateQuery, modelsQuery } from "@/api/queries";
import { Choice } from "@/parts/choice";
import { Panel } from "@/parts/panel";
import { Failure, Loading } from "@/parts/states";
import { useTitle } from "@/parts/title";
import { DriftPanel } from "./drift-panel.tsx";
import classes from "./page.module.css";
import { ReignsPanel } from "./reigns-panel.tsx";
import { DRIFT_WINDOWS } from "./search.ts";
import { ServedPanel } from "./served-panel.tsx";

const route = getRouteApi("/models");

/** Which model is served and why, who reigns and who may follow, and whether the present is still what they were made for. */
export function ModelsPage() {
  useTitle("Models");
  return (
    <div className={classes["page"]}>
      <h1>Models</h1>
      <Served />
      <Reigns />
      <Drift />
    </div>
  );
}

function Served() {
  const { data, error, refetch } = useQuery(gateQuery);
  return (
    <Panel title="What is served">
      {data !== undefined ? (
        <ServedPanel gate={data} />
      ) : error !== null ? (
        <Failure what="The gate" error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading height={420} />
      )}
    </Panel>
  );
}

function Reigns() {
  const models = useQuery(modelsQuery);
  const gate = useQuery(gateQuery);
  return (
    <Panel title="Champion and challengers">
      {models.data !== undefined ? (
        <ReignsPanel models={models.data.models} reigns={gate.data?.reigns} />
      ) : models.error !== null ? (
        <Failure what="The models" error={models.error} onRetry={() => void models.refetch()} />
      ) : (
        <Loading height={240} />
      )}
    </Panel>
  );
}

function Drift() {
  const { window = "30d" } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery(driftQuery);
  return (
    <Panel
      title="Drift"
      aside={
        <Choice
          label="Window of the drift report"
          options={DRIFT_WINDOWS}
          value={window}
          onChange={(next) => void navigate({ search: { window: next }, replace: true, resetScroll: false })}
        />
      }
    >
      {data !== undefined ? (
        <DriftPanel drift={data} window={window} />
      ) : error !== null ? (
        <Failure what="The drift report" error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading height={320} />
      )}
    </Panel>
  );
}
