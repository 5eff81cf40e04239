import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { answer, type Schemas } from "@/api/client";
import { ago, toSeconds } from "@/format/time";
import { ActError } from "@/parts/act-error";
import { Panel } from "@/parts/panel";
import { Failure, Loading } from "@/parts/states";
import { Tag } from "@/parts/tag";
import { useNow } from "@/parts/use-now";
import { forgetSession } from "@/session/acts";
import { mine } from "@/session/client";
import { deviceName } from "./device.ts";
import classes from "./page.module.css";
import { sessionsQuery } from "./queries.ts";
import { useAct } from "./use-act.ts";

/** Where one is logged in, and the way to end that. */
export function SessionsPanel() {
  const { data, error, refetch } = useQuery(sessionsQuery);
  const changes = [sessionsQuery.queryKey];
  const end = useAct((session: Schemas["Session"]) => answer(mine.DELETE("/v1/me/sessions/{session_id}", { params: { path: { session_id: session.id } } })), { changes });
  const endAll = useAct(() => answer(mine.DELETE("/v1/me/sessions")), { onDone: forgetSession });
  const running = data?.sessions.filter(({ runs }) => runs) ?? [];
  return (
    <Panel title="Where you are logged in">
      {error !== null ? (
        <Failure what="Your sessions" error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading height={140} />
      ) : (
        <ul className={classes["list"]}>
          {running.map((session) => (
            <SessionLine
              key={session.id}
              session={session}
              isBusy={end.isPending && end.variables.id === session.id}
              onEnd={() => {
                end.mutate(session);
              }}
            />
          ))}
        </ul>
      )}
      <ActError error={end.error ?? endAll.error} />
      <Button variant="default" loading={endAll.isPending} onClick={() => { endAll.mutate(undefined); }}>
        Log out everywhere
      </Button>
    </Panel>
  );
}

interface LineProps {
  readonly session: Schemas["Session"];
  readonly isBusy: boolean;
  readonly onEnd: () => void;
}

function SessionLine({ session, isBusy, onEnd }: LineProps) {
  const now = useNow();
  const name = deviceName(session.device);
  return (
    <li>
      <div>
        <strong>{name}</strong> {session.current && <Tag tone="plain">this one</Tag>}
        <p className="muted">
          from {session.network}, last used {ago(toSeconds(session.last_used_at), now)}
        </p>
      </div>
      {!session.current && (
        <Button variant="default" size="compact-md" loading={isBusy} onClick={onEnd} aria-label={`End the session of ${name} from ${session.network}`}>
          End
        </Button>
      )}
    </li>
  );
}
