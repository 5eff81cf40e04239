import type { Schemas } from "@/api/client";

export const DRIFT_WINDOWS = [
  { value: "7d", label: "7 days" },
  { value: "30d", label: "30 days" },
  { value: "90d", label: "90 days" },
] as const satisfies readonly { value: Schemas["InputDrift"]["window"]; label: string }[];

export type DriftWindow = (typeof DRIFT_WINDOWS)[number]["value"];

/** Over which window drift is shown, kept in the address so that it can be shared. */
export interface ModelsSearch {
  readonly window?: DriftWindow;
}

export function readModelsSearch(search: Readonly<Record<string, unknown>>): ModelsSearch {
  const window = DRIFT_WINDOWS.find(({ value }) => value === search["window"])?.value;
  return window === undefined ? {} : { window };
}
