import type { Schemas } from "@/api/client";
import { isOrigin, type Origin } from "@/api/origin";

export const HORIZONS = ["1h", "4h", "12h", "24h", "3d", "7d", "30d"] as const satisfies readonly Schemas["HorizonName"][];
export const WINDOWS = [
  { value: "7d", label: "7 days" },
  { value: "30d", label: "30 days" },
  { value: "90d", label: "90 days" },
  { value: "all", label: "all" },
] as const satisfies readonly { value: Schemas["Window"]; label: string }[];
export const ORIGIN_NAMES = [
  { value: "live", label: "Live" },
  { value: "replayed", label: "Replayed" },
] as const satisfies readonly { value: Origin; label: string }[];

/** What the track record shows. */
export interface Chosen {
  readonly origin: Origin;
  readonly horizon: (typeof HORIZONS)[number];
  readonly window: (typeof WINDOWS)[number]["value"];
}

/** The part of it that the address says, so that it can be shared. */
export type RecordSearch = Partial<Chosen>;

export function readRecordSearch(search: Readonly<Record<string, unknown>>): RecordSearch {
  const horizon = HORIZONS.find((known) => known === search["horizon"]);
  const window = WINDOWS.find(({ value }) => value === search["window"])?.value;
  const { origin } = search;
  return { ...(isOrigin(origin) && { origin }), ...(horizon && { horizon }), ...(window && { window }) };
}

export function choose(search: RecordSearch): Chosen {
  return { origin: "live", horizon: "24h", window: "all", ...search };
}
