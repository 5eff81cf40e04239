import { describe, expect, it } from "vitest";
import { type Bytes, concat, fromText, sha256, toHex } from "./bytes.ts";
import { leafHash, nodeHash } from "./merkle.ts";
import { type Claim, verify } from "./verify.ts";

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const textOf = (seq: number) => JSON.stringify({ at: "2025-12-01T00:00:00Z", body: { spot: 90_000.5 }, kind: "forecast", ledger: "live", prev: "00", seq });

async function sign(pair: CryptoKeyPair, keyId: Bytes, root: Bytes, origin = "btcforecast/live"): Promise<string> {
  const body = `${origin}\n3\n${base64(root)}\n`;
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, fromText(body)));
  return `${body}\n— btcforecast/live ${base64(concat(keyId, signature))}\n`;
}

/** Entry 1 of a ledger of three. */
async function honest(): Promise<{ claim: Claim; resign: (origin: string) => Promise<string> }> {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const blob = concat(Uint8Array.of(1), new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
  const keyId = (await sha256(concat(fromText("btcforecast/live\n"), blob))).slice(0, 4);
  const [a, b, c] = await Promise.all([0, 1, 2].map((seq) => leafHash(fromText(textOf(seq)))));
  if (a === undefined || b === undefined || c === undefined) throw new Error("There are three leaves.");
  const root = await nodeHash(await nodeHash(a, b), c);
  const claim = {
    ledger: "live",
    seq: 1,
    text: textOf(1),
    path: [toHex(a), toHex(c)],
    checkpoint: await sign(pair, keyId, root),
    verifierKey: `btcforecast/live+${toHex(keyId)}+${base64(blob)}`,
  };
  return { claim, resign: (origin) => sign(pair, keyId, root, origin) };
}

const failed = async (claim: Claim) => (await verify(claim)).checks.filter(({ outcome }) => outcome === "failed").map(({ name }) => name);

describe("verification", () => {
  it("accepts an entry that is in the signed tree, and shows the way", async () => {
    const report = await verify((await honest()).claim);
    expect(report.isVerified).toBe(true);
    expect(report.checks.map(({ outcome }) => outcome)).toEqual(["passed", "passed", "passed", "passed"]);
    expect(report.steps.map(({ side }) => side)).toEqual(["left", "right"]);
  });

  it("finds one changed digit", async () => {
    const { claim } = await honest();
    expect(await failed({ ...claim, text: claim.text.replace("90000.5", "90000.6") })).toEqual(["Its hashes lead to the checkpoint’s root"]);
  });

  it("finds another entry in its place", async () => {
    const { claim } = await honest();
    expect(await failed({ ...claim, text: textOf(2) })).toEqual(["The entry is the one asked for", "Its hashes lead to the checkpoint’s root"]);
  });

  it("finds a changed checkpoint and another ledger’s", async () => {
    const { claim, resign } = await honest();
    expect(await failed({ ...claim, checkpoint: claim.checkpoint.replace("\n3\n", "\n4\n") })).toContain("The checkpoint’s signature is the server’s");
    expect(await failed({ ...claim, checkpoint: await resign("btcforecast/replayed") })).toEqual(["The checkpoint is this ledger’s"]);
  });

  it("does not trip over what is no entry, no path and no note", async () => {
    const { claim } = await honest();
    expect(await failed({ ...claim, text: "null" })).toContain("The entry is the one asked for");
    expect(await failed({ ...claim, text: "{" })).toContain("The entry is the one asked for");
    expect(await failed({ ...claim, path: ["zz"] })).toContain("The proof is in order");
    expect(await failed({ ...claim, checkpoint: "" })).toContain("The proof is in order");
  });
});
