import { type QueryKey, useMutation, type UseMutationResult, useQueryClient } from "@tanstack/react-query";
import { withConfirmation } from "@/session/step-up";
import { eventsQuery } from "./queries.ts";

interface Options<Found> {
  /** What shows the change, and is asked for anew, with the events. Empty for what ends the session: there is nothing left to ask for. */
  readonly changes?: readonly QueryKey[];
  readonly onDone?: (found: Found) => void;
}

/** Something that changes one's account: done once at a time, after a proof of identity where that is wanted. */
export function useAct<Given, Found>(act: (given: Given) => Promise<Found>, { changes = [], onDone }: Options<Found> = {}): UseMutationResult<Found, Error, Given> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (given: Given) => withConfirmation(() => act(given)),
    onSuccess: async (found) => {
      onDone?.(found);
      const shown = changes.length === 0 ? [] : [...changes, eventsQuery.queryKey];
      await Promise.all(shown.map((queryKey) => queries.invalidateQueries({ queryKey })));
    },
  });
}
