import type { ErrorComponentProps } from "@tanstack/react-router";
import { Failure } from "./states.tsx";

/** What stands in for a page that broke; the rest of the layout keeps working. */
export function PageFailure({ error, reset }: ErrorComponentProps) {
  return <Failure what="This page" error={error instanceof Error ? error : new Error(String(error))} onRetry={reset} />;
}
