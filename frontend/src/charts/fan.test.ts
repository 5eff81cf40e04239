import { describe, expect, it } from "vitest";
import { band, fan, quantile, type Reach } from "./fan.ts";

const LEVELS = [0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.97, 0.98, 0.99];
const logit = (p: number) => Math.log(p / (1 - p));
/** A logistic law, whose quantiles are linear in the logit: interpolation must be exact on it. */
const logistic = (seconds: number, scale: number): Reach => ({ seconds, levels: LEVELS, logReturns: LEVELS.map((p) => scale * logit(p)) });

describe("a quantile", () => {
  it("is the published one on the grid, and linear in the logit between", () => {
    const reach = logistic(3600, 0.01);
    expect(quantile(reach, 0.1)).toBe(0.01 * logit(0.1));
    expect(quantile(reach, 0.025)).toBeCloseTo(0.01 * logit(0.025), 12);
    expect(quantile(reach, 0.975)).toBeCloseTo(0.01 * logit(0.975), 12);
    expect(() => quantile(reach, 0.001)).toThrow("no quantile");
  });
});

describe("the fan", () => {
  const reaches = [logistic(3600, 0.002), logistic(4 * 3600, 0.004), logistic(24 * 3600, 0.009)];
  const points = fan(reaches, 90_000, 1_764_547_200, 900);

  it("starts at the spot and ends at the furthest horizon", () => {
    const [first, last] = [points[0], points.at(-1)];
    expect(first?.median).toBe(90_000);
    expect(first?.bands.every(({ low, high }) => low === 90_000 && high === 90_000)).toBe(true);
    expect(last?.at).toBe(1_764_547_200 + 24 * 3600);
    expect(last?.bands.at(-1)).toEqual(band(logistic(24 * 3600, 0.009), 90_000, 50));
  });

  it("goes through every horizon", () => {
    const fourth = points.find(({ at }) => at === 1_764_547_200 + 4 * 3600);
    const wanted = band(logistic(4 * 3600, 0.004), 90_000, 80);
    const found = fourth?.bands.find(({ coverage }) => coverage === 80);
    expect(found?.low).toBeCloseTo(wanted.low, 6);
    expect(found?.high).toBeCloseTo(wanted.high, 6);
  });

  it("keeps to the grid of candles between its ends", () => {
    const asOf = 1_764_547_200 + 300;
    const instants = fan([logistic(3600, 0.002)], 90_000, asOf, 900).map(({ at }) => at - asOf);
    expect(instants).toEqual([0, 600, 1500, 2400, 3300, 3600]);
  });

  it("nests its bands and widens with time", () => {
    let width = -1;
    for (const { bands, median } of points) {
      for (const [i, outer] of bands.entries()) {
        const inner = bands[i + 1];
        expect(outer.low <= (inner?.low ?? median) && outer.high >= (inner?.high ?? median)).toBe(true);
      }
      const now = (bands[0]?.high ?? 0) - (bands[0]?.low ?? 0);
      expect(now).toBeGreaterThan(width);
      width = now;
    }
  });
});
