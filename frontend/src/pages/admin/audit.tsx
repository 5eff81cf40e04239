import { Button, NativeSelect } from "@mantine/core";
import { infiniteQueryOptions, useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { answer, type Schemas } from "@/api/client";
import { instant, toSeconds } from "@/format/time";
import { ActError } from "@/parts/act-error";
import { TextField } from "@/parts/fields";
import { NeedSession } from "@/parts/need-session";
import { Panel } from "@/parts/panel";
import { Scroll } from "@/parts/scroll";
import { Failure, Loading } from "@/parts/states";
import { useTitle } from "@/parts/title";
import { actionWords } from "@/pages/account/action-words";
import { MINE } from "@/pages/account/queries";
import { mine } from "@/session/client";
import { type AuditFilters, auditParameters, NO_FILTERS } from "./audit-filters.ts";
import { NotForYou } from "./not-for-you.tsx";
import classes from "./page.module.css";

function auditQuery(filters: AuditFilters) {
  return infiniteQueryOptions({
    queryKey: [MINE, "audit", filters],
    queryFn: ({ pageParam }) =>
      answer(mine.GET("/v1/audit", { params: { query: { ...auditParameters(filters), limit: 50, ...(pageParam === null ? {} : { cursor: pageParam }) } } })),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor }) => next_cursor,
  });
}

/** The audit log: searched, read, taken along. */
export function AuditPage() {
  useTitle("Audit log");
  return <NeedSession>{({ person }) => (person.role === "administrator" ? <Audit /> : <NotForYou needs="an administrator" />)}</NeedSession>;
}

function Audit() {
  const [filters, setFilters] = useState(NO_FILTERS);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(auditQuery(filters));
  const events = data?.pages.flatMap((page) => page.events) ?? [];
  return (
    <div className={classes["page"]}>
      <h1>Audit log</h1>
      <Panel title="What was done" aside={<Export />}>
        <Filters onAsk={setFilters} error={error} />
        {error !== null ? (
          <Failure what="The audit log" error={error} onRetry={() => void refetch()} />
        ) : data === undefined ? (
          <Loading height={300} />
        ) : events.length === 0 ? (
          <p className="muted">There is no such entry.</p>
        ) : (
          <Entries events={events} />
        )}
        {hasNextPage && (
          <Button variant="default" mt="md" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show earlier ones
          </Button>
        )}
      </Panel>
    </div>
  );
}

function Filters({ onAsk, error }: { readonly onAsk: (filters: AuditFilters) => void; readonly error: Error | null }) {
  const [draft, setDraft] = useState(NO_FILTERS);
  const field = (name: keyof AuditFilters) => ({
    name,
    autoComplete: "off" as const,
    required: false,
    error,
    value: draft[name],
    onChange: (value: string) => {
      setDraft({ ...draft, [name]: value });
    },
  });
  return (
    <form
      role="search"
      className={classes["filters"]}
      onSubmit={(event: SyntheticEvent) => {
        event.preventDefault();
        onAsk(draft);
      }}
    >
      <TextField label="By or about this person" description="A person’s id: p_…" {...field("person")} />
      <TextField label="Action" description="Such as key.created" {...field("action")} />
      <NativeSelect
        label="Result"
        description="Of what was asked"
        value={draft.result}
        data={[{ value: "", label: "either" }, "done", "refused"]}
        onChange={(event) => {
          setDraft({ ...draft, result: event.currentTarget.value });
        }}
      />
      <TextField label="From network" description="Such as 203.0.113.7" {...field("network")} />
      <TextField label="At or after" description="Such as 2026-01-31" {...field("since")} />
      <TextField label="Before" description="The same" {...field("until")} />
      <Button type="submit">Search</Button>
    </form>
  );
}

function Entries({ events }: { readonly events: readonly Schemas["Event"][] }) {
  return (
    <Scroll label="Entries of the audit log">
      <table>
        <thead>
          <tr>
            <th scope="col" className="number">
              Entry
            </th>
            <th scope="col">When</th>
            <th scope="col">What</th>
            <th scope="col">Who</th>
            <th scope="col">About</th>
            <th scope="col">From</th>
            <th scope="col">Result</th>
            <th scope="col">More</th>
          </tr>
        </thead>
        <tbody>
          {events.map(({ seq, at, action, actor, subject, network, result, facts }) => (
            <tr key={seq}>
              <td className="number">{seq}</td>
              <td>{instant(toSeconds(at))}</td>
              <td title={action}>{actionWords(action)}</td>
              <td className="mono">{actor}</td>
              <td className="mono">{subject === actor ? "themselves" : (subject ?? "–")}</td>
              <td>{network ?? "–"}</td>
              <td>{result}</td>
              <td className="mono">{Object.keys(facts).length === 0 ? "" : JSON.stringify(facts)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Export() {
  const save = useMutation({
    mutationFn: async () => {
      const lines = await answer(mine.GET("/v1/audit/export", { parseAs: "blob" }) as Promise<{ data?: Blob; error?: unknown; response: Response }>);
      const address = URL.createObjectURL(lines);
      const link = document.createElement("a");
      link.href = address;
      link.download = "btcforecast-audit.jsonl";
      link.click();
      URL.revokeObjectURL(address);
    },
  });
  return (
    <div>
      <Button variant="default" size="compact-md" loading={save.isPending} onClick={() => { save.mutate(); }}>
        Save all of it
      </Button>
      <ActError error={save.error} />
    </div>
  );
}
