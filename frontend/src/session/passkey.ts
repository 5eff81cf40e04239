import { answer, api, type Schemas } from "@/api/client";

/** Whether this browser can use passkeys with the API’s own form of what is asked and answered. */
export function hasPasskeys(): boolean {
  return typeof PublicKeyCredential !== "undefined" && "parseRequestOptionsFromJSON" in PublicKeyCredential;
}

/** Has the browser ask for a passkey of this site, and returns what it said. */
export async function askPasskey(): Promise<Schemas["PasskeyAnswer"]> {
  const { token, options } = await answer(api.POST("/v1/auth/passkey/options"));
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as unknown as PublicKeyCredentialRequestOptionsJSON);
  const credential = await navigator.credentials.get({ publicKey });
  if (!(credential instanceof PublicKeyCredential)) throw new Error("The browser gave no passkey.");
  return { token, credential: credential.toJSON() as Record<string, unknown> };
}

/** In words, what a browser says in a name: that nothing was chosen in time, or that the person closed its window. */
export function passkeyError(error: Error | null): Error | null {
  return error?.name === "NotAllowedError" ? new Error("No passkey was used: the browser’s window was closed, or none fits this site.") : error;
}
