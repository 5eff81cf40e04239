import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { PageFailure } from "@/parts/page-failure";
import { Layout } from "@/parts/layout";
import { Loading } from "@/parts/states";
import { NotFound } from "@/pages/not-found";
import { readLoginSearch } from "@/pages/enter/search";
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

const enter = () => import("@/pages/enter/by-link");

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: readLoginSearch,
  component: lazyRouteComponent(() => import("@/pages/enter/login"), "LoginPage"),
});

const signup = createRoute({
  getParentRoute: () => root,
  path: "/signup",
  component: lazyRouteComponent(() => import("@/pages/enter/signup"), "SignupPage"),
});

const forgotten = createRoute({
  getParentRoute: () => root,
  path: "/forgotten",
  component: lazyRouteComponent(() => import("@/pages/enter/forgotten"), "ForgottenPage"),
});

const reset = createRoute({
  getParentRoute: () => root,
  path: "/reset",
  component: lazyRouteComponent(() => import("@/pages/enter/reset"), "ResetPage"),
});

const verify = createRoute({ getParentRoute: () => root, path: "/verify", component: lazyRouteComponent(enter, "VerifyPage") });

const unlock = createRoute({ getParentRoute: () => root, path: "/unlock", component: lazyRouteComponent(enter, "UnlockPage") });

const confirmAddress = createRoute({
  getParentRoute: () => root,
  path: "/confirm-address",
  component: lazyRouteComponent(enter, "ConfirmAddressPage"),
});

const account = createRoute({
  getParentRoute: () => root,
  path: "/account",
  component: lazyRouteComponent(() => import("@/pages/account/page"), "AccountPage"),
});

const adminPeople = createRoute({
  getParentRoute: () => root,
  path: "/admin/people",
  component: lazyRouteComponent(() => import("@/pages/admin/people"), "PeoplePage"),
});

const adminAudit = createRoute({
  getParentRoute: () => root,
  path: "/admin/audit",
  component: lazyRouteComponent(() => import("@/pages/admin/audit"), "AuditPage"),
});

const tree = root.addChildren([forecast, record, models, modelCard, ledger, about, login, signup, forgotten, reset, verify, unlock, confirmAddress, account, adminPeople, adminAudit]);

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
