import { SkillPlot } from "@/charts/skill-plot";
import type { Figures, SkillFigure } from "@/api/record";
import { count, signedInterval, signedPercent } from "@/format/numbers";
import { modelName } from "@/format/names";
import { Panel } from "@/parts/panel";
import { Scroll } from "@/parts/scroll";
import { VerdictTag } from "@/parts/verdict-tag";

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
      <Scroll label="Skill in figures">
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
            {figures.skill.map((figure) => (
              <tr key={figure.baseline}>
                <th scope="row">{modelName(figure.baseline)}</th>
                <td>
                  <VerdictTag verdict={figure.verdict} />
                </td>
                <td className="number">{signedPercent(figure.value)}</td>
                <td className="number">{signedInterval(figure)}</td>
                <td className="number">{figure.p_value === null ? "–" : figure.p_value < 0.001 ? "< 0.001" : figure.p_value.toFixed(3)}</td>
                <td className="number">{count(figure.n)}</td>
                <td className="number">{count(figure.n_blocks)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {figures.skill.length === 0 && <p className="muted">This model is a baseline without another to be compared with.</p>}
    </Panel>
  );
}
