import { describe, expect, it } from "vitest";
import { sentence } from "./names.ts";
import { fromLogReturn, livePrice, price, probability, signedPercent } from "./numbers.ts";
import { ago, instant, span, spanSeconds, toSeconds } from "./time.ts";

describe("a price", () => {
  it("has the decimals that its size deserves, and its unit", () => {
    expect(price(86_120.4, "BTC/USD")).toBe("$86,120");
    expect(price(3.4217, "ADA/USD")).toBe("$3.422");
    expect(price(86_120.4, "BTC/USDT")).toBe("86,120 USDT");
    expect(livePrice(86_120.4, "BTC/USD")).toBe("$86,120.40");
  });
});

describe("a sentence", () => {
  it("begins with a capital, ends with one full stop and keeps percent signs with their numbers", () => {
    expect(sentence("held 95.0 % of outcomes")).toBe("Held 95.0\u00a0% of outcomes.");
    expect(sentence("Too wide.")).toBe("Too wide.");
  });
});

describe("a probability", () => {
  it("is never certain", () => {
    expect(probability(0)).toBe("under 0.1\u00a0%");
    expect(probability(1)).toBe("over 99.9\u00a0%");
  });

  it("keeps a decimal near its ends only", () => {
    expect(probability(0.034)).toBe("3.4\u00a0%");
    expect(probability(0.5)).toBe("50\u00a0%");
    expect(probability(0.966)).toBe("96.6\u00a0%");
  });
});

describe("a signed share", () => {
  it("has a true sign, and none when it rounds to nothing", () => {
    expect(signedPercent(-0.0312)).toBe("−3.1\u00a0%");
    expect(signedPercent(0.0312)).toBe("+3.1\u00a0%");
    expect(signedPercent(-0.0001)).toBe("0.0\u00a0%");
    expect(fromLogReturn(Math.log(1.05))).toBe("+5.00\u00a0%");
  });
});

describe("a span", () => {
  it("is read from text and put into words", () => {
    expect(["1h", "24h", "3d", "30d", "5m"].map(spanSeconds).map(span)).toEqual([
      "1 hour",
      "24 hours",
      "3 days",
      "30 days",
      "5 minutes",
    ]);
    expect(() => spanSeconds("soon")).toThrow("not a span");
  });
});

describe("an instant", () => {
  it("is told in UTC, and from now", () => {
    const at = toSeconds("2025-12-01T14:00:00Z");
    expect(instant(at)).toBe("1 Dec 2025, 14:00 UTC");
    expect(ago(at, at + 2)).toBe("just now");
    expect(ago(at, at + 180)).toBe("3 minutes ago");
    expect(ago(at, at - 7200)).toBe("in 2 hours");
  });
});
