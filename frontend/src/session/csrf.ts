/** What proves to the server that its own page asks: the readable one of its two cookies. */
export function csrfToken(cookies: string): string | undefined {
  for (const part of cookies.split("; ")) {
    const [name, value] = part.split("=");
    if (name === "__Host-btcf_csrf" || name === "btcf_csrf") return value;
  }
  return undefined;
}
