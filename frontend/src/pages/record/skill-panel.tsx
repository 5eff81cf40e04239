import { SkillPlot } from "@/charts/skill-plot";
import type { Figures, SkillFigure } from "@/api/record";
import { count, signedPercent } from "@/format/numbers";
import { modelName } from "@/format/names";
import { Panel } from "@/parts/panel";
import { Tag } from "@/parts/tag";

const VERDICTS = {
  better: { tone: "good", words: "better" },
  worse: { tone: "bad", words: "worse" },
  unproven: { tone: "plain", words: "no evidence of skill" },
  too_few: { tone: "plain", words: "too few to say" },
} as const;

const verdictOf = (name: string) => Object.entries(VERDICTS).find(([known]) => known === name)?.[1] ?? VERDICTS.too_few;

type Proven = SkillFigure & { readonly low: number; readonly high: number };

const hasInterval = (figure: SkillFigure): figure is Proven => figure.low !== null && figure.high !== null;

/** Skill against each baseline, drawn and in figures. */
export function SkillPanel({ figures }: { readonly figures: Figures }) {
  const drawn = figures.skill.filter(hasInterval);
  return (
    <Panel title="Skill against each baseline">
      {drawn.length > 0 && (
        <SkillPlot
          label={`Skill of ${modelName(figures.model)} with 95 % intervals; the table below has the figures.`}
          rows={drawn.map(({ baseline, value, low, high }) => ({ name: `against ${modelName(baseline)}`, value, low, high }))}
        />
      )}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard */}
      <div className="scroll" role="region" aria-label="Skill in figures" tabIndex={0}>
        <table>
          <caption>
            How much smaller the mean CRPS is than the baseline’s, on the same forecasts, with a 95&nbsp;% block-bootstrap interval
          </caption>
          <thead>
            <tr>
              <th scope="col">Baseline</th>
              <th scope="col">Verdict</th>
              <th scope="col" className="number">
                Skill
              </th>
              <th scope="col" className="number">
                95&nbsp;% interval
              </th>
              <th scope="col" className="number">
                p
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
            {figures.skill.map((figure) => {
              const verdict = verdictOf(figure.verdict);
              return (
                <tr key={figure.baseline}>
                  <th scope="row">{modelName(figure.baseline)}</th>
                  <td>
                    <Tag tone={verdict.tone}>{verdict.words}</Tag>
                  </td>
                  <td className="number">{signedPercent(figure.value)}</td>
                  <td className="number">{hasInterval(figure) ? `${signedPercent(figure.low)} to ${signedPercent(figure.high)}` : "–"}</td>
                  <td className="number">{figure.p_value === null ? "–" : figure.p_value < 0.001 ? "< 0.001" : figure.p_value.toFixed(3)}</td>
                  <td className="number">{count(figure.n)}</td>
                  <td className="number">{count(figure.n_blocks)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {figures.skill.length === 0 && <p className="muted">This model is a baseline without another to be compared with.</p>}
    </Panel>
  );
}
