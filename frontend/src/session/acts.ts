import { answer, api, done, type Schemas } from "@/api/client";
import { csrfToken } from "./csrf.ts";
import { askPasskey } from "./passkey.ts";
import { setSession, takeTokens } from "./store.ts";
import { tellOtherTabs } from "./tabs.ts";

/** Logs in with a password; what else is asked for comes back, or undefined when nothing is. */
export async function logIn(email: string, password: string): Promise<Schemas["SecondFactor"] | undefined> {
  return take(await answer(api.POST("/v1/auth/login", { body: { email, password } })));
}

/** Answers what was asked for after the password. */
export async function answerSecondFactor(token: string, given: { readonly code: string } | { readonly recovery_code: string }): Promise<void> {
  take(await answer(api.POST("/v1/auth/login/second-factor", { body: { token, ...given } })));
}

/** Logs in with a passkey that the browser or a security key holds. */
export async function logInWithPasskey(): Promise<void> {
  take(await answer(api.POST("/v1/auth/passkey/login", { body: await askPasskey() })));
}

/** Ends this session, here and in all tabs. */
export async function logOut(): Promise<void> {
  const csrf = csrfToken(document.cookie);
  if (csrf !== undefined) await done(api.POST("/v1/auth/logout", { body: {}, headers: { "X-CSRF-Token": csrf } }));
  forgetSession();
}

/** Forgets a session that has ended, in all tabs. */
export function forgetSession(): void {
  setSession({ kind: "out" });
  tellOtherTabs("out");
}

function take(found: Schemas["LoginAnswer"]): Schemas["SecondFactor"] | undefined {
  if (found.session === null) return found.second_factor ?? undefined;
  takeTokens(found.session);
  tellOtherTabs("in");
  return undefined;
}
