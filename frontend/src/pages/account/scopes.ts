import type { Schemas } from "@/api/client";

/** What each permission is, in words. */
export const SCOPE_WORDS: Readonly<Record<Schemas["Permission"], string>> = {
  "account:read": "See your account, keys, sessions, events and use",
  "account:write": "Make and revoke keys, end sessions, delete the account",
  "people:read": "See everybody’s account",
  "people:write": "Add, change and delete people",
  "audit:read": "Search the audit log",
  "market:write": "Upload candle files",
};
