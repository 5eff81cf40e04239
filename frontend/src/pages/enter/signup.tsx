import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type SyntheticEvent, useState } from "react";
import { answer, api } from "@/api/client";
import { ActError } from "@/parts/act-error";
import { PasswordField, TextField } from "@/parts/fields";
import { Failure, Loading } from "@/parts/states";
import { EnterFrame } from "./frame.tsx";
import classes from "./frame.module.css";
import { LetterSent } from "./letter-sent.tsx";
import { passwordRules } from "./password-rules.ts";
import { loginOptionsQuery } from "./queries.ts";

/** Signs somebody up; the account begins with the link in the letter. */
export function SignupPage() {
  const { data: options, error, refetch } = useQuery(loginOptionsQuery);
  return (
    <EnterFrame title="Sign up">
      {error !== null ? (
        <Failure what="What is possible here" error={error} onRetry={() => void refetch()} />
      ) : options === undefined ? (
        <Loading height={320} />
      ) : options.registration ? (
        <SignupForm minLength={options.password_min_length} />
      ) : (
        <p>{options.registration_closed_because}</p>
      )}
      <p className={classes["links"]}>
        <span>
          Forecasts and the track record need no account. You have one? <Link to="/login">Log in</Link>
        </span>
      </p>
    </EnterFrame>
  );
}

function SignupForm({ minLength }: { readonly minLength: number }) {
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const signUp = useMutation({ mutationFn: () => answer(api.POST("/v1/auth/register", { body: { email, name, password } })) });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    signUp.mutate();
  };
  if (signUp.isSuccess) {
    return (
      <LetterSent to={email} isBusy={signUp.isPending} onAgain={() => { signUp.mutate(); }} onBack={() => { signUp.reset(); }}>
        Open the link in it to begin your account. It counts for a day.
      </LetterSent>
    );
  }
  return (
    <form onSubmit={submit}>
      <TextField label="Address of mail" name="email" kind="email" autoComplete="username" value={email} onChange={setEmail} error={signUp.error} />
      <TextField label="Name" name="name" autoComplete="name" required={false} description="Only you and administrators see it." value={name} onChange={setName} error={signUp.error} />
      <PasswordField label="Password" name="password" autoComplete="new-password" description={passwordRules(minLength)} value={password} onChange={setPassword} error={signUp.error} />
      <ActError error={signUp.error} fields={["email", "name", "password"]} />
      <Button type="submit" size="md" loading={signUp.isPending}>
        Sign up
      </Button>
    </form>
  );
}
