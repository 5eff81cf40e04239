import { Button } from "@mantine/core";
import { type ReactNode, useEffect, useRef } from "react";

interface Props {
  readonly to: string;
  readonly children: ReactNode;
  readonly isBusy: boolean;
  readonly onAgain: () => void;
  readonly onBack: () => void;
}

/** Says that a letter is on its way, and what to do when it does not come. */
export function LetterSent({ to, children, isBusy, onAgain, onBack }: Props) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    place.current?.focus();
  }, []);
  return (
    <>
      <div ref={place} role="status" tabIndex={-1}>
        <p>
          A letter is on its way to <strong>{to}</strong>. {children}
        </p>
        <p className="muted">Nothing there after a few minutes? Look among unwanted mail, or have it sent again.</p>
      </div>
      <Button variant="default" loading={isBusy} onClick={onAgain}>
        Send it again
      </Button>
      <Button variant="subtle" onClick={onBack}>
        Use another address
      </Button>
    </>
  );
}
