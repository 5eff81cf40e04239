import { describe, expect, it } from "vitest";
import { readModelsSearch } from "./search.ts";

describe("the address of the models page", () => {
  it("keeps a window that there is, and forgets any other", () => {
    expect(readModelsSearch({ window: "7d" })).toEqual({ window: "7d" });
    expect(readModelsSearch({ window: "all", horizon: "24h" })).toEqual({});
  });
});
