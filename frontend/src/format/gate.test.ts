import { describe, expect, it } from "vitest";
import { describeMeasure, gateSentence, limitsOf, whatFollows } from "./gate.ts";
import { toSeconds } from "./time.ts";

const gate = {
  state: "open",
  since: null,
  champion: "multiscale",
  served_model: "multiscale",
  judged_at: "2025-12-01T14:00:20Z",
} as const;
const since = "2025-12-01T14:00:00Z";

describe("the gate in a sentence", () => {
  it("says the state, since when, and who is served", () => {
    expect(gateSentence(gate)).toBe("Open from the start: the champion, Multiscale, is served.");
    expect(gateSentence({ ...gate, since })).toBe("Open since 1 Dec 2025, 14:00 UTC: the champion, Multiscale, is served.");
    expect(gateSentence({ ...gate, since, state: "demoted", served_model: "day_paths" })).toBe(
      "Demoted since 1 Dec 2025, 14:00 UTC: Day paths is served in place of the champion, Multiscale.",
    );
    expect(gateSentence({ ...gate, since, state: "suspended", served_model: null })).toBe("Suspended since 1 Dec 2025, 14:00 UTC: no forecast is served.");
    expect(gateSentence({ ...gate, since, state: "withheld", served_model: null })).toBe("Withheld since 1 Dec 2025, 14:00 UTC: no forecast is served.");
  });

  it("claims nothing before the first cycle", () => {
    expect(gateSentence({ ...gate, judged_at: null, served_model: null })).toBe("Open: no cycle has passed the gate yet; Multiscale is champion.");
  });
});

describe("what follows", () => {
  const at = toSeconds("2025-12-01T15:00:00Z");

  it("tells a failed check, which the next cycle may heal, from a score that has to recover", () => {
    expect(whatFollows({ state: "demoted", standing: "open" }, at)).toContain("with the next cycle, at 15:00 UTC, if its own checks hold");
    expect(whatFollows({ state: "demoted", standing: "demoted" }, at)).toContain("when its score is clearly good enough again");
    expect(whatFollows({ state: "suspended", standing: "suspended" }, at)).toContain("kept its band");
    expect(whatFollows({ state: "withheld", standing: "open" }, undefined)).toContain("judged anew with the next cycle.");
  });
});

describe("a measure", () => {
  const told = (name: string, value: number) => {
    const { name: words, text } = describeMeasure(name);
    return `${words}: ${text(value)}`;
  };

  it("has its name in words and its unit", () => {
    expect(told("newest_candle_age_s", 20)).toBe("Age of the newest candle: 20 seconds");
    expect(told("missing_percent_of_last_288", 1.25)).toBe("Missing of the last day’s candles: 1.3\u00a0%");
    expect(told("newest_candle_spike", 4.2)).toBe("Newest move ÷ the week’s median move: 4.20 times");
    expect(told("champion_tracking", 0.1234)).toBe("Largest recalibration of a width, log factor: 0.123");
    expect(told("score_to_garch", 0.98765)).toBe("Mean CRPS ÷ GARCH-t’s: 0.9877");
    expect(told("fallback_coverage_24h", 89.44)).toBe("Fallback, 24h ahead: 89.4\u00a0%");
  });

  it("keeps its own name where this page does not know it", () => {
    expect(told("moon_phase", 3)).toBe("moon phase: 3");
  });

  it("has limits in its unit", () => {
    expect(limitsOf({ name: "newest_candle_age_s", low: null, high: 600 })).toBe("at most 10 minutes");
    expect(limitsOf({ name: "champion_coverage_1h", low: 87, high: 93 })).toBe("87.0\u00a0% to 93.0\u00a0%");
    expect(limitsOf({ name: "champion_scale_ratio", low: 1 / 6, high: 6 })).toBe("0.17 times to 6.00 times");
    expect(limitsOf({ name: "moon_phase", low: 1, high: null })).toBe("at least 1");
  });
});
