import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type SyntheticEvent, useState } from "react";
import { answer, done } from "@/api/client";
import { ActError } from "@/parts/act-error";
import { TextField } from "@/parts/fields";
import { Panel } from "@/parts/panel";
import { forgetSession } from "@/session/acts";
import { mine } from "@/session/client";
import classes from "./page.module.css";
import { useAct } from "./use-act.ts";

/** Everything that is stored about one, to take along or to delete. */
export function DataPanel({ email }: { readonly email: string }) {
  const [typed, setTyped] = useState("");
  const navigate = useNavigate();
  const save = useMutation({
    mutationFn: async () => {
      saveFile("btcforecast-account.json", JSON.stringify(await answer(mine.GET("/v1/me/export")), null, 2));
    },
  });
  const erase = useAct((confirm: string) => done(mine.DELETE("/v1/me", { params: { query: { confirm } } })), {
    onDone: () => {
      void navigate({ to: "/" }).then(forgetSession);
    },
  });
  return (
    <Panel title="Your data">
      <p>Everything that is stored about you, as one JSON file.</p>
      <ActError error={save.error} />
      <Button variant="default" mt="sm" loading={save.isPending} onClick={() => { save.mutate(); }}>
        Save my data
      </Button>
      <form
        className={classes["danger"]}
        onSubmit={(event: SyntheticEvent) => {
          event.preventDefault();
          erase.mutate(typed);
        }}
      >
        <h3>Delete the account</h3>
        <p>
          Account, keys, sessions and use are deleted at once and for good. The audit log keeps your random id, and nothing that says
          who it was.
        </p>
        <div className={classes["form"]}>
          <TextField label={`Type ${email} to delete it`} name="confirm" kind="email" autoComplete="off" value={typed} onChange={setTyped} error={erase.error} />
          <ActError error={erase.error} fields={["confirm"]} />
          <Button type="submit" color="red" loading={erase.isPending} disabled={typed.trim() === ""}>
            Delete my account
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function saveFile(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
