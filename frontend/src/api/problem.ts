/** An answer that says why there is none (RFC 9457). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The sentence in a problem document, or one of our own where a proxy answered instead. */
export function toApiError(status: number, body: unknown): ApiError {
  if (typeof body === "object" && body !== null) {
    const { detail, title } = body as { detail?: unknown; title?: unknown };
    if (typeof detail === "string") return new ApiError(status, detail);
    if (typeof title === "string") return new ApiError(status, title);
  }
  return new ApiError(status, `The server answered with status ${status}.`);
}
