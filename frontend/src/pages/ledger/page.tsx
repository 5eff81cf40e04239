import { Button, NumberInput } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type SyntheticEvent, useState } from "react";
import type { Schemas } from "@/api/client";
import type { Origin } from "@/api/origin";
import { entriesQuery, entryQuery, ledgerQuery } from "@/api/queries";
import { count } from "@/format/numbers";
import { instant, toSeconds } from "@/format/time";
import { ORIGIN_NAMES } from "@/pages/record/search";
import { Choice } from "@/parts/choice";
import { Facts } from "@/parts/facts";
import { Panel } from "@/parts/panel";
import { Scroll } from "@/parts/scroll";
import { Empty, Failure, Loading } from "@/parts/states";
import { useTitle } from "@/parts/title";
import classes from "./page.module.css";
import { Verification } from "./verification.tsx";

const route = getRouteApi("/ledger");

const KINDS: Readonly<Record<string, string>> = {
  forecast: "Forecast",
  settlement: "Settlement",
  missed_cycle: "Missed cycle",
  correction: "Correction",
  questions: "Questions",
  answers: "Answers",
  model_version: "Model version",
  calendar: "Calendar",
  gate: "Gate",
  reign: "Reign",
};

/** The append-only record: how it stands, what was added last, and any entry with its proof. */
export function LedgerPage() {
  useTitle("Ledger");
  const { origin = "live", seq } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery(ledgerQuery(origin));
  return (
    <div className={classes["page"]}>
      <h1>Ledger</h1>
      <Choice
        label="Ledger"
        options={ORIGIN_NAMES}
        value={origin}
        onChange={(next) => void navigate({ search: { origin: next }, resetScroll: false })}
      />
      {data === undefined ? (
        error !== null ? (
          <Failure what="The ledger" error={error} onRetry={() => void refetch()} />
        ) : (
          <Loading height={420} />
        )
      ) : data.size === 0 ? (
        <Empty title="Nothing has been entered yet.">
          <p>
            {origin === "live"
              ? "The first forecast will be the first entry."
              : "A replay writes here: build one from history with “btcforecast replay”."}
          </p>
        </Empty>
      ) : (
        <>
          <Checkpoint state={data} />
          <Lookup key={`${origin} ${seq ?? ""}`} origin={origin} seq={seq} size={data.size} />
          <Recent origin={origin} />
        </>
      )}
    </div>
  );
}

function Checkpoint({ state }: { readonly state: Schemas["LedgerState"] }) {
  const { checkpoint, size, verifier_key } = state;
  return (
    <Panel title="Newest checkpoint">
      {checkpoint === null ? (
        <p>{count(size)} entries, none of them signed for yet; the first checkpoint follows soon.</p>
      ) : (
        <>
          <p>
            The server signed for {count(checkpoint.tree_size)} of {count(size)} entries on {instant(toSeconds(checkpoint.signed_at))}.
            Keep this note: whatever the server shows later must agree with it.
          </p>
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard */}
          <pre className={`mono ${classes["note"] ?? ""}`} role="region" aria-label="Signed note" tabIndex={0}>
            {checkpoint.note}
          </pre>
          <p className="muted">
            Key: <span className="mono">{verifier_key ?? "not known to this server"}</span>
          </p>
        </>
      )}
    </Panel>
  );
}

interface LookupProps {
  readonly origin: Origin;
  readonly seq: number | undefined;
  readonly size: number;
}

/** Finds one entry by its number. */
function Lookup({ origin, seq, size }: LookupProps) {
  const navigate = route.useNavigate();
  const [written, setWritten] = useState<number | undefined>(seq ?? size - 1);
  const find = (event: SyntheticEvent) => {
    event.preventDefault();
    if (written !== undefined) void navigate({ search: { origin, seq: written }, resetScroll: false });
  };
  return (
    <Panel title="Verify an entry">
      <form onSubmit={find} className={classes["lookup"]}>
        <NumberInput
          label={`Number of the entry, 0 to ${count(size - 1)}`}
          value={written ?? ""}
          onChange={(value) => {
            setWritten(typeof value === "number" ? value : undefined);
          }}
          min={0}
          allowDecimal={false}
          allowNegative={false}
          size="md"
        />
        <Button type="submit" size="md" variant="default">
          Show
        </Button>
      </form>
      {seq !== undefined && <Shown origin={origin} seq={seq} />}
    </Panel>
  );
}

function Shown({ origin, seq }: { readonly origin: Origin; readonly seq: number }) {
  const { data, error, refetch } = useQuery(entryQuery(origin, seq));
  if (error !== null) return <Failure what={`Entry ${seq}`} error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Loading height={260} />;
  const { entry, state, proof } = data;
  const checkpoint = proof?.checkpoint ?? state.checkpoint;
  return (
    <>
      <Facts
        rows={[
          ["Entry", `${count(entry.seq)}, ${(KINDS[entry.kind] ?? entry.kind).toLowerCase()}`],
          ["Appended", instant(toSeconds(entry.appended_at))],
          ["Hash in the chain", <span className="mono">{entry.entry_hash}</span>],
        ]}
      />
      {proof === null || checkpoint === null ? (
        <p>No checkpoint covers this entry yet. The next one is signed within minutes; then it can be verified.</p>
      ) : state.verifier_key === null ? (
        <p>This server does not know the public key of the checkpoints, so that they cannot be verified here.</p>
      ) : (
        <Verification
          key={`${origin} ${seq} ${checkpoint.tree_size}`}
          claim={{
            ledger: origin,
            seq,
            text: entry.text,
            path: proof.hashes,
            checkpoint: checkpoint.note,
            verifierKey: state.verifier_key,
          }}
        />
      )}
    </>
  );
}

function Recent({ origin }: { readonly origin: Origin }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(entriesQuery(origin));
  return (
    <Panel title="Newest entries">
      {data === undefined ? (
        error !== null ? (
          <Failure what="The entries" error={error} onRetry={() => void refetch()} />
        ) : (
          <Loading height={240} />
        )
      ) : (
        <>
          <Scroll label="Newest entries">
            <table>
              <thead>
                <tr>
                  <th scope="col">Entry</th>
                  <th scope="col">Kind</th>
                  <th scope="col">Appended</th>
                  <th scope="col">Hash in the chain</th>
                </tr>
              </thead>
              <tbody>
                {data.pages
                  .flatMap(({ entries }) => entries)
                  .map((entry) => (
                    <tr key={entry.seq}>
                      <th scope="row">
                        <Link to="/ledger" search={{ origin, seq: entry.seq }} aria-label={`Verify entry ${entry.seq}`}>
                          {count(entry.seq)}
                        </Link>
                      </th>
                      <td>{KINDS[entry.kind] ?? entry.kind}</td>
                      <td>{instant(toSeconds(entry.appended_at))}</td>
                      <td className="mono">{entry.entry_hash.slice(0, 16)}…</td>
                    </tr>
                  ))}
              </tbody>
            </table>
          </Scroll>
          {hasNextPage && (
            <div className={classes["more"]}>
              <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                Show older entries
              </Button>
            </div>
          )}
        </>
      )}
    </Panel>
  );
}
