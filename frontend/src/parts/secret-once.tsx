import { Button } from "@mantine/core";
import { type ReactNode, useEffect, useRef, useState } from "react";
import classes from "./secret-once.module.css";

interface Props {
  readonly title: string;
  readonly text: string;
  readonly children?: ReactNode;
  readonly onDone: () => void;
}

/** Something that is shown this once, to be copied. */
export function SecretOnce({ title, text, children, onDone }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [copied, setCopied] = useState<"not yet" | "copied" | "failed">("not yet");
  useEffect(() => {
    place.current?.focus();
  }, []);
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => {
        setCopied("copied");
      },
      () => {
        setCopied("failed");
      },
    );
  };
  return (
    <div ref={place} role="status" tabIndex={-1} className={classes["secret"]}>
      <p>
        <strong>{title}</strong>, shown this once. Keep it where nobody else reads it.
      </p>
      <code className={classes["text"]}>{text}</code>
      {children !== undefined && <p>{children}</p>}
      <div className={classes["buttons"]}>
        <Button size="compact-md" onClick={copy}>
          {copied === "copied" ? "Copied" : "Copy"}
        </Button>
        <Button size="compact-md" variant="default" onClick={onDone}>
          I have kept it
        </Button>
      </div>
      {copied === "failed" && <p>The browser does not let this page copy; mark the text and copy it yourself.</p>}
    </div>
  );
}
