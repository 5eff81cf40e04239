import { Link } from "@tanstack/react-router";
import type { Origin } from "@/api/origin";

/** The number of a ledger entry, which leads to its proof. */
export function EntryLink({ origin, seq }: { readonly origin: Origin; readonly seq: number }) {
  return (
    <Link to="/ledger" search={{ origin, seq }} aria-label={`Verify ledger entry ${seq}`}>
      {seq}
    </Link>
  );
}
