import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { PageFailure } from "@/parts/page-failure";
import { Layout } from "@/parts/layout";
import { Loading } from "@/parts/states";
import { NotFound } from "@/pages/not-found";
import { readLedgerSearch } from "@/pages/ledger/search";
import { readModelsSearch } from "@/pages/models/search";
import { readRecordSearch } from "@/pages/record/search";

const root = createRootRoute({ component: Layout, notFoundComponent: NotFound });

const forecast = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("@/pages/forecast/page"), "ForecastPage"),
});

const record = createRoute({
  getParentRoute: () => root,
  path: "/record",
  validateSearch: readRecordSearch,
  component: lazyRouteComponent(() => import("@/pages/record/page"), "RecordPage"),
});

const ledger = createRoute({
  getParentRoute: () => root,
  path: "/ledger",
  validateSearch: readLedgerSearch,
  component: lazyRouteComponent(() => import("@/pages/ledger/page"), "LedgerPage"),
});

const models = createRoute({
  getParentRoute: () => root,
  path: "/models",
  validateSearch: readModelsSearch,
  component: lazyRouteComponent(() => import("@/pages/models/page"), "ModelsPage"),
});

const modelCard = createRoute({
  getParentRoute: () => root,
  path: "/models/$version",
  component: lazyRouteComponent(() => import("@/pages/model-card/page"), "ModelCardPage"),
});

const about = createRoute({
  getParentRoute: () => root,
  path: "/about",
  component: lazyRouteComponent(() => import("@/pages/about"), "About"),
});

const tree = root.addChildren([forecast, record, models, modelCard, ledger, about]);

export function makeRouter() {
  return createRouter({
    routeTree: tree,
    defaultPreload: "intent",
    scrollRestoration: true,
    defaultPendingComponent: () => <Loading height={420} />,
    defaultErrorComponent: PageFailure,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
