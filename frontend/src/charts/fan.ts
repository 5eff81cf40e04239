/** The forecast between its horizons, for drawing. */

/** A distribution of the log return at one reach; levels increase strictly and so do the quantiles. */
export interface Reach {
  readonly seconds: number;
  readonly levels: readonly number[];
  readonly logReturns: readonly number[];
}

export const COVERAGES = [50, 80, 90, 95] as const;
export type Coverage = (typeof COVERAGES)[number];

export interface Band {
  readonly coverage: Coverage;
  readonly low: number;
  readonly high: number;
}

export interface FanPoint {
  readonly at: number;
  readonly median: number;
  /** Widest first, in prices. */
  readonly bands: readonly Band[];
}

const logit = (p: number) => Math.log(p / (1 - p));

/** The quantile at a level: linear in the logit between two levels, as everywhere in the service. */
export function quantile({ levels, logReturns }: Reach, level: number): number {
  const above = levels.findIndex((p) => p >= level - 1e-9);
  const [p1, q1] = [levels[above], logReturns[above]];
  if (p1 === undefined || q1 === undefined) throw new Error(`The forecast has no quantile at ${level}.`);
  if (Math.abs(p1 - level) < 1e-9) return q1;
  const [p0, q0] = [levels[above - 1], logReturns[above - 1]];
  if (p0 === undefined || q0 === undefined) throw new Error(`The forecast has no quantile at ${level}.`);
  return q0 + ((q1 - q0) * (logit(level) - logit(p0))) / (logit(p1) - logit(p0));
}

/** The central interval, in prices. */
export function band(reach: Reach, spot: number, coverage: Coverage): Band {
  const tail = (1 - coverage / 100) / 2;
  return { coverage, low: spot * Math.exp(quantile(reach, tail)), high: spot * Math.exp(quantile(reach, 1 - tail)) };
}

/**
 * The fan from `asOf` to the furthest reach: at both, and between them wherever a candle of `step` seconds opens.
 *
 * Between two horizons each quantile goes with the square root of time, as a random walk's would; the forecast itself speaks
 * only of its horizons.
 */
export function fan(reaches: readonly Reach[], spot: number, asOf: number, step: number): FanPoint[] {
  const last = reaches.at(-1);
  if (last === undefined) return [];
  const instants = [asOf];
  for (let at = (Math.floor(asOf / step) + 1) * step; at < asOf + last.seconds; at += step) instants.push(at);
  instants.push(asOf + last.seconds);
  return instants.map((at) => point(reaches, spot, asOf, at));
}

function point(reaches: readonly Reach[], spot: number, asOf: number, at: number): FanPoint {
  const elapsed = at - asOf;
  const next = reaches.findIndex(({ seconds }) => seconds >= elapsed);
  const after = reaches[next];
  if (after === undefined) throw new Error("The instant lies beyond the forecast.");
  const before = reaches[next - 1];
  const start = Math.sqrt(before?.seconds ?? 0);
  const weight = (Math.sqrt(elapsed) - start) / (Math.sqrt(after.seconds) - start);
  const priceAt = (level: number) => {
    const from = before === undefined ? 0 : quantile(before, level);
    return spot * Math.exp(from + weight * (quantile(after, level) - from));
  };
  const bands = COVERAGES.toReversed().map((coverage) => {
    const tail = (1 - coverage / 100) / 2;
    return { coverage, low: priceAt(tail), high: priceAt(1 - tail) };
  });
  return { at, median: priceAt(0.5), bands };
}
