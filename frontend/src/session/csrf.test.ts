import { expect, test } from "vitest";
import { csrfToken } from "./csrf.ts";

test("the cookie is found under either name and among others", () => {
  expect(csrfToken("a=1; btcf_csrf=f00; b=2")).toBe("f00");
  expect(csrfToken("__Host-btcf_csrf=ba5")).toBe("ba5");
});

test("without the cookie there is no session to ask for", () => {
  expect(csrfToken("")).toBeUndefined();
  expect(csrfToken("xbtcf_csrf=1")).toBeUndefined();
});
