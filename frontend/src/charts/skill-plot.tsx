import { signedPercent } from "@/format/numbers";
import { type Area, Plot, XAxis } from "./plot.tsx";
import { linear, type Scale, spanOf, ticks } from "./scale.ts";
import classes from "./skill-plot.module.css";

export interface SkillRow {
  readonly name: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const ROW = 46;

/** One dot with its interval for each baseline; right of the line is better than the baseline. */
export function SkillPlot({ rows, label }: { readonly rows: readonly SkillRow[]; readonly label: string }) {
  const span = spanOf(rows.flatMap(({ low, high }) => [low, high]), 0.01);
  return (
    <Plot height={rows.length * ROW + 62} label={label} margin={{ left: 8, right: 16, top: 22, bottom: 40 }}>
      {(area) => {
        const x = linear(span, [area.left, area.right]);
        return (
          <>
            <XAxis area={area} scale={x} at={ticks(...span, Math.max(2, (area.right - area.left) / 90))} text={(v) => signedPercent(v, 1)} hasGrid />
            <text className={classes["side"]} x={x(0) - 8} y={area.top - 8} textAnchor="end">
              worse
            </text>
            <text className={classes["side"]} x={x(0) + 8} y={area.top - 8}>
              better
            </text>
            <line className={classes["zero"]} x1={x(0)} x2={x(0)} y1={area.top - 18} y2={area.bottom} />
            {rows.map((row, i) => (
              <Row key={row.name} row={row} x={x} y={area.top + (i + 0.5) * ROW} area={area} />
            ))}
          </>
        );
      }}
    </Plot>
  );
}

function Row({ row, x, y, area }: { readonly row: SkillRow; readonly x: Scale; readonly y: number; readonly area: Area }) {
  const verdict = row.low > 0 ? "better" : row.high < 0 ? "worse" : "open";
  return (
    <g className={classes[verdict]}>
      <text className={classes["name"]} x={area.left} y={y - 10}>
        {row.name}
      </text>
      <line className={classes["bar"]} x1={x(row.low)} x2={x(row.high)} y1={y + 6} y2={y + 6} />
      <line className={classes["bar"]} x1={x(row.low)} x2={x(row.low)} y1={y} y2={y + 12} />
      <line className={classes["bar"]} x1={x(row.high)} x2={x(row.high)} y1={y} y2={y + 12} />
      <circle className={classes["dot"]} cx={x(row.value)} cy={y + 6} r={5.5} />
    </g>
  );
}
