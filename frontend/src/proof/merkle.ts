/** Inclusion in a Merkle tree, RFC 9162 sections 2.1.1 and 2.1.3.2. */
import { type Bytes, concat, sha256 } from "./bytes.ts";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export interface Step {
  readonly side: "left" | "right";
  readonly sibling: Bytes;
  readonly result: Bytes;
}

export interface Climb {
  readonly leaf: Bytes;
  readonly steps: readonly Step[];
  readonly root: Bytes;
}

/** Thrown when a path cannot belong to the leaf and the tree at all. */
export class ProofShapeError extends Error {}

export async function leafHash(data: Bytes): Promise<Bytes> {
  return sha256(concat(LEAF, data));
}

export async function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
  return sha256(concat(NODE, left, right));
}

/** Climbs from a leaf to the root that the path leads to; the caller compares that root with the signed one. */
export async function climb(leaf: Bytes, index: number, treeSize: number, path: readonly Bytes[]): Promise<Climb> {
  if (!Number.isSafeInteger(index) || index < 0 || index >= treeSize) {
    throw new ProofShapeError(`Entry ${index} lies outside a tree of ${treeSize} entries.`);
  }
  // Positions may exceed 32 bits, so that halving stands for shifting.
  let position = index;
  let last = treeSize - 1;
  let hash = leaf;
  const steps: Step[] = [];
  for (const sibling of path) {
    if (last === 0) throw new ProofShapeError("The path is longer than the tree is high.");
    if (position % 2 === 1 || position === last) {
      hash = await nodeHash(sibling, hash);
      steps.push({ side: "left", sibling, result: hash });
      while (position % 2 === 0 && position !== 0) {
        position = Math.floor(position / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = await nodeHash(hash, sibling);
      steps.push({ side: "right", sibling, result: hash });
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw new ProofShapeError("The path ends below the root.");
  return { leaf, steps, root: hash };
}
