/** Whether an entry is in the ledger that a signed checkpoint speaks of, worked out step by step. */
import { areEqual, type Bytes, fromHex, fromText, toHex } from "./bytes.ts";
import { climb, leafHash, type Step } from "./merkle.ts";
import { isSignedBy, parseCheckpoint, parseVerifierKey } from "./note.ts";

export interface Claim {
  /** live or replayed */
  readonly ledger: string;
  readonly seq: number;
  /** The entry's canonical text, exactly the bytes that are hashed. */
  readonly text: string;
  /** The siblings on the way to the root, nearest first, in hexadecimal. */
  readonly path: readonly string[];
  /** The signed note. */
  readonly checkpoint: string;
  /** `name+keyid+base64`. */
  readonly verifierKey: string;
}

/** passed; failed; or unknown, where the browser cannot tell. */
export type Outcome = "passed" | "failed" | "unknown";

export interface Check {
  readonly name: string;
  readonly outcome: Outcome;
  readonly detail: string;
}

export interface Report {
  readonly isVerified: boolean;
  readonly checks: readonly Check[];
  readonly leaf: string;
  readonly steps: readonly Step[];
}

export function canVerify(): boolean {
  // Browsers offer cryptography on secure pages only: https, or this machine itself.
  return globalThis.isSecureContext;
}

export async function verify(claim: Claim): Promise<Report> {
  const checks: Check[] = [checkPlace(claim)];
  const leaf = await leafHash(fromText(claim.text));
  let steps: readonly Step[] = [];
  try {
    const checkpoint = parseCheckpoint(claim.checkpoint);
    const climbed = await climb(leaf, claim.seq, checkpoint.treeSize, claim.path.map(fromHex));
    steps = climbed.steps;
    checks.push(checkRoot(climbed.root, checkpoint.root, checkpoint.treeSize));
    checks.push(checkOrigin(claim.ledger, checkpoint.origin));
    checks.push(checkSignature(await isSignedBy(checkpoint, await parseVerifierKey(claim.verifierKey)), claim.verifierKey));
  } catch (error) {
    checks.push({ name: "The proof is in order", outcome: "failed", detail: error instanceof Error ? error.message : String(error) });
  }
  return { isVerified: checks.every(({ outcome }) => outcome !== "failed"), checks, leaf: toHex(leaf), steps };
}

function checkPlace({ ledger, seq, text }: Claim): Check {
  const name = "The entry is the one asked for";
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return { name, outcome: "failed", detail: "The text of the entry is not JSON." };
  }
  const entry = found as { seq?: unknown; ledger?: unknown } | null;
  const isRight = entry?.seq === seq && entry.ledger === ledger;
  return {
    name,
    outcome: isRight ? "passed" : "failed",
    detail: isRight
      ? `It calls itself entry ${seq} of the ${ledger} ledger.`
      : `Asked for was entry ${seq} of the ${ledger} ledger; this calls itself entry ${String(entry?.seq)} of ${String(entry?.ledger)}.`,
  };
}

function checkRoot(found: Bytes, signed: Bytes, treeSize: number): Check {
  const isSame = areEqual(found, signed);
  return {
    name: "Its hashes lead to the checkpoint’s root",
    outcome: isSame ? "passed" : "failed",
    detail: isSame
      ? `The entry is one of the ${treeSize} that the checkpoint covers, unchanged.`
      : `They lead to ${toHex(found)}, but the checkpoint says ${toHex(signed)}: the entry is not the one that was sealed here.`,
  };
}

function checkOrigin(ledger: string, origin: string): Check {
  const isRight = origin === `btcforecast/${ledger}`;
  return {
    name: "The checkpoint is this ledger’s",
    outcome: isRight ? "passed" : "failed",
    detail: isRight ? `It speaks for ${origin}.` : `It speaks for ${origin}, not for btcforecast/${ledger}.`,
  };
}

function checkSignature(isSigned: boolean | undefined, key: string): Check {
  const name = "The checkpoint’s signature is the server’s";
  if (isSigned === undefined) {
    return { name, outcome: "unknown", detail: "This browser knows no Ed25519; the hashes were checked, the signature was not." };
  }
  return isSigned
    ? { name, outcome: "passed", detail: `Ed25519, key ${key}` }
    : { name, outcome: "failed", detail: `It was not made with the key ${key}, or the checkpoint was changed.` };
}
