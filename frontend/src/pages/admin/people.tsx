import { Button, NativeSelect } from "@mantine/core";
import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { answer, type Schemas } from "@/api/client";
import { ActError } from "@/parts/act-error";
import { TextField } from "@/parts/fields";
import { NeedSession } from "@/parts/need-session";
import { Panel } from "@/parts/panel";
import { Failure, Loading } from "@/parts/states";
import { useTitle } from "@/parts/title";
import { maySeePeople } from "@/pages/account/may";
import { MINE } from "@/pages/account/queries";
import { useAct } from "@/pages/account/use-act";
import { mine } from "@/session/client";
import { NotForYou } from "./not-for-you.tsx";
import classes from "./page.module.css";
import { PersonLine } from "./person-line.tsx";
import { ROLES } from "./roles.ts";

const PEOPLE = [MINE, "people"];

interface Wanted {
  readonly text: string;
  readonly role: Schemas["RoleName"] | "";
}

function peopleQuery({ text, role }: Wanted) {
  return infiniteQueryOptions({
    queryKey: [...PEOPLE, text, role],
    queryFn: ({ pageParam }) => {
      const query = { limit: 50, ...(text === "" ? {} : { text }), ...(role === "" ? {} : { role }), ...(pageParam === null ? {} : { cursor: pageParam }) };
      return answer(mine.GET("/v1/people", { params: { query } }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor }) => next_cursor,
    placeholderData: (before) => before,
  });
}

/** Everybody with an account. */
export function PeoplePage() {
  useTitle("People");
  return <NeedSession>{({ person }) => (maySeePeople(person.role) ? <People self={person} /> : <NotForYou needs="an operator or an administrator" />)}</NeedSession>;
}

function People({ self }: { readonly self: Schemas["Person"] }) {
  const [wanted, setWanted] = useState<Wanted>({ text: "", role: "" });
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(peopleQuery(wanted));
  const people = data?.pages.flatMap((page) => page.people) ?? [];
  const mayChange = self.role === "administrator";
  return (
    <div className={classes["page"]}>
      <h1>People</h1>
      <Panel title="Everybody with an account">
        <div className={classes["filters"]} role="search">
          <TextField label="Address or name" name="text" autoComplete="off" required={false} value={wanted.text} error={null} onChange={(text) => { setWanted({ ...wanted, text }); }} />
          <NativeSelect
            label="Role"
            value={wanted.role}
            onChange={(event) => {
              setWanted({ ...wanted, role: event.currentTarget.value as Wanted["role"] });
            }}
            data={[{ value: "", label: "every role" }, ...ROLES]}
          />
        </div>
        {error !== null ? (
          <Failure what="The people" error={error} onRetry={() => void refetch()} />
        ) : data === undefined ? (
          <Loading height={240} />
        ) : people.length === 0 ? (
          <p className="muted">There is nobody like that.</p>
        ) : (
          <ul className={classes["list"]} aria-label="People">
            {people.map((person) => (
              <PersonLine key={person.id} person={person} isSelf={person.id === self.id} mayChange={mayChange} changes={PEOPLE} />
            ))}
          </ul>
        )}
        {hasNextPage && (
          <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more
          </Button>
        )}
      </Panel>
      {mayChange && <NewPerson />}
    </div>
  );
}

function NewPerson() {
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Schemas["RoleName"]>("reader");
  const add = useAct((body: Schemas["AskedPerson"]) => answer(mine.POST("/v1/people", { body })), {
    changes: [PEOPLE],
    onDone: () => {
      setEmail("");
      setName("");
    },
  });
  return (
    <Panel title="Add somebody">
      <form
        className={classes["form"]}
        onSubmit={(event: SyntheticEvent) => {
          event.preventDefault();
          add.mutate({ email, name, role });
        }}
      >
        <TextField label="Address of mail" name="email" kind="email" autoComplete="off" description="Where mail can be sent, a letter brings a link to choose a password." value={email} onChange={setEmail} error={add.error} />
        <TextField label="Name" name="name" autoComplete="off" required={false} value={name} onChange={setName} error={add.error} />
        <NativeSelect label="Role of the new person" value={role} onChange={(event) => { setRole(event.currentTarget.value as Schemas["RoleName"]); }} data={ROLES} />
        <ActError error={add.error} fields={["email", "name"]} />
        <Button type="submit" loading={add.isPending}>
          Add
        </Button>
        {add.isSuccess && <p role="status">{add.data.email} was added.</p>}
      </form>
    </Panel>
  );
}
