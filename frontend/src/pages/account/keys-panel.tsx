import { Button, Checkbox, NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { answer, type Schemas } from "@/api/client";
import { ago, day, toSeconds } from "@/format/time";
import { ActError } from "@/parts/act-error";
import { TextField } from "@/parts/fields";
import { Panel } from "@/parts/panel";
import { SecretOnce } from "@/parts/secret-once";
import { Failure, Loading } from "@/parts/states";
import { useNow } from "@/parts/use-now";
import { mine } from "@/session/client";
import classes from "./page.module.css";
import { apiKeysQuery, meQuery } from "./queries.ts";
import { SCOPE_WORDS } from "./scopes.ts";
import { useAct } from "./use-act.ts";

const DAYS = [7, 30, 90, 180, 366];

/** Keys for programs. */
export function KeysPanel() {
  const { data, error, refetch } = useQuery(apiKeysQuery);
  const [made, setMade] = useState<Schemas["NewKey"]>();
  const changes = [apiKeysQuery.queryKey];
  const rotate = useAct(
    (id: string) => answer(mine.POST("/v1/me/keys/{key_id}/rotate", { params: { path: { key_id: id } }, body: { overlap_hours: 24 } })),
    { changes, onDone: setMade },
  );
  const revoke = useAct((id: string) => answer(mine.DELETE("/v1/me/keys/{key_id}", { params: { path: { key_id: id } } })), { changes });
  const counting = data?.keys.filter(({ counts }) => counts) ?? [];
  return (
    <Panel title="API keys">
      {made !== undefined && (
        <SecretOnce
          key={made.key.id}
          title={`Your key “${made.key.name}”`}
          text={made.text}
          onDone={() => {
            setMade(undefined);
          }}
        >
          Send it as <code className={classes["code"]}>Authorization: Bearer …</code> with every request.
        </SecretOnce>
      )}
      {error !== null ? (
        <Failure what="Your keys" error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading height={120} />
      ) : counting.length === 0 ? (
        <p className="muted">You have no key. With one, programs can ask more, and you see what they use.</p>
      ) : (
        <ul className={classes["list"]} aria-label="Your keys">
          {counting.map((key) => (
            <KeyLine
              key={key.id}
              apiKey={key}
              isBusy={(rotate.isPending && rotate.variables === key.id) || (revoke.isPending && revoke.variables === key.id)}
              onRotate={() => {
                rotate.mutate(key.id);
              }}
              onRevoke={() => {
                revoke.mutate(key.id);
              }}
            />
          ))}
        </ul>
      )}
      <ActError error={rotate.error ?? revoke.error} />
      <NewKeyForm onMade={setMade} />
    </Panel>
  );
}

interface LineProps {
  readonly apiKey: Schemas["Key"];
  readonly isBusy: boolean;
  readonly onRotate: () => void;
  readonly onRevoke: () => void;
}

function KeyLine({ apiKey, isBusy, onRotate, onRevoke }: LineProps) {
  const now = useNow(10);
  const [isAsked, setAsked] = useState(false);
  const { name, scopes, expires_at, last_used_at, replaced_by } = apiKey;
  const end = expires_at === null ? "" : `, counts until ${day(toSeconds(expires_at))}`;
  const use = last_used_at === null ? "never used" : `last used ${ago(toSeconds(last_used_at), now)}`;
  return (
    <li>
      <div>
        <strong>{name}</strong> <span className="mono muted">btcf_{apiKey.id}_…</span>
        <p className="muted">
          {scopes.length === 0 ? "open data" : scopes.join(", ")}; {use}
          {end}
          {replaced_by === null ? "" : ", replaced"}
        </p>
      </div>
      <div className={classes["row"]}>
        {isAsked ? (
          <>
            <span>Programs with it stop at once.</span>
            <Button color="red" size="compact-md" loading={isBusy} onClick={onRevoke} aria-label={`Revoke ${name} now`}>
              Revoke it
            </Button>
            <Button variant="default" size="compact-md" onClick={() => { setAsked(false); }}>
              Keep it
            </Button>
          </>
        ) : (
          <>
            {replaced_by === null && (
              <Button variant="default" size="compact-md" loading={isBusy} onClick={onRotate} aria-label={`Rotate ${name}`}>
                Rotate
              </Button>
            )}
            <Button variant="default" size="compact-md" onClick={() => { setAsked(true); }} aria-label={`Revoke ${name}`}>
              Revoke
            </Button>
          </>
        )}
      </div>
    </li>
  );
}

function NewKeyForm({ onMade }: { readonly onMade: (made: Schemas["NewKey"]) => void }) {
  const { data: me } = useQuery(meQuery);
  const [name, setName] = useState("");
  const [days, setDays] = useState(90);
  const [scopes, setScopes] = useState<Schemas["Permission"][]>([]);
  const make = useAct((body: Schemas["AskedKey"]) => answer(mine.POST("/v1/me/keys", { body })), {
    changes: [apiKeysQuery.queryKey],
    onDone: (made) => {
      setName("");
      setScopes([]);
      onMade(made);
    },
  });
  return (
    <form
      className={classes["form"]}
      onSubmit={(event: SyntheticEvent) => {
        event.preventDefault();
        make.mutate({ name, scopes, days });
      }}
    >
      <h3>A new key</h3>
      <TextField label="Name of the key" name="name" autoComplete="off" description="What tells it from your other keys." value={name} onChange={setName} error={make.error} />
      <Checkbox.Group label="What it may do" description="Reading forecasts and the record needs none of this." value={scopes} onChange={(chosen) => { setScopes(chosen); }}>
        {me?.permissions.map((scope) => (
          <Checkbox key={scope} mt="xs" value={scope} label={SCOPE_WORDS[scope]} />
        ))}
      </Checkbox.Group>
      <NativeSelect label="Counts for" value={days} onChange={(event) => { setDays(Number(event.currentTarget.value)); }} data={DAYS.map((n) => ({ value: String(n), label: `${n} days` }))} />
      <ActError error={make.error} fields={["name"]} />
      <Button type="submit" loading={make.isPending}>
        Make a key
      </Button>
    </form>
  );
}
