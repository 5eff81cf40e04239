import { describe, expect, it } from "vitest";
import { concat, fromText, sha256, toHex } from "./bytes.ts";
import { isSignedBy, NoteError, parseCheckpoint, parseVerifierKey } from "./note.ts";

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const ROOT = base64(new Uint8Array(32).fill(7));

async function signed(name: string, body: string) {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const blob = concat(Uint8Array.of(1), new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
  const keyId = (await sha256(concat(fromText(`${name}\n`), blob))).slice(0, 4);
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, fromText(body)));
  return { note: `${body}\n— ${name} ${base64(concat(keyId, signature))}\n`, key: `${name}+${toHex(keyId)}+${base64(blob)}` };
}

describe("a checkpoint", () => {
  it("is read, and its signature verified", async () => {
    const { note, key } = await signed("btcforecast", `btcforecast/live\n42\n${ROOT}\n`);
    const checkpoint = parseCheckpoint(note);
    expect(checkpoint).toMatchObject({ origin: "btcforecast/live", treeSize: 42 });
    expect(checkpoint.root).toEqual(new Uint8Array(32).fill(7));
    expect(await isSignedBy(checkpoint, await parseVerifierKey(key))).toBe(true);
  });

  it("is not believed when its text was changed", async () => {
    const { note, key } = await signed("btcforecast", `btcforecast/live\n42\n${ROOT}\n`);
    const changed = parseCheckpoint(note.replace("\n42\n", "\n43\n"));
    expect(await isSignedBy(changed, await parseVerifierKey(key))).toBe(false);
  });

  it("is not believed under another key", async () => {
    const { note } = await signed("btcforecast", `btcforecast/live\n42\n${ROOT}\n`);
    const { key } = await signed("btcforecast", "another\n1\nAA==\n");
    expect(await isSignedBy(parseCheckpoint(note), await parseVerifierKey(key))).toBe(false);
  });

  it("is refused without signature, size or root", () => {
    expect(() => parseCheckpoint("btcforecast/live\n42\n")).toThrow(NoteError);
    expect(() => parseCheckpoint("btcforecast/live\nmany\nAA==\n\n— x AAAA\n")).toThrow(NoteError);
    expect(() => parseCheckpoint("btcforecast/live\n42\nAA==\n\nx AAAA\n")).toThrow(NoteError);
  });
});

describe("a verifier key", () => {
  it("is refused when its id is another key’s", async () => {
    const { key } = await signed("btcforecast", "a\n1\nAA==\n");
    await expect(parseVerifierKey(key.replace(/\+[0-9a-f]{8}\+/, "+00000000+"))).rejects.toThrow(NoteError);
  });
});
