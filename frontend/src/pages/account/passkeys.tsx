import { Button } from "@mantine/core";
import { type SyntheticEvent, useState } from "react";
import { answer, done, type Schemas } from "@/api/client";
import { ago, day, toSeconds } from "@/format/time";
import { ActError } from "@/parts/act-error";
import { TextField } from "@/parts/fields";
import { useNow } from "@/parts/use-now";
import { mine } from "@/session/client";
import classes from "./page.module.css";
import { secondFactorQuery } from "./queries.ts";
import { useAct } from "./use-act.ts";

const CHANGES = { changes: [secondFactorQuery.queryKey] };

/** Passkeys, which log in by themselves. */
export function Passkeys({ state }: { readonly state: Schemas["SecondFactorState"] }) {
  const [name, setName] = useState("");
  const add = useAct(makePasskey, {
    ...CHANGES,
    onDone: () => {
      setName("");
    },
  });
  const remove = useAct((id: string) => done(mine.DELETE("/v1/me/passkeys/{passkey_id}", { params: { path: { passkey_id: id } } })), CHANGES);
  const isPossible = state.passkeys_possible && typeof PublicKeyCredential !== "undefined" && "parseCreationOptionsFromJSON" in PublicKeyCredential;
  return (
    <section aria-label="Passkeys" className={classes["form"]}>
      <h3>Passkeys</h3>
      <p>A passkey is kept by your device or a security key and logs you in by itself. Nobody can guess it or lure it out of you.</p>
      {state.passkeys.length > 0 && (
        <ul className={classes["list"]} aria-label="Your passkeys">
          {state.passkeys.map((passkey) => (
            <PasskeyLine
              key={passkey.id}
              passkey={passkey}
              isBusy={remove.isPending && remove.variables === passkey.id}
              onRemove={() => {
                remove.mutate(passkey.id);
              }}
            />
          ))}
        </ul>
      )}
      <ActError error={remove.error} />
      {isPossible ? (
        <form
          className={classes["form"]}
          onSubmit={(event: SyntheticEvent) => {
            event.preventDefault();
            add.mutate(name);
          }}
        >
          <TextField label="Name of the passkey" name="name" autoComplete="off" description="Such as the device that keeps it." value={name} onChange={setName} error={add.error} />
          <ActError error={readable(add.error)} fields={["name"]} />
          <Button type="submit" variant="default" loading={add.isPending}>
            Add a passkey
          </Button>
        </form>
      ) : (
        <p className="muted">Browsers make passkeys only for a site with a name of its own and TLS.</p>
      )}
    </section>
  );
}

interface LineProps {
  readonly passkey: Schemas["Passkey"];
  readonly isBusy: boolean;
  readonly onRemove: () => void;
}

function PasskeyLine({ passkey, isBusy, onRemove }: LineProps) {
  const now = useNow(10);
  const { name, created_at, last_used_at } = passkey;
  return (
    <li>
      <div>
        <strong>{name}</strong>
        <p className="muted">
          since {day(toSeconds(created_at))}, {last_used_at === null ? "not used yet" : `last used ${ago(toSeconds(last_used_at), now)}`}
        </p>
      </div>
      <Button variant="default" size="compact-md" loading={isBusy} onClick={onRemove} aria-label={`Remove the passkey ${name}`}>
        Remove
      </Button>
    </li>
  );
}

async function makePasskey(name: string): Promise<Schemas["Passkey"]> {
  const { token, options } = await answer(mine.POST("/v1/me/passkeys/options"));
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as unknown as PublicKeyCredentialCreationOptionsJSON);
  const credential = await navigator.credentials.create({ publicKey });
  if (!(credential instanceof PublicKeyCredential)) throw new Error("The browser made no passkey.");
  return answer(mine.POST("/v1/me/passkeys", { body: { token, name, credential: credential.toJSON() as Record<string, unknown> } }));
}

/** In words, what browsers say in names. */
function readable(error: Error | null): Error | null {
  if (error?.name === "NotAllowedError") return new Error("No passkey was made: the browser’s window was closed, or too much time went by.");
  if (error?.name === "InvalidStateError") return new Error("This device keeps a passkey for your account already.");
  return error;
}
