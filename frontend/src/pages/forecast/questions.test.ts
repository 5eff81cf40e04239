import { describe, expect, it } from "vitest";
import { toSeconds } from "@/format/time";
import { questionWords } from "./question-words.ts";
import { roundLevel } from "./round-level.ts";

describe("a level to ask about", () => {
  it("is round and near the price", () => {
    expect(roundLevel(90_909)).toBe(91_000);
    expect(roundLevel(3.4567)).toBe(3.46);
  });

  it("differs for prices two hundredths apart, whatever the price", () => {
    for (let spot = 0.5; spot < 1e7; spot *= 1.013) {
      const [low, high] = [roundLevel(spot * 0.99), roundLevel(spot * 1.01)];
      expect(low).toBeLessThan(high);
      expect(Math.abs(high / (spot * 1.01) - 1)).toBeLessThan(0.006);
    }
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
