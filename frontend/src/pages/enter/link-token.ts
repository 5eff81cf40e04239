import { useEffect, useState } from "react";

/**
 * The token of a link in a letter, which stands behind # so that it reaches no server unasked. It is taken out of the address at
 * once, so that it stays in no history and is not copied along.
 */
export function useLinkToken(): string | undefined {
  const [token] = useState(() => linkToken(window.location.hash));
  useEffect(() => {
    if (window.location.hash !== "") window.history.replaceState(window.history.state, "", window.location.pathname);
  }, []);
  return token;
}

export function linkToken(hash: string): string | undefined {
  const found = /^#token=([A-Za-z0-9_-]{16,200})$/.exec(hash);
  return found?.[1];
}
