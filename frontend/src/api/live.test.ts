import { describe, expect, it } from "vitest";
import { renewedBy } from "./live.ts";
import { keys } from "./queries.ts";

describe("an event", () => {
  it("renews what depends on the gate when the gate changes", () => {
    expect(renewedBy("gate")).toEqual(expect.arrayContaining([keys.status, keys.latest, keys.gate, keys.ledger]));
    expect(renewedBy("gate")).not.toContain(keys.candles);
  });

  it("renews who reigns and how they drift when a champion follows another", () => {
    expect(renewedBy("reign")).toEqual(expect.arrayContaining([keys.models, keys.gate, keys.drift]));
  });

  it("renews everything but the price when events were lost", () => {
    const others = Object.values(keys).filter((key) => key !== keys.price);
    expect(new Set(renewedBy("reset"))).toEqual(new Set(others));
  });
});
