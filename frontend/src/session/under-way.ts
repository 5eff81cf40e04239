import { csrfToken } from "./csrf.ts";

const PLACE = "btcforecast-refresh";
/** After so long a refresh that brought no answer is taken for lost. */
const LOST_AFTER_MS = 5_000;
const LOOK_EVERY_MS = 50;

/** Which token was sent, by the last letters of what the page can read of it anyway, and when. */
interface UnderWay {
  readonly mark: string;
  readonly atMs: number;
}

/** Notes that this browser's refresh token is being spent, for a page that may be loaded before the answer is there. */
export function noteRefresh(csrf: string): void {
  try {
    localStorage.setItem(PLACE, JSON.stringify({ mark: markOf(csrf), atMs: Date.now() } satisfies UnderWay));
  } catch {
    // Without storage there is no note; then a reload in the middle of a refresh may end the session, and nothing else.
  }
}

/** Waits until the token that another page was spending has been replaced by its successor, or that has become unlikely. */
export async function awaitSuccessor(): Promise<void> {
  while (isUnderWay(localStorageItem(), csrfToken(document.cookie), Date.now())) {
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_EVERY_MS);
    });
  }
}

export function isUnderWay(noted: string | null, csrf: string | undefined, nowMs: number): boolean {
  if (noted === null || csrf === undefined) return false;
  try {
    const { mark, atMs } = JSON.parse(noted) as UnderWay;
    return mark === markOf(csrf) && nowMs >= atMs && nowMs - atMs < LOST_AFTER_MS;
  } catch {
    return false;
  }
}

function markOf(csrf: string): string {
  return csrf.slice(-8);
}

function localStorageItem(): string | null {
  try {
    return localStorage.getItem(PLACE);
  } catch {
    return null;
  }
}
