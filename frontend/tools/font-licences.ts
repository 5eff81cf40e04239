import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

const FONTS = ["newsreader", "public-sans"];

/** The fonts' licences beside them, as these ask; Vite collects those of scripts only. */
export function fontLicences(): Plugin {
  return {
    name: "font-licences",
    apply: "build",
    generateBundle() {
      const texts = FONTS.map((font) => readFileSync(new URL(`../node_modules/@fontsource-variable/${font}/LICENSE`, import.meta.url), "utf8"));
      this.emitFile({ type: "asset", fileName: "font-licences.txt", source: texts.join("\n\n----\n\n") });
    },
  };
}
