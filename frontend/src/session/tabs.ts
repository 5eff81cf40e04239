import { refreshSession } from "./refresh.ts";
import { setSession } from "./store.ts";

const channel = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("btcforecast-session");

/** Tells the other tabs that somebody has logged in or out here. */
export function tellOtherTabs(what: "in" | "out"): void {
  channel?.postMessage(what);
}

/** Follows what other tabs tell. */
export function followOtherTabs(): () => void {
  const hear = (event: MessageEvent<unknown>) => {
    if (event.data === "out") setSession({ kind: "out" });
    if (event.data === "in") void refreshSession().catch(() => undefined);
  };
  channel?.addEventListener("message", hear);
  return () => {
    channel?.removeEventListener("message", hear);
  };
}
