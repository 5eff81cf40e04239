/** Checkpoints as signed notes (C2SP signed-note and tlog-checkpoint) with Ed25519 signatures. */
import { areEqual, type Bytes, concat, fromBase64, fromText, sha256 } from "./bytes.ts";

const ED25519 = 1;
const SIGNATURE = /^— (\S+) ([A-Za-z0-9+/=]+)$/;

export interface Checkpoint {
  readonly origin: string;
  readonly treeSize: number;
  readonly root: Bytes;
  /** The bytes that are signed. */
  readonly text: string;
  readonly signatures: readonly Signature[];
}

export interface Signature {
  readonly name: string;
  readonly keyId: Bytes;
  readonly bytes: Bytes;
}

export interface VerifierKey {
  readonly name: string;
  readonly keyId: Bytes;
  readonly publicKey: Bytes;
}

export class NoteError extends Error {}

export function parseCheckpoint(note: string): Checkpoint {
  const end = note.lastIndexOf("\n\n");
  if (end < 0) throw new NoteError("The note has no signature.");
  const text = note.slice(0, end + 1);
  const [origin, size, root] = text.split("\n");
  if (!origin || size === undefined || !/^(0|[1-9][0-9]*)$/.test(size) || !root) {
    throw new NoteError("The note is not a checkpoint: it lacks origin, size or root.");
  }
  const signatures = note
    .slice(end + 2)
    .split("\n")
    .filter((line) => line !== "")
    .map(parseSignature);
  return { origin, treeSize: Number(size), root: fromBase64(root), text, signatures };
}

function parseSignature(line: string): Signature {
  const found = SIGNATURE.exec(line);
  if (found?.[1] === undefined || found[2] === undefined) throw new NoteError(`“${line}” is not a signature line.`);
  const blob = fromBase64(found[2]);
  return { name: found[1], keyId: blob.slice(0, 4), bytes: blob.slice(4) };
}

/** Reads a verifier key, `name+keyid+base64`, and checks that its id belongs to it. */
export async function parseVerifierKey(text: string): Promise<VerifierKey> {
  const [name, id, ...rest] = text.trim().split("+");
  // The base64 part may itself hold plus signs.
  const blob = fromBase64(rest.join("+"));
  if (!name || id === undefined || blob[0] !== ED25519 || blob.length !== 33) throw new NoteError("The key is not an Ed25519 verifier key.");
  const keyId = (await sha256(concat(fromText(`${name}\n`), blob))).slice(0, 4);
  if (Number.parseInt(id, 16) !== new DataView(keyId.buffer).getUint32(0)) throw new NoteError("The key’s id does not belong to it.");
  return { name, keyId, publicKey: blob.slice(1) };
}

/** Says whether the key signed the checkpoint; undefined where the browser knows no Ed25519. */
export async function isSignedBy(checkpoint: Checkpoint, key: VerifierKey): Promise<boolean | undefined> {
  const signature = checkpoint.signatures.find(({ name, keyId }) => name === key.name && areEqual(keyId, key.keyId));
  if (signature === undefined) return false;
  let imported: CryptoKey;
  try {
    imported = await crypto.subtle.importKey("raw", key.publicKey, "Ed25519", false, ["verify"]);
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError") return undefined;
    throw error;
  }
  return crypto.subtle.verify("Ed25519", imported, signature.bytes, fromText(checkpoint.text));
}
