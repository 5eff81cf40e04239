import { describe, expect, it } from "vitest";
import { toSeconds } from "@/format/time";
import { questionWords } from "./question-words.ts";
import { roundLevel } from "./round-level.ts";

describe("a level to ask about", () => {
  it("is round and near the price", () => {
    expect(roundLevel(90_909)).toBe(91_000);
    expect(roundLevel(3.4567)).toBe(3.457);
  });
});

describe("a question", () => {
  const at = toSeconds("2025-12-01T14:00:00Z");

  it("is told with its levels and its instant", () => {
    expect(questionWords({ kind: "above", price: 91_000, at }, "BTC/USD")).toBe("that the price ends above $91,000 at 1 Dec 2025, 14:00 UTC.");
    expect(questionWords({ kind: "between", low: 89_000, high: 91_000, at }, "BTC/USD")).toBe(
      "that the price ends between $89,000 and $91,000 at 1 Dec 2025, 14:00 UTC.",
    );
    expect(questionWords({ kind: "touch", price: 91_000, at }, "BTC/USD")).toBe("that the price touches $91,000 before 1 Dec 2025, 14:00 UTC.");
  });
});
