import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { answer, api, done } from "@/api/client";
import { ActError } from "@/parts/act-error";
import { EnterFrame } from "./frame.tsx";
import { useLinkToken } from "./link-token.ts";
import { NoToken } from "./no-token.tsx";

interface Props {
  readonly title: string;
  readonly words: string;
  readonly button: string;
  /** Spends the link and returns what is then said. */
  readonly act: (token: string) => Promise<ReactNode>;
}

/** A page for a link in a letter. It waits for a press, because programs that look through mail open links, too. */
function ByLink({ title, words, button, act }: Props) {
  const token = useLinkToken();
  const open = useMutation({ mutationFn: act });
  return (
    <EnterFrame title={title}>
      {token === undefined ? (
        <NoToken />
      ) : open.isSuccess ? (
        <div role="status">{open.data}</div>
      ) : (
        <>
          <p>{words}</p>
          <ActError error={open.error} />
          <Button size="md" loading={open.isPending} onClick={() => { open.mutate(token); }}>
            {button}
          </Button>
        </>
      )}
    </EnterFrame>
  );
}

export function VerifyPage() {
  const act = async (token: string) => {
    const { email } = await answer(api.POST("/v1/auth/verify", { body: { token } }));
    return (
      <p>
        The account for <strong>{email}</strong> has begun. <Link to="/login">Log in</Link>
      </p>
    );
  };
  return <ByLink title="Begin your account" words="You have signed up here with this address." button="Begin the account" act={act} />;
}

export function UnlockPage() {
  const act = async (token: string) => {
    await done(api.POST("/v1/auth/unlock", { body: { token } }));
    return (
      <p>
        Log-ins are possible again. <Link to="/login">Log in</Link>
      </p>
    );
  };
  return <ByLink title="Unlock your account" words="Too many log-ins failed, so none are looked at for some time." button="Unlock it" act={act} />;
}

export function ConfirmAddressPage() {
  const act = async (token: string) => {
    const { changed } = await answer(api.POST("/v1/auth/email/confirm", { body: { token } }));
    return changed ? (
      <p>
        The new address counts from now on. <Link to="/login">Log in</Link> with it.
      </p>
    ) : (
      <p>Confirmed. The address changes when the link in the letter to the other address was opened, too.</p>
    );
  };
  return <ByLink title="Change of address" words="Your account is to have another address. Both the old and the new one must confirm it." button="Confirm" act={act} />;
}
