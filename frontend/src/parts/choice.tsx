import { SegmentedControl } from "@mantine/core";
import classes from "./choice.module.css";

interface Props<T extends string> {
  readonly label: string;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

/** One of a few, as a row of radio buttons that wraps nowhere and scrolls on a phone. */
export function Choice<T extends string>({ label, options, value, onChange }: Props<T>) {
  return (
    <div className={classes["choice"]}>
      <SegmentedControl aria-label={label} data={[...options]} value={value} onChange={onChange} size="sm" />
    </div>
  );
}
