import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type SyntheticEvent, useState } from "react";
import { answer, api } from "@/api/client";
import { ActError } from "@/parts/act-error";
import { TextField } from "@/parts/fields";
import { EnterFrame } from "./frame.tsx";
import classes from "./frame.module.css";
import { LetterSent } from "./letter-sent.tsx";
import { loginOptionsQuery } from "./queries.ts";

/** Has a letter sent with a link to choose a new password. */
export function ForgottenPage() {
  const [email, setEmail] = useState("");
  const { data: options } = useQuery(loginOptionsQuery);
  const ask = useMutation({ mutationFn: () => answer(api.POST("/v1/auth/password/forgotten", { body: { email } })) });
  return (
    <EnterFrame title="Forgotten your password?">
      {options?.sends_mail === false ? (
        <p>No mail can be sent from here. An administrator can set a new password for you.</p>
      ) : ask.isSuccess ? (
        <LetterSent to={email} isBusy={ask.isPending} onAgain={() => { ask.mutate(); }} onBack={() => { ask.reset(); }}>
          If there is an account for this address, the link in it lets you choose a new password. It counts for half an hour.
        </LetterSent>
      ) : (
        <form
          onSubmit={(event: SyntheticEvent) => {
            event.preventDefault();
            ask.mutate();
          }}
        >
          <TextField label="Address of mail" name="email" kind="email" autoComplete="username" value={email} onChange={setEmail} error={ask.error} />
          <ActError error={ask.error} fields={["email"]} />
          <Button type="submit" size="md" loading={ask.isPending}>
            Send a link
          </Button>
        </form>
      )}
      <p className={classes["links"]}>
        <Link to="/login">Back to the log-in</Link>
      </p>
    </EnterFrame>
  );
}
