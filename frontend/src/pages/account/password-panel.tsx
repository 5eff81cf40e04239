import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { answer } from "@/api/client";
import { ActError } from "@/parts/act-error";
import { PasswordField } from "@/parts/fields";
import { Panel } from "@/parts/panel";
import { passwordRules } from "@/pages/enter/password-rules";
import { loginOptionsQuery } from "@/pages/enter/queries";
import { mine } from "@/session/client";
import classes from "./page.module.css";
import { sessionsQuery } from "./queries.ts";
import { useAct } from "./use-act.ts";

/** Sets a new password. */
export function PasswordPanel({ hasPassword }: { readonly hasPassword: boolean }) {
  const [password, setPassword] = useState("");
  const { data: options } = useQuery(loginOptionsQuery);
  const change = useAct((next: string) => answer(mine.POST("/v1/me/password", { body: { password: next } })), {
    changes: [sessionsQuery.queryKey],
    onDone: () => {
      setPassword("");
    },
  });
  return (
    <Panel title="Password">
      <form
        className={classes["form"]}
        onSubmit={(event: SyntheticEvent) => {
          event.preventDefault();
          change.mutate(password);
        }}
      >
        {!hasPassword && <p>You have no password yet.</p>}
        <PasswordField label="New password" name="password" autoComplete="new-password" description={passwordRules(options?.password_min_length ?? 15)} value={password} onChange={setPassword} error={change.error} />
        <ActError error={change.error} fields={["password"]} />
        <Button type="submit" variant="default" loading={change.isPending}>
          Change the password
        </Button>
        {change.isSuccess && <p role="status">Your new password counts. {endedWords(change.data.n_ended)}</p>}
      </form>
    </Panel>
  );
}

function endedWords(n: number): string {
  return n === 0 ? "" : n === 1 ? "One other session has ended." : `${n} other sessions have ended.`;
}
