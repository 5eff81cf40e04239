import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "@/api/client";
import { statusQuery } from "@/api/queries";
import { gateSentence, STATE_TONES, whatFollows } from "@/format/gate";
import { modelName, sentence } from "@/format/names";
import { instant, toSeconds } from "@/format/time";
import { EntryLink } from "@/parts/entry-link";
import { Facts } from "@/parts/facts";
import { Scroll } from "@/parts/scroll";
import { Tag } from "@/parts/tag";
import { MeasuresTable } from "./measures-table.tsx";
import classes from "./page.module.css";

type Gate = Schemas["Gate"];

/** How the gate stands, why, by which figures, and how it stood before. */
export function ServedPanel({ gate }: { readonly gate: Gate }) {
  const { data: status } = useQuery(statusQuery);
  return (
    <>
      <p className={classes["state"]}>{gateSentence(gate)}</p>
      <p className={`muted ${classes["reason"] ?? ""}`}>
        {sentence(gate.reason)} {whatFollows(gate, status && toSeconds(status.next_forecast_at))}
      </p>
      <Facts
        rows={[
          ["State", <Tag tone={STATE_TONES[gate.state]}>{gate.state}</Tag>],
          ["Served", gate.served_model === null ? "nothing" : modelName(gate.served_model)],
          ["Champion", modelName(gate.champion)],
          ["Fallback", gate.fallback === null ? "none: where the champion cannot be served, nothing is" : modelName(gate.fallback)],
          ["Judged", gate.judged_at === null ? "not yet" : instant(toSeconds(gate.judged_at))],
        ]}
      />
      <section className={classes["part"]}>
        <h3>What the gate looks at</h3>
        {gate.measures.length > 0 ? <MeasuresTable measures={gate.measures} /> : <p className="muted">Nothing has been measured yet.</p>}
      </section>
      <section className={classes["part"]}>
        <h3>Newest changes</h3>
        {gate.transitions.length > 0 ? <Transitions transitions={gate.transitions} /> : <p className="muted">The gate has been open from the start.</p>}
      </section>
    </>
  );
}

function Transitions({ transitions }: { readonly transitions: Gate["transitions"] }) {
  return (
    <Scroll label="Newest changes of the gate">
      <table>
        <caption>Each change is sealed in the ledger with every measure as it was</caption>
        <thead>
          <tr>
            <th scope="col">With the cycle of</th>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">Served</th>
            <th scope="col">Why</th>
            <th scope="col" className="number">
              Entry
            </th>
          </tr>
        </thead>
        <tbody>
          {transitions.map((change) => (
            <tr key={change.ledger_seq}>
              <th scope="row">{instant(toSeconds(change.as_of))}</th>
              <td>{change.previous}</td>
              <td>
                <Tag tone={STATE_TONES[change.state]}>{change.state}</Tag>
              </td>
              <td>{change.served_model === null ? "nothing" : modelName(change.served_model)}</td>
              <td className={classes["reasons"]}>{sentence(change.reason)}</td>
              <td className="number">
                <EntryLink origin="live" seq={change.ledger_seq} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
