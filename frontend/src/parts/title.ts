import { useEffect } from "react";

/** Names the page in the window's title, which screen readers announce when the page changes. */
export function useTitle(name: string): void {
  useEffect(() => {
    document.title = `${name} · btcforecast`;
  }, [name]);
}
