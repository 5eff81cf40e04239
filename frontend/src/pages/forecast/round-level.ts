/** A level that a person would ask about: round, near the price. */
export function roundLevel(value: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1) / 2;
  return step >= 1 ? Math.round(value / step) * step : Number(value.toPrecision(4));
}
