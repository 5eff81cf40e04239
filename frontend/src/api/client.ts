import type { components, paths } from "@generated/schema";
import createClient from "openapi-fetch";
import { toApiError } from "./problem.ts";

export type Schemas = components["schemas"];

/** The API of the server that served the page. */
export const api = createClient<paths>({ baseUrl: "/" });

interface Answered<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** The answer, or an ApiError that says in a sentence why there is none. */
export async function answer<T>(asked: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (data === undefined) throw toApiError(response, error);
  return data;
}

/** Waits for an answer that has nothing in it, or throws an ApiError. */
export async function done(asked: Promise<Answered<unknown>>): Promise<void> {
  const { error, response } = await asked;
  if (!response.ok) throw toApiError(response, error);
}
