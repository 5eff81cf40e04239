import { describe, expect, it } from "vitest";
import { binReliability, reliability } from "./calibration.ts";

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

describe("the reliability of questions", () => {
  it("is what came true at what was stated on average, with what chance allows", () => {
    const [point] = binReliability([{ mean_probability: 0.5, observed: 0.4, n: 1000 }], 100);
    expect(point).toEqual({ stated: 0.5, observed: 0.4, low: 0.402, high: 0.598 });
  });

  it("counts no more independent questions than a bin holds", () => {
    const width = (n: number) => binReliability([{ mean_probability: 0.5, observed: 0.4, n }], 100).map(({ low, high }) => high - low)[0];
    expect(width(4)).toBeCloseTo(0.98, 12);
    expect(width(100)).toBe(width(5000));
  });
});
