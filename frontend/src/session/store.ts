import type { Schemas } from "@/api/client";

/** Somebody who is logged in. The access token lives here, in memory, and nowhere else. */
export interface LoggedIn {
  readonly person: Schemas["Person"];
  readonly sessionId: string;
  readonly accessToken: string;
  /** By the clock of this machine, in milliseconds. */
  readonly expiresAtMs: number;
}

/** unknown: it has not been asked yet whether this browser holds a session. */
export type SessionState = { readonly kind: "unknown" } | { readonly kind: "out" } | { readonly kind: "in"; readonly who: LoggedIn };

let state: SessionState = { kind: "unknown" };
const listeners = new Set<() => void>();

export function sessionState(): SessionState {
  return state;
}

export function subscribeToSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function setSession(next: SessionState): void {
  state = next;
  listeners.forEach((listener) => {
    listener();
  });
}

/** Takes up what a log-in or a refresh has brought. */
export function takeTokens(pair: Schemas["TokenPair"]): void {
  const expiresAtMs = Date.now() + pair.expires_in * 1000;
  setSession({ kind: "in", who: { person: pair.person, sessionId: pair.session.id, accessToken: pair.access_token, expiresAtMs } });
}

/** Shows changes of one's own name, address or plan at once. */
export function takePerson(person: Schemas["Person"]): void {
  if (state.kind === "in") setSession({ kind: "in", who: { ...state.who, person } });
}
