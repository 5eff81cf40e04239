import { describe, expect, it } from "vitest";
import { toApiError } from "./problem.ts";

describe("a problem", () => {
  it("says why in a sentence, and of which kind it is", () => {
    const error = toApiError({ status: 503 }, { type: "/docs#problem-forecasts-withheld", title: "Forecasts withheld", detail: "Two candles are missing." });
    expect([error.status, error.message, error.kind]).toEqual([503, "Two candles are missing.", "forecasts-withheld"]);
  });

  it("has no kind where a proxy answered", () => {
    expect(toApiError({ status: 502 }, "<html>").kind).toBeUndefined();
    expect(toApiError({ status: 502 }, "<html>").message).toBe("The server answered with status 502.");
  });

  it("says which field is wrong, and when to come again", () => {
    const body = { type: "/docs#problem-too-many-requests", detail: "Wait.", errors: [{ parameter: "password", message: "Too short." }] };
    const error = toApiError({ status: 429, headers: new Headers({ "Retry-After": "30" }) }, body);
    expect([error.errors, error.retryAfterSeconds]).toEqual([[{ parameter: "password", message: "Too short." }], 30]);
  });
});
