import { expect, test } from "vitest";
import { readLoginSearch } from "./search.ts";

test("a page of one's own is where a log-in leads", () => {
  expect(readLoginSearch({ to: "/account" })).toEqual({ to: "/account" });
  expect(readLoginSearch({ to: "/admin/people" })).toEqual({ to: "/admin/people" });
});

test("a log-in leads nowhere else", () => {
  for (const to of ["https://evil.example", "//evil.example", "/account//evil.example", "/\\evil.example", "javascript:alert(1)", 7, null]) {
    expect(readLoginSearch({ to })).toEqual({});
  }
});
