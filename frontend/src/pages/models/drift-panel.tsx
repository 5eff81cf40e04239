import type { Schemas } from "@/api/client";
import { modelName } from "@/format/names";
import { count, percent, signedInterval, signedPercent } from "@/format/numbers";
import { day, toSeconds } from "@/format/time";
import { Facts } from "@/parts/facts";
import { Scroll } from "@/parts/scroll";
import { Tag } from "@/parts/tag";
import { VerdictTag } from "@/parts/verdict-tag";
import classes from "./page.module.css";
import type { DriftWindow } from "./search.ts";

type Drift = Schemas["Drift"];
type Calibration = Drift["calibration"];

const NOMINAL = [50, 80, 90, 95] as const;

const LEVELS = {
  none: { tone: "good", words: "none" },
  moderate: { tone: "warn", words: "moderate" },
  major: { tone: "bad", words: "major" },
  too_few: { tone: "plain", words: "too few to say" },
} as const;

/** Whether the present is still what the champion was made for, over one window. */
export function DriftPanel({ drift, window }: { readonly drift: Drift; readonly window: DriftWindow }) {
  const calibration = drift.calibration.filter((figure) => figure.window === window && figure.n > 0);
  const inputs = drift.inputs.find((figure) => figure.window === window);
  return (
    <>
      <p className={`muted ${classes["reason"] ?? ""}`}>
        Live forecasts of {modelName(drift.model)}
        {drift.trained_until !== null && `, whose newest version knows the market up to ${day(toSeconds(drift.trained_until))}`}. The
        report never acts; the gate does.
      </p>
      {drift.words.length > 0 && (
        <ul className={classes["outstanding"]}>
          {drift.words.map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
      )}
      <section className={classes["part"]}>
        <h3>Calibration</h3>
        {calibration.length > 0 ? (
          <CalibrationTable calibration={calibration} />
        ) : (
          <p className="muted">No live forecast has fallen due in this window yet; the nearest outcome follows an hour after a forecast.</p>
        )}
      </section>
      <section className={classes["part"]}>
        <h3>Skill</h3>
        {calibration.some(({ skill }) => skill.length > 0) ? (
          <SkillTable calibration={calibration} />
        ) : (
          <p className="muted">There is nothing to compare with yet.</p>
        )}
      </section>
      <section className={classes["part"]}>
        <h3>Inputs</h3>
        {inputs === undefined ? <p className="muted">The champion has no version yet, so that there is no training year to compare with.</p> : <Inputs inputs={inputs} />}
      </section>
    </>
  );
}

function CalibrationTable({ calibration }: { readonly calibration: Calibration }) {
  return (
    <Scroll label="Drift of calibration">
      <table>
        <caption>
          Share of outcomes that each interval held, and how far their places (PIT) are from even: the Kolmogorov–Smirnov distance,
          beside the one that a calibrated model exceeds once in twenty times
        </caption>
        <thead>
          <tr>
            <th scope="col">Horizon</th>
            {NOMINAL.map((nominal) => (
              <th key={nominal} scope="col" className="number">
                {nominal}&nbsp;%
              </th>
            ))}
            <th scope="col" className="number">
              Distance
            </th>
            <th scope="col" className="number">
              Critical
            </th>
            <th scope="col" className="number">
              Forecasts
            </th>
            <th scope="col" className="number">
              Independent
            </th>
          </tr>
        </thead>
        <tbody>
          {calibration.map(({ horizon, coverage, pit_distance: distance, pit_distance_usual: critical, n, n_stretches }) => (
            <tr key={horizon}>
              <th scope="row">{horizon}</th>
              {NOMINAL.map((nominal) => {
                const observed = coverage.find(({ nominal_percent }) => nominal_percent === nominal)?.observed_percent;
                return (
                  <td key={nominal} className="number">
                    {observed === undefined ? "–" : percent(observed / 100)}
                  </td>
                );
              })}
              <td className="number">
                {distance !== null && critical !== null && distance > critical && <Tag tone="warn">beyond</Tag>} {distance?.toFixed(3) ?? "–"}
              </td>
              <td className="number">{critical?.toFixed(3) ?? "–"}</td>
              <td className="number">{count(n)}</td>
              <td className="number">{count(n_stretches)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function SkillTable({ calibration }: { readonly calibration: Calibration }) {
  return (
    <Scroll label="Drift of skill">
      <table>
        <caption>How much smaller the mean CRPS is than that of fallback and baselines, with a 95&nbsp;% block-bootstrap interval</caption>
        <thead>
          <tr>
            <th scope="col">Horizon</th>
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
        <tbody>
          {calibration.flatMap(({ horizon, skill }) =>
            skill.map((figure) => (
              <tr key={`${horizon} ${figure.baseline}`}>
                <th scope="row">{horizon}</th>
                <td>{modelName(figure.baseline)}</td>
                <td>
                  <VerdictTag verdict={figure.verdict} />
                </td>
                <td className="number">{signedPercent(figure.value)}</td>
                <td className="number">{signedInterval(figure)}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </Scroll>
  );
}

function Inputs({ inputs }: { readonly inputs: Drift["inputs"][number] }) {
  const { tone, words } = LEVELS[inputs.level];
  return (
    <Facts
      rows={[
        ["Missing candles", `${percent(inputs.missing_percent / 100, 2)} of those that should be there; ${count(inputs.n_candles)} are`],
        [
          "Mean size of five-minute returns",
          inputs.volatility_percent === null ? "cannot be taken" : `${percent(inputs.volatility_percent / 100, 0)} of the training year’s`,
        ],
        [
          "Shape of returns (PSI)",
          <>
            {inputs.psi === null ? "cannot be taken" : inputs.psi.toFixed(3)} <Tag tone={tone}>{words}</Tag>
          </>,
        ],
      ]}
    />
  );
}
