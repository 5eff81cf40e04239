import { DAY, HOUR } from "@/format/time";

/** Steps of time that people count in, seconds. */
const STEPS = [300, 600, 900, 1800, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY, 15 * DAY];

/** Spans from the first step up to `end`, at most `n` of them, each of which words can tell from the others. */
export function spanTicks(end: number, n: number): number[] {
  // Words speak of whole hours beyond an hour, and of whole days beyond two days.
  const least = end > 2 * DAY ? DAY : end > HOUR ? HOUR : 0;
  const step = STEPS.find((candidate) => candidate >= least && end / candidate < n + 1) ?? 30 * DAY;
  return Array.from({ length: Math.floor(end / step) }, (_, i) => (i + 1) * step);
}
