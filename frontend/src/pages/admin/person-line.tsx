import { Button, NativeSelect } from "@mantine/core";
import type { QueryKey } from "@tanstack/react-query";
import { useState } from "react";
import { answer, done, type Schemas } from "@/api/client";
import { day, toSeconds } from "@/format/time";
import { ActError } from "@/parts/act-error";
import { Tag } from "@/parts/tag";
import { useAct } from "@/pages/account/use-act";
import { mine } from "@/session/client";
import classes from "./page.module.css";
import { PLANS, ROLES } from "./roles.ts";

interface Props {
  readonly person: Schemas["Person"];
  readonly isSelf: boolean;
  readonly mayChange: boolean;
  readonly changes: QueryKey;
}

/** One person, and what an administrator can do about them. */
export function PersonLine({ person, isSelf, mayChange, changes }: Props) {
  const [isOpen, setOpen] = useState(false);
  const who = person.name === "" ? person.email : person.name;
  return (
    <li>
      <div className={classes["who"]}>
        <div>
          <strong>{who}</strong> {isSelf && <Tag tone="plain">you</Tag>} {person.disabled_at !== null && <Tag tone="bad">disabled</Tag>}
          <p className="muted">
            {person.email}, {person.role}, plan {person.plan}, since {day(toSeconds(person.created_at))}
            {person.email_verified_at === null ? ", address not verified" : ""}
          </p>
        </div>
        {mayChange && (
          <Button variant="default" size="compact-md" aria-expanded={isOpen} aria-label={`Change ${who}`} onClick={() => { setOpen(!isOpen); }}>
            {isOpen ? "Close" : "Change"}
          </Button>
        )}
      </div>
      {isOpen && <PersonActs person={person} who={who} isSelf={isSelf} changes={changes} />}
    </li>
  );
}

interface ActsProps {
  readonly person: Schemas["Person"];
  readonly who: string;
  readonly isSelf: boolean;
  readonly changes: QueryKey;
}

function PersonActs({ person, who, isSelf, changes }: ActsProps) {
  const [isAsked, setAsked] = useState(false);
  const path = { person_id: person.id };
  const options = { changes: [changes] };
  const change = useAct((body: Partial<Schemas["AskedChange"]>) => answer(mine.PATCH("/v1/people/{person_id}", { params: { path }, body })), options);
  const unlock = useAct(() => done(mine.POST("/v1/people/{person_id}/unlock", { params: { path } })), options);
  const end = useAct(() => answer(mine.DELETE("/v1/people/{person_id}/sessions", { params: { path } })), options);
  const erase = useAct(() => done(mine.DELETE("/v1/people/{person_id}", { params: { path } })), options);
  return (
    <div className={classes["acts"]}>
      <div className={classes["filters"]}>
        {!isSelf && (
          <NativeSelect label="Role" aria-label={`Role of ${who}`} data={ROLES} value={person.role} disabled={change.isPending} onChange={(event) => { change.mutate({ role: event.currentTarget.value as Schemas["RoleName"] }); }} />
        )}
        <NativeSelect label="Plan" aria-label={`Plan of ${who}`} data={PLANS} value={person.plan} disabled={change.isPending} onChange={(event) => { change.mutate({ plan: event.currentTarget.value as Schemas["PlanName"] }); }} />
      </div>
      <div className={classes["row"]}>
        {!isSelf && (
          <Button variant="default" size="compact-md" loading={change.isPending} onClick={() => { change.mutate({ disabled: person.disabled_at === null }); }}>
            {person.disabled_at === null ? "Disable" : "Enable"}
          </Button>
        )}
        <Button variant="default" size="compact-md" loading={unlock.isPending} onClick={() => { unlock.mutate(undefined); }}>
          Unlock
        </Button>
        <Button variant="default" size="compact-md" loading={end.isPending} onClick={() => { end.mutate(undefined); }}>
          End all sessions
        </Button>
        {!isSelf &&
          (isAsked ? (
            <>
              <Button color="red" size="compact-md" loading={erase.isPending} onClick={() => { erase.mutate(undefined); }}>
                Delete {who} for good
              </Button>
              <Button variant="default" size="compact-md" onClick={() => { setAsked(false); }}>
                Keep them
              </Button>
            </>
          ) : (
            <Button variant="default" size="compact-md" onClick={() => { setAsked(true); }}>
              Delete
            </Button>
          ))}
      </div>
      <ActError error={change.error ?? unlock.error ?? end.error ?? erase.error} />
      {unlock.isSuccess && <p role="status">{who} can log in again.</p>}
      {end.isSuccess && <p role="status">{end.data.n_ended === 1 ? "One session" : `${end.data.n_ended} sessions`} of {who} ended.</p>}
    </div>
  );
}
