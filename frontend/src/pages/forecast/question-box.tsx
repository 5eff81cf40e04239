import { Button, NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import type { ForecastView } from "@/api/forecast-view";
import { type Question, questionQuery } from "@/api/queries";
import { percent, price, probability } from "@/format/numbers";
import { DAY, instant, span } from "@/format/time";
import { Choice } from "@/parts/choice";
import { Panel } from "@/parts/panel";
import { Failure } from "@/parts/states";
import classes from "./question-box.module.css";

const KINDS = [
  { value: "above", label: "ends above" },
  { value: "touch", label: "touches" },
] as const;

/** Touching is counted on simulated paths, which reach a day ahead. */
const PATHS_REACH = DAY;
const OTHER = "other";

/** Asks how likely a price is, at an instant or before it. */
export function QuestionBox({ forecast }: { readonly forecast: ForecastView }) {
  const [kind, setKind] = useState<Question["kind"]>("above");
  const [level, setLevel] = useState<number | undefined>(() => roundLevel(forecast.spot * 1.01));
  const [chosen, setChosen] = useState("24h");
  const [written, setWritten] = useState(() => forInput(forecast.asOf + DAY / 2));
  const [asked, setAsked] = useState<Question>();
  const horizons = forecast.horizons.filter(({ seconds }) => kind === "above" || seconds <= PATHS_REACH);
  const target = horizons.find(({ name }) => name === chosen) ?? horizons.at(-1);
  const at = chosen === OTHER ? fromInput(written) : target?.targetAt;

  const ask = (event: SyntheticEvent) => {
    event.preventDefault();
    if (level !== undefined && level > 0 && at !== undefined) setAsked({ kind, price: level, at });
  };

  return (
    <Panel title="What is the probability that it …">
      <form onSubmit={ask} className={classes["form"]}>
        <Choice label="Kind of question" options={KINDS} value={kind} onChange={setKind} />
        <div className={classes["fields"]}>
          <NumberInput
            label={`This price, in ${forecast.symbol.split("/")[1] ?? "quote"}`}
            value={level ?? ""}
            onChange={(value) => {
              setLevel(typeof value === "number" ? value : undefined);
            }}
            min={0}
            step={500}
            thousandSeparator=","
            decimalScale={2}
            size="md"
            inputMode="decimal"
            error={level === undefined || level <= 0 ? "Write a price above zero." : undefined}
          />
          <NativeSelect
            label={kind === "above" ? "At" : "Before"}
            size="md"
            value={chosen === OTHER ? OTHER : (target?.name ?? "")}
            onChange={(event) => {
              setChosen(event.currentTarget.value);
            }}
            data={[
              ...horizons.map(({ name, seconds, targetAt }) => ({ value: name, label: `${instant(targetAt)} (${span(seconds)})` })),
              { value: OTHER, label: "another time …" },
            ]}
          />
          {chosen === OTHER && (
            <TextInput
              type="datetime-local"
              label="Time, UTC"
              size="md"
              value={written}
              onChange={(event) => {
                setWritten(event.currentTarget.value);
              }}
              error={at === undefined ? "Write a date and a time." : undefined}
            />
          )}
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
          <p>
            that the price {question.kind === "above" ? "ends above" : "touches"} {price(question.price, symbol)}{" "}
            {question.kind === "above" ? "at" : "before"} {instant(question.at)}.
          </p>
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

/** A level that a person would ask about: round, near the price. */
function roundLevel(value: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1) / 2;
  return step >= 1 ? Math.round(value / step) * step : Number(value.toPrecision(4));
}

function forInput(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16);
}

function fromInput(text: string): number | undefined {
  const at = Date.parse(`${text}Z`) / 1000;
  return Number.isNaN(at) ? undefined : at;
}
