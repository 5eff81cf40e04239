import { describe, expect, it } from "vitest";
import { linear, spanOf, ticks } from "./scale.ts";

describe("ticks", () => {
  it("are round, inside, and about as many as asked", () => {
    expect(ticks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks(-0.031, 0.047, 4)).toEqual([-0.02, 0, 0.02, 0.04]);
    expect(ticks(3, 3, 4)).toEqual([3]);
  });
});

describe("a scale", () => {
  it("maps ends to ends and does not divide by nothing", () => {
    expect(linear([0, 10], [100, 200])(5)).toBe(150);
    expect(linear([4, 4], [0, 1])(4)).toBe(0);
  });
});

describe("the span of values", () => {
  it("holds zero and every value", () => {
    const [low, high] = spanOf([0.02, 0.05], 0.01);
    expect(low).toBeLessThan(-0.009);
    expect(high).toBeGreaterThan(0.05);
  });
});
