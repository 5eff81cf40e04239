import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type SyntheticEvent, useState } from "react";
import { answer, api } from "@/api/client";
import { ActError } from "@/parts/act-error";
import { PasswordField } from "@/parts/fields";
import { forgetSession } from "@/session/acts";
import { EnterFrame } from "./frame.tsx";
import { useLinkToken } from "./link-token.ts";
import { NoToken } from "./no-token.tsx";
import { passwordRules } from "./password-rules.ts";
import { loginOptionsQuery } from "./queries.ts";

/** Takes a new password for a link in a letter. */
export function ResetPage() {
  const token = useLinkToken();
  return <EnterFrame title="Choose a new password">{token === undefined ? <NoToken /> : <ResetForm token={token} />}</EnterFrame>;
}

function ResetForm({ token }: { readonly token: string }) {
  const [password, setPassword] = useState("");
  const { data: options } = useQuery(loginOptionsQuery);
  const reset = useMutation({
    mutationFn: () => answer(api.POST("/v1/auth/password/reset", { body: { token, password } })),
    // All sessions have ended with it, this browser’s among them.
    onSuccess: forgetSession,
  });
  if (reset.isSuccess) {
    return (
      <p role="status">
        Your new password counts, and all sessions have ended. <Link to="/login">Log in</Link>
      </p>
    );
  }
  return (
    <form
      onSubmit={(event: SyntheticEvent) => {
        event.preventDefault();
        reset.mutate();
      }}
    >
      <PasswordField label="New password" name="password" autoComplete="new-password" description={passwordRules(options?.password_min_length ?? 15)} value={password} onChange={setPassword} error={reset.error} />
      <ActError error={reset.error} fields={["password"]} />
      <Button type="submit" size="md" loading={reset.isPending}>
        Set the password
      </Button>
    </form>
  );
}
