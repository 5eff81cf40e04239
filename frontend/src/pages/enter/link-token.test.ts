import { expect, test } from "vitest";
import { linkToken } from "./link-token.ts";

test("the token is what stands behind #token=", () => {
  expect(linkToken("#token=abcDEF_-0123456789")).toBe("abcDEF_-0123456789");
});

test("what is no token is none", () => {
  for (const hash of ["", "#", "#token=", "#token=short", "#other=abcdefghijklmnopqrst", "#token=<script>alert(1)</script>"]) {
    expect(linkToken(hash)).toBeUndefined();
  }
});
