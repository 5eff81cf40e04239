import { Button, Skeleton } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./states.module.css";

/** What stands in for content that is still on its way. */
export function Loading({ height }: { readonly height: number }) {
  return (
    <div role="status">
      <span className="unseen">Loading</span>
      <Skeleton height={height} />
    </div>
  );
}

interface FailureProps {
  readonly what: string;
  readonly error: Error;
  readonly onRetry?: (() => void) | undefined;
}

/** Says what could not be had, why, and offers another try. */
export function Failure({ what, error, onRetry }: FailureProps) {
  return (
    <div role="alert" className={classes["failure"]}>
      <p>
        <strong>{what} could not be loaded.</strong> {error.message}
      </p>
      {onRetry !== undefined && (
        <Button variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** Says why there is nothing yet, and when there will be. */
export function Empty({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className={classes["empty"]}>
      <h2>{title}</h2>
      <div className="muted">{children}</div>
    </div>
  );
}
