import type { Schemas } from "@/api/client";
import { describeMeasure, GROUPS, limitsOf } from "@/format/gate";
import { count } from "@/format/numbers";
import { Scroll } from "@/parts/scroll";
import { Tag } from "@/parts/tag";
import classes from "./page.module.css";

type Measure = Schemas["GateMeasure"];

const VERDICTS = {
  holds: { tone: "good", words: "holds" },
  outside: { tone: "bad", words: "outside" },
  not_judged: { tone: "plain", words: "not judged yet" },
} as const;

/** Every figure that the gate looks at with the limits that it must keep, by group. */
export function MeasuresTable({ measures }: { readonly measures: readonly Measure[] }) {
  return (
    <Scroll label="Measures of the gate">
      <table>
        <caption>
          A statistic is judged once enough stretches of time, each as long as its horizon, hold a settled forecast
        </caption>
        <thead>
          <tr>
            <th scope="col">Measure</th>
            <th scope="col">Verdict</th>
            <th scope="col" className="number">
              Value
            </th>
            <th scope="col" className="number">
              Limits
            </th>
            <th scope="col" className="number">
              Stretches
            </th>
          </tr>
        </thead>
        {GROUPS.map(({ group, name }) => {
          const rows = measures.filter((measure) => measure.group === group);
          return rows.length === 0 ? null : (
            <tbody key={group}>
              <tr className={classes["group"]}>
                <th scope="rowgroup" colSpan={5}>
                  {name}
                </th>
              </tr>
              {rows.map((measure) => (
                <Row key={measure.name} measure={measure} />
              ))}
            </tbody>
          );
        })}
      </table>
    </Scroll>
  );
}

function Row({ measure }: { readonly measure: Measure }) {
  const { name, text } = describeMeasure(measure.name);
  const { tone, words } = VERDICTS[measure.verdict];
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        <Tag tone={tone}>{words}</Tag>
      </td>
      <td className="number">{measure.value === null ? "–" : text(measure.value)}</td>
      <td className="number">{limitsOf(measure)}</td>
      <td className="number">{measure.n === null ? "–" : `${count(measure.n)} of ${count(measure.n_needed ?? 0)} needed`}</td>
    </tr>
  );
}
