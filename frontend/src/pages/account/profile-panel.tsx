import { Button } from "@mantine/core";
import { type SyntheticEvent, useState } from "react";
import { answer, type Schemas } from "@/api/client";
import { ActError } from "@/parts/act-error";
import { TextField } from "@/parts/fields";
import { Panel } from "@/parts/panel";
import { mine } from "@/session/client";
import { takePerson } from "@/session/store";
import classes from "./page.module.css";
import { meQuery } from "./queries.ts";
import { useAct } from "./use-act.ts";

/** Name and address. */
export function ProfilePanel({ person }: { readonly person: Schemas["Person"] }) {
  return (
    <Panel title="Profile">
      <NameForm name={person.name} />
      <div className={classes["danger"]}>
        <AddressForm />
      </div>
    </Panel>
  );
}

function NameForm({ name: now }: { readonly name: string }) {
  const [name, setName] = useState(now);
  const rename = useAct((next: string) => answer(mine.PATCH("/v1/me", { body: { name: next } })), { changes: [meQuery.queryKey], onDone: takePerson });
  return (
    <form
      className={classes["form"]}
      onSubmit={(event: SyntheticEvent) => {
        event.preventDefault();
        rename.mutate(name);
      }}
    >
      <TextField label="Name" name="name" autoComplete="name" required={false} value={name} onChange={setName} error={rename.error} />
      <ActError error={rename.error} fields={["name"]} />
      <Button type="submit" variant="default" loading={rename.isPending} disabled={name === now}>
        Save the name
      </Button>
    </form>
  );
}

function AddressForm() {
  const [email, setEmail] = useState("");
  const change = useAct((next: string) => answer(mine.POST("/v1/me/email", { body: { email: next } })));
  if (change.isSuccess) return <p role="status">{change.data.detail}</p>;
  return (
    <form
      className={classes["form"]}
      onSubmit={(event: SyntheticEvent) => {
        event.preventDefault();
        change.mutate(email);
      }}
    >
      <TextField label="Another address of mail" name="email" kind="email" autoComplete="email" description="It counts when the links in the letters to both addresses were opened." value={email} onChange={setEmail} error={change.error} />
      <ActError error={change.error} fields={["email"]} />
      <Button type="submit" variant="default" loading={change.isPending}>
        Change the address
      </Button>
    </form>
  );
}
