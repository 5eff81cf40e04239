import { useEffect, useRef } from "react";
import { ApiError } from "@/api/problem";
import { span } from "@/format/time";
import classes from "./act-error.module.css";

interface Props {
  readonly error: Error | null;
  /** Fields that say themselves what is wrong with them. */
  readonly fields?: readonly string[];
}

/** Why what was asked for was not done, in words; it takes the focus, so that it is read out and found. */
export function ActError({ error, fields = [] }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const isShown = error !== null && !isSaidByFields(error, fields);
  useEffect(() => {
    if (isShown) place.current?.focus();
  }, [isShown, error]);
  if (!isShown) return null;
  return (
    <div ref={place} role="alert" tabIndex={-1} className={classes["error"]}>
      {errorWords(error)}
    </div>
  );
}

/** What a field is told, or undefined. */
export function fieldError(error: Error | null, name: string): string | undefined {
  return error instanceof ApiError ? error.errors.find(({ parameter }) => parameter === name)?.message : undefined;
}

function isSaidByFields(error: Error, fields: readonly string[]): boolean {
  return error instanceof ApiError && error.errors.length > 0 && error.errors.every(({ parameter }) => fields.includes(parameter));
}

function errorWords(error: Error): string {
  if (error instanceof ApiError) {
    const { retryAfterSeconds } = error;
    if (error.kind === "too-many-requests" && retryAfterSeconds !== undefined) return `Too many requests. Try again in ${span(retryAfterSeconds)}.`;
    return error.message;
  }
  // What fetch throws says nothing to people.
  return error instanceof TypeError ? "The server cannot be reached. Are you online?" : error.message;
}
