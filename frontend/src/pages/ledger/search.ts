import { isOrigin, type Origin } from "@/api/origin";

/** Which ledger and which entry are shown, kept in the address so that they can be shared. */
export interface LedgerSearch {
  readonly origin?: Origin;
  readonly seq?: number;
}

export function readLedgerSearch(search: Readonly<Record<string, unknown>>): LedgerSearch {
  const { origin, seq } = search;
  return {
    ...(isOrigin(origin) && { origin }),
    ...(typeof seq === "number" && Number.isSafeInteger(seq) && seq >= 0 && { seq }),
  };
}
