import { expect, test } from "vitest";
import { auditParameters, NO_FILTERS } from "./audit-filters.ts";

test("empty fields are not asked for", () => {
  expect(auditParameters({ ...NO_FILTERS, action: " key.created " })).toEqual({ action: "key.created" });
});

test("a day begins at its midnight in UTC", () => {
  expect(auditParameters({ ...NO_FILTERS, since: "2026-01-31", until: "2026-02-01T12:00:00Z" })).toEqual({
    since: "2026-01-31T00:00:00Z",
    until: "2026-02-01T12:00:00Z",
  });
});
