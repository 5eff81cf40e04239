/** The page's colours for canvases, which cannot read CSS variables. */

export interface Palette {
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly surface: string;
  readonly price: string;
  readonly accent: string;
  readonly bands: readonly string[];
}

/** Reads the tokens in force; call it again when the colour scheme changes. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const rgb = token("band").replaceAll(" ", ", ");
  return {
    ink: token("ink"),
    muted: token("muted"),
    line: token("line"),
    surface: token("surface"),
    price: token("price"),
    accent: token("accent"),
    // Nested bands add up, so that the innermost is the strongest.
    bands: [0.13, 0.13, 0.16, 0.22].map((alpha) => `rgba(${rgb}, ${alpha})`),
  };
}
