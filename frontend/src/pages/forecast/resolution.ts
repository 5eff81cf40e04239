import type { Schemas } from "@/api/client";
import { DAY, HOUR } from "@/format/time";

/** How finely candles are drawn for a horizon, and how much of the past. */
export interface Resolution {
  readonly interval: Schemas["CandleWidth"];
  readonly step: number;
  readonly history: number;
}

const RESOLUTIONS: readonly (readonly [upTo: number, Resolution])[] = [
  [HOUR, { interval: "5m", step: 300, history: 8 * HOUR }],
  [4 * HOUR, { interval: "5m", step: 300, history: 14 * HOUR }],
  [DAY, { interval: "15m", step: 900, history: 3 * DAY }],
  [3 * DAY, { interval: "1h", step: HOUR, history: 9 * DAY }],
  [7 * DAY, { interval: "4h", step: 4 * HOUR, history: 24 * DAY }],
];
const COARSEST: Resolution = { interval: "1d", step: DAY, history: 100 * DAY };

export function resolutionFor(horizonSeconds: number): Resolution {
  return RESOLUTIONS.find(([upTo]) => horizonSeconds <= upTo)?.[1] ?? COARSEST;
}
