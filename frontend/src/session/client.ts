import type { paths } from "@generated/schema";
import createClient, { type Middleware } from "openapi-fetch";
import { freshAccessToken, refreshSession } from "./refresh.ts";
import { sessionState } from "./store.ts";

/** Copies of requests that may have to be asked a second time, because a body can be read once. */
const copies = new WeakMap<Request, Request>();

const authorised: Middleware = {
  async onRequest({ request }) {
    const token = await freshAccessToken();
    if (token !== undefined) request.headers.set("Authorization", `Bearer ${token}`);
    copies.set(request, request.clone());
    return request;
  },
  async onResponse({ request, response }) {
    const copy = copies.get(request);
    if (response.status !== 401 || copy === undefined || (await isStale(response))) return response;
    // The token may have been made void by another key, or the clock of this machine be wrong: one more try, with a new one.
    await refreshSession();
    const now = sessionState();
    if (now.kind !== "in") return response;
    copy.headers.set("Authorization", `Bearer ${now.who.accessToken}`);
    return fetch(copy);
  },
};

/** The API as whoever is logged in. */
export const mine = createClient<paths>({ baseUrl: "/" });
mine.use(authorised);

async function isStale(response: Response): Promise<boolean> {
  const body = (await response.clone().json().catch(() => null)) as { type?: unknown } | null;
  return typeof body?.type === "string" && body.type.endsWith("confirm-that-it-is-you");
}
