import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { fontLicences } from "./tools/font-licences.ts";
import { themeVariables } from "./tools/theme-variables.ts";

/** The server of the API during development; the built page is served by it. */
const API = process.env["BTCFORECAST_API"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), themeVariables(), fontLicences()],
  resolve: { alias: { "@": new URL("src", import.meta.url).pathname } },
  build: {
    outDir: "../src/btcforecast/web/static",
    emptyOutDir: true,
    // Inlined fonts and images would be data: addresses, which the content security policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: "licences.md" },
    target: "es2022",
  },
  server: { proxy: { "/v1": API, "/health": API } },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
