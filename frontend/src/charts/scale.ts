/** Scales and ticks for the page's own plots. */

export type Scale = (value: number) => number;

export function linear(from: readonly [number, number], to: readonly [number, number]): Scale {
  const width = from[1] - from[0] || 1;
  return (value) => to[0] + ((value - from[0]) / width) * (to[1] - to[0]);
}

/** Round numbers from `low` to `high`, about `n` of them. */
export function ticks(low: number, high: number, n: number): number[] {
  const rough = (high - low) / Math.max(1, n);
  if (!(rough > 0)) return [low];
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = size * ([1, 2, 2.5, 5, 10].find((factor) => factor * size >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Multiplying keeps 0.3 from becoming 0.30000000000000004 by adding.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** The span of the values with zero in it and a little air. */
export function spanOf(values: readonly number[], least: number): [number, number] {
  const low = Math.min(0, ...values, -least);
  const high = Math.max(0, ...values, least);
  const air = (high - low) * 0.04;
  return [low - air, high + air];
}
