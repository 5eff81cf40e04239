import { NativeSelect, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import type { ForecastView } from "@/api/forecast-view";
import { DAY, instant, span } from "@/format/time";

const OTHER = "other";

/** An instant that a person chooses: a horizon of the forecast or any other within its reach. `at` is none while it cannot be read. */
export function useWhen(forecast: ForecastView, label: string): { readonly at: number | undefined; readonly fields: ReactNode } {
  const [chosen, setChosen] = useState("24h");
  const [written, setWritten] = useState(() => forInput(forecast.asOf + DAY / 2));
  const target = forecast.horizons.find(({ name }) => name === chosen) ?? forecast.horizons.at(-1);
  const at = chosen === OTHER ? fromInput(written) : target?.targetAt;
  const last = forecast.horizons.at(-1);
  const fields = (
    <>
      <NativeSelect
        label={label}
        size="md"
        value={chosen === OTHER ? OTHER : (target?.name ?? "")}
        onChange={(event) => {
          setChosen(event.currentTarget.value);
        }}
        data={[
          ...forecast.horizons.map(({ name, seconds, targetAt }) => ({ value: name, label: `${instant(targetAt)} (${span(seconds)})` })),
          { value: OTHER, label: "another time …" },
        ]}
      />
      {chosen === OTHER && (
        <TextInput
          type="datetime-local"
          label={last === undefined ? "Time, UTC" : `Time, UTC, up to ${span(last.seconds)} ahead`}
          size="md"
          value={written}
          onChange={(event) => {
            setWritten(event.currentTarget.value);
          }}
          error={at === undefined ? "Write a date and a time." : undefined}
        />
      )}
    </>
  );
  return { at, fields };
}

function forInput(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16);
}

function fromInput(text: string): number | undefined {
  const at = Date.parse(`${text}Z`) / 1000;
  return Number.isNaN(at) ? undefined : at;
}
