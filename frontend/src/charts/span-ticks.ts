import { DAY, HOUR } from "@/format/time";

/** Steps of time that people count in, seconds. */
const STEPS = [300, 600, 900, 1800, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY, 15 * DAY];

/** Spans from the first step up to `end`, at most `n` of them. */
export function spanTicks(end: number, n: number): number[] {
  const step = STEPS.find((candidate) => end / candidate < n + 1) ?? 30 * DAY;
  return Array.from({ length: Math.floor(end / step) }, (_, i) => (i + 1) * step);
}
