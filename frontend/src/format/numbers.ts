/** Numbers for people; one formatter each, made once, because making them is slow. */

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export function quoteName(symbol: string): string {
  return symbol.split("/")[1] ?? "";
}

function quoteSign(symbol: string): { before: string; after: string } {
  const quote = quoteName(symbol);
  // Dollar-pegged coins are named, because they are not dollars.
  if (quote === "USD") return { before: "$", after: "" };
  if (quote === "EUR") return { before: "€", after: "" };
  if (quote === "GBP") return { before: "£", after: "" };
  return { before: "", after: quote === "" ? "" : ` ${quote}` };
}

/** A price with as many decimals as its size deserves: $86,120 but $3.42. */
export function price(value: number, symbol: string): string {
  const { before, after } = quoteSign(symbol);
  return `${before}${plainPrice(value)}${after}`;
}

/** A price without its unit, for axes and inputs. */
export function plainPrice(value: number): string {
  if (value >= 1000) return whole.format(value);
  return value.toLocaleString("en-US", { minimumSignificantDigits: 4, maximumSignificantDigits: 4 });
}

/** The live price keeps its cents, so that it is seen to move. */
export function livePrice(value: number, symbol: string): string {
  const { before, after } = quoteSign(symbol);
  return `${before}${value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}${after}`;
}

export function count(value: number): string {
  return whole.format(value);
}

/** A probability in percent; never 0 % or 100 %, which nobody knows. */
export function probability(value: number): string {
  if (value < 0.001) return "under 0.1\u00a0%";
  if (value > 0.999) return "over 99.9\u00a0%";
  const percent = value * 100;
  return `${percent < 10 || percent > 90 ? percent.toFixed(1) : percent.toFixed(0)}\u00a0%`;
}

/** A share in percent with one decimal. */
export function percent(value: number, decimals = 1): string {
  return `${(value * 100).toFixed(decimals)}\u00a0%`;
}

/** A signed share in percent, with a true minus sign. */
export function signedPercent(value: number, decimals = 1): string {
  const text = (Math.abs(value) * 100).toFixed(decimals);
  if (Number(text) === 0) return `${text}\u00a0%`;
  return `${value < 0 ? "−" : "+"}${text}\u00a0%`;
}

/** The ends of an interval of signed shares; a dash where there are too few to say. */
export function signedInterval({ low, high }: { readonly low: number | null; readonly high: number | null }): string {
  return low === null || high === null ? "–" : `${signedPercent(low)} to ${signedPercent(high)}`;
}

/** The simple return that a log return amounts to. */
export function fromLogReturn(value: number): string {
  return signedPercent(Math.expm1(value), 2);
}
