import { answer, api } from "@/api/client";
import { ApiError } from "@/api/problem";
import { csrfToken } from "./csrf.ts";
import { sessionState, setSession, takeTokens } from "./store.ts";

const LOCK = "btcforecast-refresh";
/** So long before an access token ends the next one is fetched. */
const EARLY_MS = 60_000;

/**
 * Fetches the next access token, if this browser holds a session.
 *
 * A refresh token counts once, and a spent one that comes back ends the session. So one tab at a time asks (Web Locks), each with
 * the cookie that the one before has left, and a request that is under way outlives its page (keepalive).
 */
export async function refreshSession(): Promise<void> {
  // Without TLS, on another machine than this one, browsers have no locks; then a single tab has to do.
  if (typeof navigator.locks === "undefined") return refreshNow();
  await navigator.locks.request(LOCK, refreshNow);
}

/** A token that counts for some time yet, or undefined where nobody is logged in. */
export async function freshAccessToken(): Promise<string | undefined> {
  const now = sessionState();
  if (now.kind === "unknown" || (now.kind === "in" && now.who.expiresAtMs - EARLY_MS < Date.now())) await refreshSession();
  const then = sessionState();
  return then.kind === "in" ? then.who.accessToken : undefined;
}

async function refreshNow(): Promise<void> {
  const csrf = csrfToken(document.cookie);
  if (csrf === undefined) {
    setSession({ kind: "out" });
    return;
  }
  try {
    takeTokens(await answer(api.POST("/v1/auth/refresh", { body: {}, headers: { "X-CSRF-Token": csrf }, keepalive: true })));
  } catch (error) {
    // What the server refuses has ended; what it cannot answer at the moment may go on later.
    const isOver = error instanceof ApiError && error.status < 500 && error.status !== 429;
    if (isOver || sessionState().kind === "unknown") setSession({ kind: "out" });
    if (!isOver) throw error;
  }
}
