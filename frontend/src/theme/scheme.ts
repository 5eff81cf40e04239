import { localStorageColorSchemeManager, useComputedColorScheme } from "@mantine/core";

/** The same name as in public/colour-scheme.js. */
export const schemeManager = localStorageColorSchemeManager({ key: "colour-scheme" });

/** Light or dark, as it is on screen now. */
export function useScheme(): "light" | "dark" {
  return useComputedColorScheme("light", { getInitialValueInEffect: false });
}
