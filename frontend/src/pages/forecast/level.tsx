import { NumberInput } from "@mantine/core";

interface Props {
  readonly label: string;
  readonly value: number | undefined;
  readonly onChange: (value: number | undefined) => void;
  /** What else is wrong with it. */
  readonly fault?: string | undefined;
}

/** A price that a person writes. */
export function LevelInput({ label, value, onChange, fault }: Props) {
  return (
    <NumberInput
      label={label}
      value={value ?? ""}
      onChange={(next) => {
        onChange(typeof next === "number" ? next : undefined);
      }}
      min={0}
      step={500}
      thousandSeparator=","
      decimalScale={2}
      size="md"
      inputMode="decimal"
      error={isLevel(value) ? fault : "Write a price above zero."}
    />
  );
}

export function isLevel(value: number | undefined): value is number {
  return value !== undefined && value > 0;
}
