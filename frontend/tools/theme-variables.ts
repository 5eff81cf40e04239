import { convertCssVariables, defaultCssVariablesResolver, DEFAULT_THEME, mergeMantineTheme, mergeThemeOverrides } from "@mantine/core";
import type { Plugin } from "vite";
import { cssVariables, theme } from "../src/theme/theme.ts";

const NAME = "virtual:theme-variables.css";

/**
 * Mantine's variables as a stylesheet of the bundle.
 *
 * At run time Mantine would write them into a <style> element, which the server's content security policy forbids.
 */
export function themeVariables(): Plugin {
  return {
    name: "theme-variables",
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load: (id) => (id === `\0${NAME}` ? stylesheet() : undefined),
  };
}

function stylesheet(): string {
  const merged = mergeMantineTheme(DEFAULT_THEME, mergeThemeOverrides(theme));
  const standard = defaultCssVariablesResolver(merged);
  const own = cssVariables(merged);
  return convertCssVariables(
    {
      variables: { ...standard.variables, ...own.variables },
      light: { ...standard.light, ...own.light },
      dark: { ...standard.dark, ...own.dark },
    },
    ":root",
  );
}
