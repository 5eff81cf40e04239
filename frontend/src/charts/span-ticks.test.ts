import { describe, expect, it } from "vitest";
import { DAY, HOUR, span } from "@/format/time";
import { spanTicks } from "./span-ticks.ts";

describe("ticks of a span", () => {
  it("are steps that people count in, no more than asked", () => {
    expect(spanTicks(DAY, 4).map(span)).toEqual(["6 hours", "12 hours", "18 hours", "24 hours"]);
    expect(spanTicks(30 * DAY, 3).map(span)).toEqual(["10 days", "20 days", "30 days"]);
    expect(spanTicks(HOUR, 2).map(span)).toEqual(["30 minutes", "1 hour"]);
    expect(spanTicks(7 * DAY + 300, 7)).toHaveLength(7);
  });

  it("have words that differ", () => {
    for (let end = 600; end <= 30 * DAY; end += 1500) {
      const words = spanTicks(end, 10).map(span);
      expect(new Set(words).size).toBe(words.length);
    }
  });

  it("are none in a span shorter than a step", () => {
    expect(spanTicks(200, 4)).toEqual([]);
  });
});
