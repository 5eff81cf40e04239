import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import type { ForecastView } from "@/api/forecast-view";
import { type Question, questionQuery } from "@/api/questions";
import { percent, probability, quoteName } from "@/format/numbers";
import { Choice } from "@/parts/choice";
import { Panel } from "@/parts/panel";
import { Failure } from "@/parts/states";
import { isLevel, LevelInput } from "./level.tsx";
import classes from "./question-box.module.css";
import { questionWords } from "./question-words.ts";
import { roundLevel } from "./round-level.ts";
import { useWhen } from "./when.tsx";

const KINDS = [
  { value: "above", label: "ends above" },
  { value: "between", label: "ends between" },
  { value: "touch", label: "touches" },
] as const;

/** Asks how likely a price is, at an instant or before it. */
export function QuestionBox({ forecast }: { readonly forecast: ForecastView }) {
  const [kind, setKind] = useState<Question["kind"]>("above");
  const [level, setLevel] = useState<number | undefined>(() => roundLevel(forecast.spot * 1.01));
  const [low, setLow] = useState<number | undefined>(() => roundLevel(forecast.spot * 0.99));
  const [asked, setAsked] = useState<Question>();
  const when = useWhen(forecast, kind === "touch" ? "Before" : "At");
  const quote = quoteName(forecast.symbol);
  const isReversed = kind === "between" && isLevel(low) && isLevel(level) && low >= level;

  const ask = (event: SyntheticEvent) => {
    event.preventDefault();
    const { at } = when;
    if (at === undefined || !isLevel(level) || isReversed) return;
    if (kind !== "between") setAsked({ kind, price: level, at });
    else if (isLevel(low)) setAsked({ kind, low, high: level, at });
  };

  return (
    <Panel title="What is the probability that it …">
      <form onSubmit={ask} className={classes["form"]}>
        <Choice label="Kind of question" options={KINDS} value={kind} onChange={setKind} />
        <div className={classes["fields"]}>
          {kind === "between" && <LevelInput label={`From this price, in ${quote}`} value={low} onChange={setLow} />}
          <LevelInput
            label={kind === "between" ? `To this price, in ${quote}` : `This price, in ${quote}`}
            value={level}
            onChange={setLevel}
            fault={isReversed ? "Write a price above the first one." : undefined}
          />
          {when.fields}
        </div>
        <Button type="submit" size="md">
          Ask
        </Button>
      </form>
      <Answer question={asked} symbol={forecast.symbol} />
    </Panel>
  );
}

function Answer({ question, symbol }: { readonly question: Question | undefined; readonly symbol: string }) {
  const { data, error, refetch } = useQuery(questionQuery(question));
  return (
    <div role="status" className={classes["answer"]}>
      {question === undefined ? (
        <p className="muted">The answer comes from the newest forecast: from its quantiles, or counted over its simulated paths.</p>
      ) : error !== null ? (
        <Failure what="The answer" error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <p className="muted">Working it out …</p>
      ) : (
        <>
          <p className={classes["figure"]}>{probability(data.probability)}</p>
          <p>{questionWords(question, symbol)}</p>
          {data.n_paths !== null && (
            <p className="muted">
              Standard error ±{percent(data.standard_error)}, counted over {data.n_paths} simulated paths.
            </p>
          )}
          {data.notes.map((note) => (
            <p key={note} className="muted">
              {note}
            </p>
          ))}
        </>
      )}
    </div>
  );
}
