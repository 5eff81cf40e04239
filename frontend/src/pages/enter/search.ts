export interface LoginSearch {
  /** Where to go afterwards: a page of ours. */
  readonly to?: string;
}

/** Takes pages of this site alone, so that nobody is led elsewhere after a log-in. */
export function readLoginSearch(search: Record<string, unknown>): LoginSearch {
  const { to } = search;
  return typeof to === "string" && /^\/(account|admin)(\/[a-z-]+)*$/.test(to) ? { to } : {};
}
