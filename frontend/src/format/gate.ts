/** The publish gate in words. */

import type { Schemas } from "@/api/client";
import { modelName } from "./names.ts";
import { count } from "./numbers.ts";
import { instant, span, timeOfDay, toSeconds } from "./time.ts";

type Gate = Schemas["Gate"];
type Measure = Schemas["GateMeasure"];

/** How the gate stands, as one sentence. */
export function gateSentence(gate: Pick<Gate, "state" | "since" | "champion" | "served_model" | "judged_at">): string {
  const since = gate.since === null ? "" : ` since ${instant(toSeconds(gate.since))}`;
  if (gate.judged_at === null) return `Open: no cycle has passed the gate yet; ${modelName(gate.champion)} is champion.`;
  switch (gate.state) {
    case "open":
      return `Open${since === "" ? " from the start" : since}: the champion, ${modelName(gate.champion)}, is served.`;
    case "demoted":
      return `Demoted${since}: ${modelName(gate.served_model ?? "the fallback")} is served in place of the champion, ${modelName(gate.champion)}.`;
    case "suspended":
      return `Suspended${since}: no forecast is served.`;
    case "withheld":
      return `Withheld${since}: no forecast is served.`;
  }
}

/** What ends a state other than open. nextAt: when the next cycle is judged, in Unix seconds. */
export function whatFollows({ state, standing }: Pick<Gate, "state" | "standing">, nextAt: number | undefined): string {
  const next = nextAt === undefined ? "the next cycle" : `the next cycle, at ${timeOfDay(nextAt)}`;
  switch (state) {
    case "open":
      return `It is judged anew with ${next}.`;
    case "demoted":
      return standing === "demoted"
        ? "The champion comes back when its score is clearly good enough again; until then it is sealed and scored without being served."
        : `The champion comes back with ${next}, if its own checks hold then.`;
    case "suspended":
      return "Forecasts come back when every coverage that can be judged has kept its band for the whole recovery span, by default a day. Until then each one is sealed and scored as before.";
    case "withheld":
      return `It is judged anew with ${next}. Whatever was computed is sealed and scored as before.`;
  }
}

export const STATE_TONES = { open: "good", demoted: "warn", suspended: "bad", withheld: "bad" } as const;

export const GROUPS: readonly { readonly group: Measure["group"]; readonly name: string }[] = [
  { group: "inputs", name: "Inputs" },
  { group: "champion", name: "What the champion says of itself" },
  { group: "fallback", name: "What the fallback says of itself" },
  { group: "scores", name: "The champion’s score" },
  { group: "coverage", name: "Coverage of the 90 % interval" },
];

interface Described {
  readonly name: string;
  readonly text: (value: number) => string;
}

const times = (value: number) => `${value < 0.1 ? value.toFixed(3) : value < 100 ? value.toFixed(2) : count(value)} times`;
const ofHundred = (value: number) => `${value.toFixed(1)}\u00a0%`;
const plain = (value: number) => (Number.isInteger(value) ? count(value) : value.toPrecision(3));
const ratio = (value: number) => value.toFixed(4);

const DESCRIBED: Readonly<Record<string, Described>> = {
  newest_candle_age_s: { name: "Age of the newest candle", text: span },
  missing_of_last_12: { name: "Missing of the last 12 candles", text: count },
  missing_percent_of_last_288: { name: "Missing of the last day’s candles", text: ofHundred },
  newest_candle_spike: { name: "Newest move ÷ the week’s median move", text: times },
  score_to_fallback: { name: "Mean CRPS ÷ the fallback’s", text: ratio },
  score_to_garch: { name: "Mean CRPS ÷ GARCH-t’s", text: ratio },
};

const OWN: Readonly<Record<string, Described>> = {
  scale_ratio: { name: "Scale ÷ its mean over 90 days", text: times },
  tracking: { name: "Largest recalibration of a width, log factor", text: (value) => value.toFixed(3) },
};

/** A measure's name in words, and how its figures are written. One that this page does not know keeps its own name. */
export function describeMeasure(name: string): Described {
  const known = DESCRIBED[name];
  if (known !== undefined) return known;
  const [role = "", ...rest] = name.split("_");
  const own = OWN[rest.join("_")];
  if (own !== undefined) return own;
  if (rest[0] === "coverage") return { name: `${role === "champion" ? "Champion" : "Fallback"}, ${rest[1] ?? ""} ahead`, text: ofHundred };
  return { name: name.replaceAll("_", " "), text: plain };
}

/** The limits of a measure: at most 2; 87.0 % to 93.0 %. */
export function limitsOf({ name, low, high }: Pick<Measure, "name" | "low" | "high">): string {
  const { text } = describeMeasure(name);
  if (low !== null && high !== null) return `${text(low)} to ${text(high)}`;
  if (high !== null) return `at most ${text(high)}`;
  return low === null ? "none" : `at least ${text(low)}`;
}
