import { answer, api } from "@/api/client";
import { ApiError } from "@/api/problem";
import { csrfToken } from "./csrf.ts";
import { awaitSuccessor, noteRefresh } from "./under-way.ts";
import { sessionState, setSession, takeTokens } from "./store.ts";

const LOCK = "btcforecast-refresh";
/** So long before an access token ends the next one is fetched. */
const EARLY_MS = 60_000;

/**
 * Fetches the next access token, if this browser holds a session. isNeeded: asked again when it is this request's turn, because
 * another one may have fetched it meanwhile.
 *
 * A refresh token counts once, and a spent one that comes back ends the session. So one tab at a time asks (Web Locks), each with
 * the cookie that the one before has left; a request that is under way outlives its page (keepalive), and the page that takes that
 * one's place waits for what it brings.
 */
export async function refreshSession(isNeeded: () => boolean = () => true): Promise<void> {
  const refresh = async () => {
    if (isNeeded()) await refreshNow();
  };
  // Without TLS, on another machine than this one, browsers have no locks; then a single tab has to do.
  if (typeof navigator.locks === "undefined") return refresh();
  await navigator.locks.request(LOCK, refresh);
}

/** A token that counts for some time yet, or undefined where nobody is logged in. */
export async function freshAccessToken(): Promise<string | undefined> {
  if (isDue()) await refreshSession(isDue);
  const now = sessionState();
  return now.kind === "in" ? now.who.accessToken : undefined;
}

function isDue(): boolean {
  const now = sessionState();
  return now.kind === "unknown" || (now.kind === "in" && now.who.expiresAtMs - EARLY_MS < Date.now());
}

async function refreshNow(): Promise<void> {
  await awaitSuccessor();
  const csrf = csrfToken(document.cookie);
  if (csrf === undefined) {
    setSession({ kind: "out" });
    return;
  }
  noteRefresh(csrf);
  try {
    takeTokens(await answer(api.POST("/v1/auth/refresh", { body: {}, headers: { "X-CSRF-Token": csrf }, keepalive: true })));
  } catch (error) {
    // What the server refuses has ended; what it cannot answer at the moment may go on later.
    const isOver = error instanceof ApiError && error.status < 500 && error.status !== 429;
    if (isOver || sessionState().kind === "unknown") setSession({ kind: "out" });
    if (!isOver) throw error;
  }
}
