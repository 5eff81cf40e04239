import { Link, Outlet } from "@tanstack/react-router";
import classes from "./layout.module.css";
import { SchemeToggle } from "./scheme-toggle.tsx";
import { useLiveUpdates } from "@/api/live";
import { useSessionKeeper } from "@/session/use-session";
import { AccountLink } from "./account-link.tsx";
import { MarketMark } from "./market-mark.tsx";

const PAGES = [
  { to: "/", name: "Forecast" },
  { to: "/record", name: "Track record" },
  { to: "/models", name: "Models" },
  { to: "/ledger", name: "Ledger" },
  { to: "/about", name: "How to read it" },
] as const;

/** What stands around every page. */
export function Layout() {
  useLiveUpdates();
  useSessionKeeper();
  return (
    <>
      <a href="#content" className={classes["skip"]}>
        Skip to the content
      </a>
      <header className={classes["header"]}>
        <Link to="/" className={classes["name"]} aria-label="btcforecast, to the forecast">
          <img src="/favicon.svg" alt="" width="26" height="26" />
          btcforecast
        </Link>
        <nav aria-label="Pages" className={classes["nav"]}>
          {PAGES.map(({ to, name }) => (
            <Link key={to} to={to} activeOptions={{ exact: to === "/", includeSearch: false }} className={classes["link"]}>
              {name}
            </Link>
          ))}
        </nav>
        <AccountLink />
        <SchemeToggle />
      </header>
      <MarketMark />
      <main id="content" className={classes["main"]} tabIndex={-1}>
        <Outlet />
      </main>
      <footer className={classes["footer"]}>
        <p>
          Probability forecasts, sealed before the outcome and scored in public. Nothing here is advice to buy or sell.
        </p>
        <p>
          <a href="/docs">API</a>, licences of <a href="/licences.md">code</a> and <a href="/font-licences.txt">fonts</a>. Price chart:{" "}
          <a href="https://www.tradingview.com/" rel="noreferrer">
            TradingView Lightweight Charts™
          </a>
          , © TradingView, Inc.
        </p>
      </footer>
    </>
  );
}
