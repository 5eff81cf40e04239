import { describe, expect, it } from "vitest";
import { reliability } from "./calibration.ts";

describe("reliability", () => {
  it("lies on the diagonal when outcomes fall evenly", () => {
    for (const { stated, observed } of reliability(Array.from({ length: 20 }, () => 7), 140)) {
      expect(observed).toBeCloseTo(stated, 12);
    }
  });

  it("counts what fell at or below each edge", () => {
    expect(reliability([3, 0, 0, 1], 4).map(({ stated, observed }) => [stated, observed])).toEqual([
      [0.25, 0.75],
      [0.5, 0.75],
      [0.75, 0.75],
    ]);
  });

  it("allows more to chance when outcomes are fewer, and never leaves 0 to 1", () => {
    const width = (n: number) => reliability([1, 1, 1, 1], n).map(({ low, high }) => high - low);
    expect(width(10).every((wide, i) => wide > (width(1000)[i] ?? 2))).toBe(true);
    expect(reliability([1, 1], 1)).toEqual([{ stated: 0.5, observed: 0.5, low: 0, high: 1 }]);
  });

  it("is empty without outcomes", () => {
    expect(reliability([0, 0], 0)).toEqual([]);
  });
});
