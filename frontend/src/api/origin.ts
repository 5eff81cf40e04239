/** How forecasts came to be; the two are never mixed in a figure. */
export const ORIGINS = ["live", "replayed"] as const;
export type Origin = (typeof ORIGINS)[number];

export function isOrigin(value: unknown): value is Origin {
  return ORIGINS.some((origin) => origin === value);
}
