import js from "@eslint/js";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

/** Parts of Mantine that write <style> elements, which the content security policy forbids. */
const WRITES_STYLES = ["AppShell", "ColorSchemeScript", "Drawer", "Flex", "Grid", "LoadingOverlay", "Modal", "SimpleGrid"];

export default defineConfig(
  globalIgnores([".generated", "node_modules"]),
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  jsxA11y.flatConfigs.strict,
  reactHooks.configs.flat.recommended,
  {
    files: ["public/*.js"],
    languageOptions: { globals: { document: "readonly", localStorage: "readonly", matchMedia: "readonly" } },
  },
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          paths: [{ name: "@mantine/core", importNames: WRITES_STYLES, message: "It writes <style> elements, which the CSP forbids; use a CSS module." }],
        },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "JSXOpeningElement[name.name='style']", message: "The CSP forbids <style> elements; use a CSS module." },
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "React writes text; markup from strings is not needed." },
      ],
      // `== null` means null or undefined.
      eqeqeq: ["error", "always", { null: "ignore" }],
    },
  },
);
