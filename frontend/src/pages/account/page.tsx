import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ActError } from "@/parts/act-error";
import { NeedSession } from "@/parts/need-session";
import { useTitle } from "@/parts/title";
import { logOut } from "@/session/acts";
import type { LoggedIn } from "@/session/store";
import { DataPanel } from "./data-panel.tsx";
import { EventsPanel } from "./events-panel.tsx";
import { KeysPanel } from "./keys-panel.tsx";
import { maySeePeople } from "./may.ts";
import classes from "./page.module.css";
import { PasswordPanel } from "./password-panel.tsx";
import { ProfilePanel } from "./profile-panel.tsx";
import { SecondFactorPanel } from "./second-factor-panel.tsx";
import { SessionsPanel } from "./sessions-panel.tsx";
import { UsagePanel } from "./usage-panel.tsx";

/** One's own account. */
export function AccountPage() {
  useTitle("Account");
  return <NeedSession>{(who) => <Account who={who} />}</NeedSession>;
}

function Account({ who }: { readonly who: LoggedIn }) {
  const { person } = who;
  const leave = useMutation({ mutationFn: logOut });
  return (
    <div className={classes["page"]}>
      <div className={classes["head"]}>
        <div>
          <h1>{person.name === "" ? person.email : person.name}</h1>
          <p className="muted">
            {person.email}, {person.role}
          </p>
        </div>
        <div className={classes["row"]}>
          {maySeePeople(person.role) && <Link to="/admin/people">People</Link>}
          {person.role === "administrator" && <Link to="/admin/audit">Audit log</Link>}
          <Button variant="default" loading={leave.isPending} onClick={() => { leave.mutate(); }}>
            Log out
          </Button>
        </div>
      </div>
      <ActError error={leave.error} />
      <KeysPanel />
      <UsagePanel />
      <div className={classes["pair"]}>
        <ProfilePanel person={person} />
        <PasswordPanel hasPassword={person.has_password} />
      </div>
      <SecondFactorPanel />
      <SessionsPanel />
      <EventsPanel />
      <DataPanel email={person.email} />
    </div>
  );
}
