import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

/** The forecast’s colour: a green-blue on which white holds 4.5:1 at its shades 6 and 7. */
const tide: MantineColorsTuple = [
  "#e8f5f1",
  "#cfe8e1",
  "#9fd3c6",
  "#6fd3bd",
  "#3ba793",
  "#1f8a78",
  "#127a69",
  "#0a6b5e",
  "#07564b",
  "#043f37",
];

export const theme = createTheme({
  colors: { tide },
  primaryColor: "tide",
  primaryShade: { light: 7, dark: 6 },
  defaultRadius: "sm",
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily: "'Public Sans Variable', system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', monospace",
  headings: { fontFamily: "'Newsreader Variable', Georgia, serif", fontWeight: "500" },
});

/** Points Mantine's surfaces and texts at the page's own tokens (`tokens.css`). */
export const cssVariables: CSSVariablesResolver = () => {
  const own = {
    "--mantine-color-body": "var(--paper)",
    "--mantine-color-text": "var(--ink)",
    "--mantine-color-dimmed": "var(--muted)",
    "--mantine-color-default": "var(--surface)",
    "--mantine-color-default-hover": "var(--sunken)",
    "--mantine-color-default-color": "var(--ink)",
    "--mantine-color-default-border": "var(--line)",
    "--mantine-color-placeholder": "var(--muted)",
    "--mantine-color-anchor": "var(--accent)",
    "--mantine-color-error": "var(--bad)",
  };
  return { variables: {}, light: own, dark: own };
};
