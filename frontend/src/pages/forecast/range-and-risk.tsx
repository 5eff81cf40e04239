import { Button } from "@mantine/core";
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, type SyntheticEvent, useState } from "react";
import type { ForecastView } from "@/api/forecast-view";
import { type PassageAsked, passageQuery, rangeQuery, riskQuery } from "@/api/questions";
import { quoteName } from "@/format/numbers";
import { Panel } from "@/parts/panel";
import { Failure, Loading } from "@/parts/states";
import { FirstPassageFigures } from "./first-passage-figures.tsx";
import { isLevel, LevelInput } from "./level.tsx";
import classes from "./question-box.module.css";
import { RangeFigures } from "./range-figures.tsx";
import { RiskFigures } from "./risk-figures.tsx";
import { roundLevel } from "./round-level.ts";
import { useWhen } from "./when.tsx";

/** How far the price ranges up to an instant, what can be lost, and when a level is first touched. */
export function RangeAndRisk({ forecast }: { readonly forecast: ForecastView }) {
  const [level, setLevel] = useState<number | undefined>(() => roundLevel(forecast.spot * 1.03));
  const [asked, setAsked] = useState<PassageAsked>();
  const when = useWhen(forecast, "Up to");

  const ask = (event: SyntheticEvent) => {
    event.preventDefault();
    if (when.at !== undefined && isLevel(level)) setAsked({ level, at: when.at });
  };

  return (
    <Panel title="Range and risk">
      <form onSubmit={ask} className={classes["form"]}>
        <div className={classes["fields"]}>
          {when.fields}
          <LevelInput label={`Level that may be touched, in ${quoteName(forecast.symbol)}`} value={level} onChange={setLevel} />
        </div>
        <Button type="submit" size="md" variant="default">
          Work it out
        </Button>
      </form>
      <div role="status" className={classes["answer"]}>
        {asked === undefined ? (
          <p className="muted">
            The highest and the lowest price on the way, value at risk for one unit held or sold, and how likely the level has been
            touched as time goes on; all from the newest forecast.
          </p>
        ) : (
          <Answers asked={asked} symbol={forecast.symbol} />
        )}
      </div>
    </Panel>
  );
}

function Answers({ asked, symbol }: { readonly asked: PassageAsked; readonly symbol: string }) {
  const range = useQuery(rangeQuery(asked.at));
  const risk = useQuery(riskQuery(asked.at));
  const passage = useQuery(passageQuery(asked));
  // The notes are the same for much of what was asked: each is said once.
  const notes = new Set([range, risk, passage].flatMap(({ data }) => data?.notes ?? []));
  return (
    <div className={classes["answers"]}>
      <div className={classes["pair"]}>
        <Part title="How far it ranges" query={range}>
          {(data) => <RangeFigures range={data} symbol={symbol} />}
        </Part>
        <Part title="What can be lost" query={risk}>
          {(data) => <RiskFigures risk={data} symbol={symbol} />}
        </Part>
      </div>
      <Part title="When the level is first touched" query={passage}>
        {(data) => <FirstPassageFigures passage={data} symbol={symbol} />}
      </Part>
      {[...notes].map((note) => (
        <p key={note} className="muted">
          {note}
        </p>
      ))}
    </div>
  );
}

interface PartProps<T> {
  readonly title: string;
  readonly query: UseQueryResult<T>;
  readonly children: (data: T) => ReactNode;
}

/** One of the answers; each may fail without the others. */
function Part<T>({ title, query: { data, error, refetch }, children }: PartProps<T>) {
  return (
    <section className={classes["part"]}>
      <h3>{title}</h3>
      {error !== null ? <Failure what="The answer" error={error} onRetry={() => void refetch()} /> : data === undefined ? <Loading height={140} /> : children(data)}
    </section>
  );
}
