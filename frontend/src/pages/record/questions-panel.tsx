import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "@/api/client";
import { questionRecordQuery } from "@/api/queries";
import { binReliability } from "@/charts/calibration";
import { ReliabilityPlot } from "@/charts/reliability-plot";
import { modelName } from "@/format/names";
import { count, percent, signedInterval, signedPercent } from "@/format/numbers";
import { span, spanSeconds } from "@/format/time";
import { Panel } from "@/parts/panel";
import { Scroll } from "@/parts/scroll";
import { Failure, Loading } from "@/parts/states";
import { VerdictTag } from "@/parts/verdict-tag";
import classes from "./page.module.css";
import type { Chosen } from "./search.ts";

type QuestionFigures = Schemas["QuestionFigures"];

const KINDS = [
  { kind: "above", name: "Ends above" },
  { kind: "between", name: "Ends between" },
  { kind: "touch", name: "Touches" },
] as const satisfies readonly { kind: Schemas["RecordKind"]; name: string }[];

/** How the questions that are sealed with every cycle fared. */
export function QuestionsPanel({ chosen }: { readonly chosen: Chosen }) {
  const { data, error, refetch } = useQuery(questionRecordQuery(chosen));
  return (
    <Panel title="Sealed questions">
      {data !== undefined ? (
        <Shown record={data} chosen={chosen} />
      ) : error !== null ? (
        <Failure what="The record of questions" error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading height={240} />
      )}
    </Panel>
  );
}

function Shown({ record, chosen }: { readonly record: Schemas["QuestionRecord"]; readonly chosen: Chosen }) {
  const ofChampion = record.figures.filter(({ role, n }) => role === "champion" && n > 0);
  const figures = KINDS.flatMap(({ kind, name }) =>
    ofChampion.filter((figure) => figure.kind === kind && figure.horizon === chosen.horizon).map((figure) => ({ name, figure })),
  );
  if (figures.length === 0) return <NoneHere ofChampion={ofChampion} record={record} chosen={chosen} />;
  return (
    <>
      <p className="muted">
        The same questions about levels around the price are answered and sealed with every cycle, whatever anybody asks. The Brier score
        is the mean of (probability − outcome)², smaller is better.
        {record.n_void > 0 && ` ${count(record.n_void)} sets of them never got an answer, because candles are missing.`}
      </p>
      <BrierTable figures={figures} />
      <div className={`${classes["columns"] ?? ""} ${classes["diagrams"] ?? ""}`}>
        {figures.map(({ name, figure }) => (
          <Diagram key={figure.kind} name={name} figure={figure} />
        ))}
      </div>
    </>
  );
}

interface NoneProps {
  readonly ofChampion: readonly QuestionFigures[];
  readonly record: Schemas["QuestionRecord"];
  readonly chosen: Chosen;
}

/** Why there is nothing to show, and where there is. */
function NoneHere({ ofChampion, record, chosen }: NoneProps) {
  const horizons = [...new Set(ofChampion.map(({ horizon }) => horizon))].map((name) => span(spanSeconds(name)));
  return (
    <p className="muted">
      {horizons.length > 0
        ? `No sealed question ${span(spanSeconds(chosen.horizon))} ahead has been answered in this window; there are answers for ${horizons.join(", ")}.`
        : record.n_cycles > 0
          ? "No sealed question has been answered in this window; a longer one has some."
          : chosen.origin === "live"
            ? "No sealed question has been answered yet. Some are sealed with every cycle, and the first answers follow an hour later."
            : "No questions were replayed here."}
    </p>
  );
}

interface Named {
  readonly name: string;
  readonly figure: QuestionFigures;
}

function BrierTable({ figures }: { readonly figures: readonly Named[] }) {
  return (
    <Scroll label="Sealed questions in figures">
      <table>
        <caption>Brier score by kind of question, and skill against each baseline on the same cycles with a 95&nbsp;% block-bootstrap interval</caption>
        <thead>
          <tr>
            <th scope="col">Question</th>
            <th scope="col" className="number">
              Answered
            </th>
            <th scope="col" className="number">
              Brier score
            </th>
            <th scope="col" className="number">
              Reliability
            </th>
            <th scope="col" className="number">
              Resolution
            </th>
            <th scope="col">Against</th>
            <th scope="col">Verdict</th>
            <th scope="col" className="number">
              Skill
            </th>
            <th scope="col" className="number">
              95&nbsp;% interval
            </th>
          </tr>
        </thead>
        {figures.map(({ name, figure }) => (
          <tbody key={figure.kind}>
            {figure.skill.length === 0 && (
              <tr>
                <Scores name={name} figure={figure} />
                <td colSpan={4}>no baseline</td>
              </tr>
            )}
            {figure.skill.map((skill, i) => (
              <tr key={skill.baseline}>
                {i === 0 ? <Scores name={name} figure={figure} /> : <td colSpan={5} />}
                <td>{modelName(skill.baseline)}</td>
                <td>
                  <VerdictTag verdict={skill.verdict} />
                </td>
                <td className="number">{signedPercent(skill.value)}</td>
                <td className="number">{signedInterval(skill)}</td>
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </Scroll>
  );
}

function Scores({ name, figure }: Named) {
  return (
    <>
      <th scope="row">{name}</th>
      <td className="number">
        {count(figure.n)} in {count(figure.n_cycles)} cycles
      </td>
      <td className="number">{figure.brier.toFixed(4)}</td>
      <td className="number">{figure.reliability.toFixed(4)}</td>
      <td className="number">{figure.resolution.toFixed(4)}</td>
    </>
  );
}

/** What was said against how often it came true. */
function Diagram({ name, figure }: Named) {
  const points = binReliability(figure.diagram, Math.max(1, ...figure.skill.map(({ n_blocks }) => n_blocks)));
  return (
    <section>
      <h3>{name}</h3>
      <ReliabilityPlot points={points} label={`${name}: stated against observed share; the table below has the figures.`} />
      <details>
        <summary>{name} in figures</summary>
        <table>
          <caption>How often questions came true, by the probability that they were given</caption>
          <thead>
            <tr>
              <th scope="col">Stated</th>
              <th scope="col" className="number">
                On average
              </th>
              <th scope="col" className="number">
                Came true
              </th>
              <th scope="col" className="number">
                Questions
              </th>
            </tr>
          </thead>
          <tbody>
            {figure.diagram.map(({ low, high, mean_probability, observed, n }) => (
              <tr key={low}>
                <th scope="row">
                  {percent(low, 0)} to {percent(high, 0)}
                </th>
                <td className="number">{percent(mean_probability)}</td>
                <td className="number">{percent(observed)}</td>
                <td className="number">{count(n)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}
