/** An answer that says why there is none (RFC 9457). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** The kind of problem, such as forecasts-withheld; none where a proxy answered. */
    readonly kind?: string,
  ) {
    super(message);
  }
}

/** The sentence in a problem document, or one of our own where a proxy answered instead. */
export function toApiError(status: number, body: unknown): ApiError {
  if (typeof body === "object" && body !== null) {
    const { detail, title, type } = body as { detail?: unknown; title?: unknown; type?: unknown };
    const kind = typeof type === "string" ? type.split("#problem-")[1] : undefined;
    if (typeof detail === "string") return new ApiError(status, detail, kind);
    if (typeof title === "string") return new ApiError(status, title, kind);
  }
  return new ApiError(status, `The server answered with status ${status}.`);
}
