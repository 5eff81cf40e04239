import { describe, expect, it } from "vitest";
import { toApiError } from "./problem.ts";

describe("a problem", () => {
  it("says why in a sentence, and of which kind it is", () => {
    const error = toApiError(503, { type: "/docs#problem-forecasts-withheld", title: "Forecasts withheld", detail: "Two candles are missing." });
    expect([error.status, error.message, error.kind]).toEqual([503, "Two candles are missing.", "forecasts-withheld"]);
  });

  it("has no kind where a proxy answered", () => {
    expect(toApiError(502, "<html>").kind).toBeUndefined();
    expect(toApiError(502, "<html>").message).toBe("The server answered with status 502.");
  });
});
