import { expect, test } from "vitest";
import { isUnderWay } from "./under-way.ts";

const CSRF = "0123456789abcdef";
const NOTED = JSON.stringify({ mark: "89abcdef", atMs: 1000 });

test("a token that was just sent is waited for", () => {
  expect(isUnderWay(NOTED, CSRF, 1200)).toBe(true);
});

test("its successor, a lost answer, or no session is not", () => {
  expect(isUnderWay(NOTED, "0123456789abcdee", 1200)).toBe(false);
  expect(isUnderWay(NOTED, CSRF, 7000)).toBe(false);
  expect(isUnderWay(NOTED, CSRF, 0)).toBe(false);
  expect(isUnderWay(NOTED, undefined, 1200)).toBe(false);
  expect(isUnderWay(null, CSRF, 1200)).toBe(false);
  expect(isUnderWay("nonsense", CSRF, 1200)).toBe(false);
});
