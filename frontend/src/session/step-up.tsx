import { Button, PasswordInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type SyntheticEvent, useEffect, useRef, useState } from "react";
import { answer } from "@/api/client";
import { ApiError } from "@/api/problem";
import { ActError } from "@/parts/act-error";
import { mine } from "./client.ts";
import { askPasskey, hasPasskeys, passkeyError } from "./passkey.ts";
import classes from "./step-up.module.css";

type Decide = (isConfirmed: boolean) => void;

let ask: ((decide: Decide) => void) | undefined;

/** The act, once more after the person has shown that it is them, where the server wants that (RFC 9470). */
export async function withConfirmation<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ApiError && error.kind === "confirm-that-it-is-you") || ask === undefined) throw error;
    const open = ask;
    const isConfirmed = await new Promise<boolean>((decide) => {
      open(decide);
    });
    if (!isConfirmed) throw error;
    return act();
  }
}

/** The dialog that asks for the password; it stands once on the page. */
export function StepUpDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const decide = useRef<Decide>(undefined);
  const [password, setPassword] = useState("");
  const confirm = useMutation({
    mutationFn: async (by: "password" | "passkey") => answer(mine.POST("/v1/auth/confirm", { body: by === "password" ? { password } : { passkey: await askPasskey() } })),
    onSuccess: () => {
      close(true);
    },
  });

  useEffect(() => {
    ask = (next) => {
      // Another act that was waiting for the same dialog is not done.
      decide.current?.(false);
      decide.current = next;
      setPassword("");
      dialog.current?.showModal();
    };
    return () => {
      ask = undefined;
    };
  }, []);

  const close = (isConfirmed: boolean) => {
    dialog.current?.close();
    decide.current?.(isConfirmed);
    decide.current = undefined;
    setPassword("");
  };

  return (
    <dialog
      ref={dialog}
      className={classes["dialog"]}
      aria-labelledby="step-up"
      onCancel={() => {
        close(false);
        confirm.reset();
      }}
    >
      <form
        onSubmit={(event: SyntheticEvent) => {
          event.preventDefault();
          confirm.mutate("password");
        }}
      >
        <h2 id="step-up">Confirm that it is you</h2>
        <p>What you are about to do could lock you out, so it wants a proof once more: your password or a passkey.</p>
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={password}
          onChange={(event) => {
            setPassword(event.currentTarget.value);
          }}
        />
        <ActError error={passkeyError(confirm.error)} />
        <div className={classes["buttons"]}>
          <Button type="submit" loading={confirm.isPending}>
            Confirm
          </Button>
          {hasPasskeys() && (
            <Button variant="default" disabled={confirm.isPending} onClick={() => { confirm.mutate("passkey"); }}>
              Use a passkey
            </Button>
          )}
          <Button
            variant="default"
            onClick={() => {
              close(false);
              confirm.reset();
            }}
          >
            Not now
          </Button>
        </div>
      </form>
    </dialog>
  );
}
