import { describe, expect, it } from "vitest";
import { verdict } from "./verdict.ts";

const skill = (baseline: string, name: string, value: number) => ({ baseline, verdict: name, value, n: 100, n_blocks: 30, low: null, high: null, p_value: null, words: "" });
const say = (...figures: ReturnType<typeof skill>[]) => verdict({ model: "day_paths", skill: figures });

describe("the verdict", () => {
  it("names what is proven, with its size", () => {
    expect(say(skill("ewma", "better", 0.035), skill("garch", "better", 0.044), skill("random_walk", "better", 0.031))).toBe(
      "Day paths did better than EWMA (+3.5\u00a0%), GARCH-t (+4.4\u00a0%) and Random walk (+3.1\u00a0%).",
    );
  });

  it("says plainly what is not proven, and what is worse", () => {
    expect(say(skill("ewma", "unproven", 0.01))).toBe("No evidence of skill against EWMA.");
    expect(say(skill("ewma", "worse", -0.02), skill("garch", "unproven", 0))).toBe(
      "Day paths did worse than EWMA (−2.0\u00a0%); no evidence of skill against GARCH-t.",
    );
    expect(say(skill("ewma", "better", 0.02), skill("garch", "worse", -0.01))).toBe(
      "Day paths did better than EWMA (+2.0\u00a0%); worse than GARCH-t (−1.0\u00a0%).",
    );
  });

  it("claims nothing from too few", () => {
    expect(say(skill("ewma", "too_few", 0.3))).toBe("Too few settled forecasts to say.");
    expect(say()).toBe("Too few settled forecasts to say.");
  });
});
