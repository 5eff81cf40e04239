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
    if (copy === undefined || !isAboutToken(response)) return response;
    // The token may have been made void by another key, or the clock of this machine be wrong: one more try, with a new one.
    const refused = request.headers.get("Authorization");
    await refreshSession(() => bearer() === refused);
    const next = bearer();
    if (next === undefined) return response;
    copy.headers.set("Authorization", next);
    return fetch(copy);
  },
};

/** The API as whoever is logged in. */
export const mine = createClient<paths>({ baseUrl: "/" });
mine.use(authorised);

function bearer(): string | undefined {
  const now = sessionState();
  return now.kind === "in" ? `Bearer ${now.who.accessToken}` : undefined;
}

/** Whether it is the token that was refused (RFC 6750, section 3.1), and not a password or what was asked for. */
function isAboutToken(response: Response): boolean {
  return response.status === 401 && (response.headers.get("www-authenticate") ?? "").includes('error="invalid_token"');
}
