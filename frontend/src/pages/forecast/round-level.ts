/** A level that a person would ask about: near the price, in steps of 1, 2 or 5 that are at most a hundredth of it. */
export function roundLevel(value: number): number {
  const most = value / 100;
  const size = 10 ** Math.floor(Math.log10(most));
  const step = size * ([5, 2].find((factor) => factor * size <= most) ?? 1);
  // Multiplying leaves 3.4000000000000004 where 3.4 is meant.
  return Number((Math.round(value / step) * step).toPrecision(12));
}
