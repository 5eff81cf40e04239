import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { type SyntheticEvent, useEffect, useState } from "react";
import type { Schemas } from "@/api/client";
import { ActError } from "@/parts/act-error";
import { PasswordField, TextField } from "@/parts/fields";
import { answerSecondFactor, logIn, logInWithPasskey } from "@/session/acts";
import { hasPasskeys, passkeyError } from "@/session/passkey";
import { useSession } from "@/session/use-session";
import { EnterFrame } from "./frame.tsx";
import classes from "./frame.module.css";
import { loginOptionsQuery } from "./queries.ts";

const route = getRouteApi("/login");

/** Logs somebody in: with a password and what it asks for next, or with a passkey alone. */
export function LoginPage() {
  const session = useSession();
  const navigate = useNavigate();
  const { to } = route.useSearch();
  const [asked, setAsked] = useState<Schemas["SecondFactor"]>();

  useEffect(() => {
    if (session.kind === "in") void navigate({ to: to ?? "/account", replace: true });
  }, [session.kind, navigate, to]);

  return asked === undefined ? <FirstStep onAsked={setAsked} /> : <SecondStep asked={asked} onAgain={() => { setAsked(undefined); }} />;
}

function FirstStep({ onAsked }: { readonly onAsked: (asked: Schemas["SecondFactor"]) => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const { data: options } = useQuery(loginOptionsQuery);
  const enter = useMutation({
    mutationFn: () => logIn(email, password),
    onSuccess: (asked) => {
      if (asked !== undefined) onAsked(asked);
    },
  });
  const passkey = useMutation({ mutationFn: logInWithPasskey });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    passkey.reset();
    enter.mutate();
  };
  return (
    <EnterFrame title="Log in">
      <form onSubmit={submit}>
        <TextField label="Address of mail" name="email" kind="email" autoComplete="username" value={email} onChange={setEmail} error={enter.error} />
        <PasswordField label="Password" name="password" autoComplete="current-password" value={password} onChange={setPassword} error={enter.error} />
        <ActError error={enter.error} fields={["email", "password"]} />
        <Button type="submit" size="md" loading={enter.isPending}>
          Log in
        </Button>
      </form>
      {hasPasskeys() && (
        <>
          <div className={classes["or"]}>or</div>
          <Button variant="default" size="md" loading={passkey.isPending} onClick={() => { enter.reset(); passkey.mutate(); }}>
            Log in with a passkey
          </Button>
          <ActError error={passkeyError(passkey.error)} />
        </>
      )}
      <div className={classes["links"]}>
        {options?.sends_mail !== false && <Link to="/forgotten">Forgotten your password?</Link>}
        {options?.registration !== false && (
          <span>
            No account yet? <Link to="/signup">Sign up</Link>
          </span>
        )}
      </div>
    </EnterFrame>
  );
}

function SecondStep({ asked, onAgain }: { readonly asked: Schemas["SecondFactor"]; readonly onAgain: () => void }) {
  const [isRecovery, setRecovery] = useState(false);
  const [code, setCode] = useState("");
  const check = useMutation({
    mutationFn: () => answerSecondFactor(asked.token, isRecovery ? { recovery_code: code } : { code: code.replace(/\s/g, "") }),
  });
  const change = (next: boolean) => {
    setRecovery(next);
    setCode("");
    check.reset();
  };
  return (
    <EnterFrame title="One more step">
      <form
        onSubmit={(event: SyntheticEvent) => {
          event.preventDefault();
          check.mutate();
        }}
      >
        {isRecovery ? (
          <TextField label="Recovery code" name="recovery_code" autoComplete="off" value={code} onChange={setCode} error={check.error} description="One of those that you kept when you set up the app. Each counts once." />
        ) : (
          <TextField label="Code" name="code" kind="code" autoComplete="one-time-code" value={code} onChange={setCode} error={check.error} description="Six digits from your authenticator app." />
        )}
        <ActError error={check.error} fields={["code", "recovery_code"]} />
        <Button type="submit" size="md" loading={check.isPending}>
          Continue
        </Button>
      </form>
      <div className={classes["links"]}>
        <Button variant="subtle" size="compact-md" onClick={() => { change(!isRecovery); }}>
          {isRecovery ? "Use a code of the app" : "Use a recovery code"}
        </Button>
        <Button variant="subtle" size="compact-md" onClick={onAgain}>
          Start again
        </Button>
      </div>
    </EnterFrame>
  );
}
