import { describe, expect, it } from "vitest";
import { areEqual, type Bytes, fromHex, fromText, toHex } from "./bytes.ts";
import { climb, leafHash, nodeHash, ProofShapeError } from "./merkle.ts";

/** The slow twin: RFC 9162 section 2.1.1, word for word. */
async function rootOf(leaves: readonly Bytes[]): Promise<Bytes> {
  const [only] = leaves;
  if (only !== undefined && leaves.length === 1) return only;
  const k = split(leaves.length);
  return nodeHash(await rootOf(leaves.slice(0, k)), await rootOf(leaves.slice(k)));
}

/** RFC 9162 section 2.1.3.1. */
async function pathOf(index: number, leaves: readonly Bytes[]): Promise<Bytes[]> {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  return index < k
    ? [...(await pathOf(index, leaves.slice(0, k))), await rootOf(leaves.slice(k))]
    : [...(await pathOf(index - k, leaves.slice(k))), await rootOf(leaves.slice(0, k))];
}

function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

const leavesOf = (n: number) => Promise.all(Array.from({ length: n }, (_, i) => leafHash(fromText(`entry ${i}`))));

describe("climb", () => {
  it("reaches the root from every leaf of every tree up to 20 entries", async () => {
    for (let n = 1; n <= 20; n++) {
      const leaves = await leavesOf(n);
      const root = toHex(await rootOf(leaves));
      for (const [index, leaf] of leaves.entries()) {
        expect(toHex((await climb(leaf, index, n, await pathOf(index, leaves))).root)).toBe(root);
      }
    }
  });

  it("misses the root from another leaf, another place or a changed path", async () => {
    const leaves = await leavesOf(13);
    const root = await rootOf(leaves);
    const path = await pathOf(5, leaves);
    const [first, second] = [leaves[5], leaves[6]];
    if (first === undefined || second === undefined) throw new Error("The tree has 13 leaves.");
    const bent = path.map((hash, i) => (i === 2 ? hash.map((byte, j) => (j === 7 ? byte ^ 1 : byte)) : hash));

    expect(areEqual((await climb(second, 5, 13, path)).root, root)).toBe(false);
    expect(areEqual((await climb(first, 4, 13, path)).root, root)).toBe(false);
    expect(areEqual((await climb(first, 5, 13, bent)).root, root)).toBe(false);
  });

  it("refuses a path of the wrong length and a place outside the tree", async () => {
    const leaves = await leavesOf(8);
    const path = await pathOf(3, leaves);
    const leaf = await leafHash(fromText("entry 3"));
    await expect(climb(leaf, 3, 8, path.slice(1))).rejects.toThrow(ProofShapeError);
    await expect(climb(leaf, 3, 8, [...path, leaf])).rejects.toThrow(ProofShapeError);
    await expect(climb(leaf, 8, 8, path)).rejects.toThrow(ProofShapeError);
  });

  it("knows the hash of an empty leaf", async () => {
    // RFC 9162's hash of a leaf without data: SHA-256 of one zero byte.
    expect(await leafHash(new Uint8Array())).toEqual(
      fromHex("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    );
  });
});
