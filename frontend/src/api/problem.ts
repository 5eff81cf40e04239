/** What is wrong with one field of what was sent. */
export interface FieldError {
  readonly parameter: string;
  readonly message: string;
}

interface More {
  readonly errors?: readonly FieldError[] | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

/** An answer that says why there is none (RFC 9457). */
export class ApiError extends Error {
  /** What is wrong with which field, where that is known. */
  readonly errors: readonly FieldError[];
  /** After how many seconds it may be tried again, where the server said so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly status: number,
    message: string,
    /** The kind of problem, such as forecasts-withheld; none where a proxy answered. */
    readonly kind?: string,
    more: More = {},
  ) {
    super(message);
    this.errors = more.errors ?? [];
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}

/** The sentence in a problem document, or one of our own where a proxy answered instead. */
export function toApiError(response: Pick<Response, "status"> & { readonly headers?: Headers }, body: unknown): ApiError {
  const { status } = response;
  const retryAfter = Number(response.headers?.get("retry-after") ?? Number.NaN);
  const retryAfterSeconds = Number.isFinite(retryAfter) ? retryAfter : undefined;
  if (typeof body === "object" && body !== null) {
    const { detail, title, type, errors } = body as { detail?: unknown; title?: unknown; type?: unknown; errors?: unknown };
    const kind = typeof type === "string" ? type.split("#problem-")[1] : undefined;
    const more = { errors: Array.isArray(errors) ? (errors as FieldError[]) : [], retryAfterSeconds };
    if (typeof detail === "string") return new ApiError(status, detail, kind, more);
    if (typeof title === "string") return new ApiError(status, title, kind, more);
  }
  return new ApiError(status, `The server answered with status ${status}.`, undefined, { retryAfterSeconds });
}
