import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { answer, done, type Schemas } from "@/api/client";
import { day, toSeconds } from "@/format/time";
import { ActError } from "@/parts/act-error";
import { TextField } from "@/parts/fields";
import { Panel } from "@/parts/panel";
import { SecretOnce } from "@/parts/secret-once";
import { Failure, Loading } from "@/parts/states";
import { mine } from "@/session/client";
import classes from "./page.module.css";
import { Passkeys } from "./passkeys.tsx";
import { QrCode } from "./qr-code.tsx";
import { secondFactorQuery } from "./queries.ts";
import { useAct } from "./use-act.ts";

const CHANGES = { changes: [secondFactorQuery.queryKey] };

/** What is asked for beside the password. */
export function SecondFactorPanel() {
  const { data, error, refetch } = useQuery(secondFactorQuery);
  return (
    <Panel title="Second factor and passkeys">
      {error !== null ? (
        <Failure what="Your second factor" error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading height={180} />
      ) : (
        <div className={classes["pair"]}>
          <Authenticator state={data} />
          <Passkeys state={data} />
        </div>
      )}
    </Panel>
  );
}

function Authenticator({ state }: { readonly state: Schemas["SecondFactorState"] }) {
  const [codes, setCodes] = useState<readonly string[]>();
  const [begun, setBegun] = useState<Schemas["NewAuthenticator"]>();
  const begin = useAct(() => answer(mine.POST("/v1/me/totp")), { onDone: setBegun });
  const renew = useAct(() => answer(mine.POST("/v1/me/recovery-codes")), { ...CHANGES, onDone: (made) => { setCodes(made.recovery_codes); } });
  const remove = useAct(() => done(mine.DELETE("/v1/me/totp")), { ...CHANGES, onDone: () => { setCodes(undefined); } });
  return (
    <section aria-label="Authenticator app" className={classes["form"]}>
      <h3>Authenticator app</h3>
      {codes !== undefined && (
        <SecretOnce title="Your recovery codes" text={codes.join("\n")} onDone={() => { setCodes(undefined); }}>
          Each lets you in once when you have lost the app.
        </SecretOnce>
      )}
      {state.totp_since !== null ? (
        <>
          <p>
            A code is asked for after the password since {day(toSeconds(state.totp_since))}. {codesWords(state.recovery_codes_left)}
          </p>
          <ActError error={renew.error ?? remove.error} />
          <div className={classes["row"]}>
            <Button variant="default" loading={renew.isPending} onClick={() => { renew.mutate(undefined); }}>
              Make new recovery codes
            </Button>
            <Button variant="default" loading={remove.isPending} onClick={() => { remove.mutate(undefined); }}>
              Remove the app
            </Button>
          </div>
        </>
      ) : begun !== undefined ? (
        <ConfirmApp
          begun={begun}
          onDone={(made) => {
            setBegun(undefined);
            setCodes(made);
          }}
        />
      ) : (
        <>
          <p>With an app that makes codes, a stolen password alone is of no use.</p>
          <ActError error={begin.error} />
          <Button variant="default" loading={begin.isPending} onClick={() => { begin.mutate(undefined); }}>
            Set up an app
          </Button>
        </>
      )}
    </section>
  );
}

function ConfirmApp({ begun, onDone }: { readonly begun: Schemas["NewAuthenticator"]; readonly onDone: (codes: readonly string[]) => void }) {
  const [code, setCode] = useState("");
  const confirm = useAct((given: string) => answer(mine.POST("/v1/me/totp/confirm", { body: { code: given.replace(/\s/g, "") } })), {
    ...CHANGES,
    onDone: (made) => {
      onDone(made.recovery_codes);
    },
  });
  return (
    <form
      className={classes["form"]}
      onSubmit={(event: SyntheticEvent) => {
        event.preventDefault();
        confirm.mutate(code);
      }}
    >
      <p>Scan this with the app, or type the key into it. Then write the code that it shows.</p>
      <QrCode text={begun.uri} />
      <code className={classes["code"]} aria-label="Key for the app">
        {begun.secret.replace(/(.{4})(?=.)/g, "$1 ")}
      </code>
      <TextField label="Code" name="code" kind="code" autoComplete="one-time-code" value={code} onChange={setCode} error={confirm.error} />
      <ActError error={confirm.error} fields={["code"]} />
      <Button type="submit" loading={confirm.isPending}>
        Turn it on
      </Button>
    </form>
  );
}

function codesWords(n: number): string {
  return n === 0 ? "There is no recovery code left." : n === 1 ? "One recovery code is left." : `${n} recovery codes are left.`;
}
