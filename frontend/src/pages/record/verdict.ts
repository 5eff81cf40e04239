import type { Figures, SkillFigure } from "@/api/record";
import { signedPercent } from "@/format/numbers";
import { modelName } from "@/format/names";

/** What the figures say, as one plain sentence that claims nothing unproven. */
export function verdict({ model, skill }: Pick<Figures, "model" | "skill">): string {
  const of = (name: string) => skill.filter((figure) => figure.verdict === name);
  const [better, worse, unproven] = [of("better"), of("worse"), of("unproven")];
  if (better.length + worse.length + unproven.length === 0) return "Too few settled forecasts to say.";
  const name = modelName(model);
  const parts = [
    better.length > 0 && `${name} did better than ${list(better.map(withFigure))}`,
    worse.length > 0 && `${better.length > 0 ? "" : `${name} did `}worse than ${list(worse.map(withFigure))}`,
    unproven.length > 0 && `no evidence of skill against ${list(unproven.map(({ baseline }) => modelName(baseline)))}`,
  ].filter((part) => part !== false);
  const text = parts.join("; ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

const withFigure = ({ baseline, value }: SkillFigure) => `${modelName(baseline)} (${signedPercent(value)})`;

function list(names: readonly string[]): string {
  const [last, ...before] = names.toReversed();
  return before.length === 0 ? (last ?? "") : `${before.toReversed().join(", ")} and ${last ?? ""}`;
}
