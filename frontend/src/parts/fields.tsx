import { PasswordInput, TextInput } from "@mantine/core";
import type { HTMLInputAutoCompleteAttribute } from "react";
import { fieldError } from "./act-error.tsx";

interface Props {
  readonly label: string;
  readonly name: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error: Error | null;
  readonly autoComplete: HTMLInputAutoCompleteAttribute;
  readonly description?: string;
  readonly required?: boolean;
}

/** An address of mail, a name, a code: one line. kind: what phones show a keyboard for. */
export function TextField({ onChange, error, required = true, kind = "text", ...rest }: Props & { readonly kind?: "text" | "email" | "code" }) {
  return (
    <TextInput
      {...rest}
      type={kind === "email" ? "email" : "text"}
      inputMode={kind === "code" ? "numeric" : kind}
      spellCheck={false}
      required={required}
      withAsterisk={false}
      error={fieldError(error, rest.name)}
      aria-invalid={fieldError(error, rest.name) !== undefined}
      onChange={(event) => {
        onChange(event.currentTarget.value);
      }}
    />
  );
}

export function PasswordField({ onChange, error, required = true, ...rest }: Props) {
  return (
    <PasswordInput
      {...rest}
      required={required}
      withAsterisk={false}
      visibilityToggleButtonProps={{ "aria-label": "Show the password", tabIndex: 0, "aria-hidden": false }}
      error={fieldError(error, rest.name)}
      aria-invalid={fieldError(error, rest.name) !== undefined}
      onChange={(event) => {
        onChange(event.currentTarget.value);
      }}
    />
  );
}
