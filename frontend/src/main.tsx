import "@mantine/core/styles/baseline.css";
import "@mantine/core/styles/global.css";
import "virtual:theme-variables.css";
import "@/theme/mantine.css";
import "@/theme/index.css";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { makeQueryClient } from "@/api/query-client";
import { makeRouter } from "@/router";
import { schemeManager } from "@/theme/scheme";
import { theme } from "@/theme/theme";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no place for the page.");

createRoot(root).render(
  <StrictMode>
    {/* Mantine's variables and classes are in the stylesheet (tools/theme-variables.ts): the CSP forbids writing them here. */}
    <MantineProvider theme={theme} colorSchemeManager={schemeManager} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={makeQueryClient()}>
        <RouterProvider router={makeRouter()} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
