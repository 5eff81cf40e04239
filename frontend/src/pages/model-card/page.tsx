import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { ApiError } from "@/api/problem";
import { versionQuery } from "@/api/queries";
import { modelName, venueName } from "@/format/names";
import { count, percent } from "@/format/numbers";
import { instant, toSeconds } from "@/format/time";
import { Facts } from "@/parts/facts";
import { Panel } from "@/parts/panel";
import { Empty, Failure, Loading } from "@/parts/states";
import { Tag } from "@/parts/tag";
import { useTitle } from "@/parts/title";
import { HeldOut } from "./held-out.tsx";
import classes from "./page.module.css";

const route = getRouteApi("/models/$version");

/** One fitted version: what it was made from, how it did on data that it had not seen, and when not to use it. */
export function ModelCardPage() {
  const { version } = route.useParams();
  useTitle(version);
  const { data, error, refetch } = useQuery(versionQuery(version));
  if (data !== undefined) return <Shown detail={data} />;
  if (error === null) return <Loading height={560} />;
  if (!(error instanceof ApiError && error.status === 404)) return <Failure what="The model card" error={error} onRetry={() => void refetch()} />;
  return (
    <Empty title="There is no such version.">
      <p>
        No model version is called <span className="mono">{version}</span> here. The <Link to="/models">models page</Link> names those that
        there are.
      </p>
    </Empty>
  );
}

function Shown({ detail: { version, card, manifest } }: { readonly detail: Schemas["ModelVersionDetail"] }) {
  return (
    <div className={classes["page"]}>
      <div>
        <h1>{modelName(version.model)}</h1>
        <p className="mono muted">{version.version}</p>
      </div>
      {card?.warnings.map((warning) => (
        <div key={warning} className={classes["warning"]} role="note" aria-label="Warning">
          <p>{warning}</p>
        </div>
      ))}
      <div className={classes["columns"]}>
        <Made version={version} data={card?.data} />
        {card !== null && (
          <Panel title="When not to use it">
            <List of={card.not_for} />
          </Panel>
        )}
      </div>
      {card === null ? (
        <Panel title="The card">
          <p className="muted">This version was fitted before there were cards.</p>
        </Panel>
      ) : (
        <>
          <Panel title="Scores on days that it had not seen">
            <HeldOut scores={card.held_out} />
          </Panel>
          <Panel title="Its limits">
            <List of={card.limits} />
          </Panel>
        </>
      )}
      <Panel title="The signed manifest">
        <p className="muted">
          What the signature covers, word for word: data range, parameters, scores and the digest of every file.
        </p>
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard */}
        <pre className={`mono ${classes["manifest"] ?? ""}`} role="region" aria-label="Signed manifest" tabIndex={0}>
          {manifest}
        </pre>
      </Panel>
    </div>
  );
}

interface MadeProps {
  readonly version: Schemas["ModelVersion"];
  readonly data: Schemas["CardData"] | undefined;
}

/** What the version is fitted to. */
function Made({ version, data }: MadeProps) {
  return (
    <Panel title="Made from" aside={version.simulated ? <Tag tone="warn">simulated</Tag> : undefined}>
      <Facts
        rows={[
          ["Market", `${version.symbol} at ${venueName(version.venue)}`],
          ["Candles from", instant(toSeconds(version.trained_from))],
          ["Until", instant(toSeconds(version.trained_until))],
          ...(data === undefined
            ? []
            : ([
                ["Candles", `${count(data.n_candles)}, five minutes each`],
                ["Missing", percent(data.missing_percent / 100, 2)],
                ["Scheduled events", data.n_events === 0 ? "none; it was told of none" : `${count(data.n_events)} that it was told of`],
              ] as const)),
          ["Fitted", instant(toSeconds(version.created_at))],
          ["Status", <Tag tone={version.status === "ready" ? "good" : "bad"}>{version.status}</Tag>],
        ]}
      />
    </Panel>
  );
}

function List({ of }: { readonly of: readonly string[] }) {
  return (
    <ul className={classes["list"]}>
      {of.map((words) => (
        <li key={words}>{words}</li>
      ))}
    </ul>
  );
}
