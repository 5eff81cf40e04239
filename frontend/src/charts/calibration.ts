/** Calibration figures out of a histogram of PIT values, or of what questions were given. */
import type { ReliabilityPoint } from "./reliability-plot.tsx";

const Z95 = 1.96;

/**
 * The share of outcomes at or below each stated probability, at the histogram's edges.
 *
 * low, high: where that share of a calibrated forecast lies in 95 of 100 cases, when there are `nIndependent` outcomes.
 */
export function reliability(counts: readonly number[], nIndependent: number): ReliabilityPoint[] {
  const n = counts.reduce((sum, value) => sum + value, 0);
  if (n === 0) return [];
  let below = 0;
  return counts.slice(0, -1).map((value, i) => {
    below += value;
    const stated = (i + 1) / counts.length;
    return { stated, observed: below / n, ...byChance(stated, nIndependent) };
  });
}

interface Bin {
  readonly mean_probability: number;
  readonly observed: number;
  readonly n: number;
}

/** How often questions came true by what they were given. A bin holds no more independent ones than there are stretches of time. */
export function binReliability(bins: readonly Bin[], nIndependent: number): ReliabilityPoint[] {
  return bins.map(({ mean_probability: stated, observed, n }) => ({ stated, observed, ...byChance(stated, Math.min(n, nIndependent)) }));
}

function byChance(stated: number, nIndependent: number): { low: number; high: number } {
  const chance = Z95 * Math.sqrt((stated * (1 - stated)) / Math.max(1, nIndependent));
  return { low: Math.max(0, stated - chance), high: Math.min(1, stated + chance) };
}
