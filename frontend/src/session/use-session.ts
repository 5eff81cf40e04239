import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { refreshSession } from "./refresh.ts";
import { sessionState, subscribeToSession, type SessionState } from "./store.ts";
import { followOtherTabs } from "./tabs.ts";

export function useSession(): SessionState {
  return useSyncExternalStore(subscribeToSession, sessionState);
}

/** Asks once whether this browser holds a session, follows other tabs, and forgets what was one's own at the end. */
export function useSessionKeeper(): void {
  const queries = useQueryClient();
  const { kind } = useSession();
  useEffect(() => {
    if (sessionState().kind === "unknown") void refreshSession().catch(() => undefined);
    return followOtherTabs();
  }, []);
  useEffect(() => {
    if (kind === "out") queries.removeQueries({ queryKey: ["mine"] });
  }, [kind, queries]);
}
