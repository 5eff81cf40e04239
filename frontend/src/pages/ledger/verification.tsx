import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useId, useState } from "react";
import { toHex } from "@/proof/bytes";
import type { Step } from "@/proof/merkle";
import { canVerify, type Claim, type Outcome, type Report, verify } from "@/proof/verify";
import classes from "./verification.module.css";

const MARKS: Readonly<Record<Outcome, string>> = { passed: "✓", failed: "✗", unknown: "?" };
const WORDS: Readonly<Record<Outcome, string>> = { passed: "Passed", failed: "Failed", unknown: "Not checked" };

/** An entry's text, which may be changed to see it fail, and the verdict that this browser comes to. */
export function Verification({ claim }: { readonly claim: Claim }) {
  const [text, setText] = useState(claim.text);
  const box = useId();
  const check = useMutation({ mutationFn: verify });

  if (!canVerify()) {
    return (
      <p>
        Browsers offer cryptography only on secure pages (https, or the machine itself), and this is not one. Export the ledger and
        check it with <code>btcforecast ledger verify</code> instead.
      </p>
    );
  }
  return (
    <div className={classes["verification"]}>
      <label htmlFor={box}>The entry, exactly as it is hashed. Change a letter to see that it is found.</label>
      <textarea
        id={box}
        className={`mono ${classes["text"] ?? ""}`}
        value={text}
        rows={6}
        spellCheck={false}
        onChange={(event) => {
          setText(event.currentTarget.value);
          check.reset();
        }}
      />
      <div className={classes["buttons"]}>
        <Button
          onClick={() => {
            check.mutate({ ...claim, text });
          }}
        >
          Verify in this browser
        </Button>
        {text !== claim.text && (
          <Button
            variant="default"
            onClick={() => {
              setText(claim.text);
              check.reset();
            }}
          >
            Undo the change
          </Button>
        )}
      </div>
      <div role="status">{check.data !== undefined && <Verdict report={check.data} />}</div>
      {check.error !== null && <p role="alert">The check itself broke: {check.error.message}</p>}
    </div>
  );
}

function Verdict({ report }: { readonly report: Report }) {
  return (
    <>
      <p className={`${classes["verdict"] ?? ""} ${classes[report.isVerified ? "passed" : "failed"] ?? ""}`}>
        {report.isVerified ? "Verified: this entry is in the ledger, unchanged." : "Not verified: this is not what was sealed."}
      </p>
      <ul className={classes["checks"]}>
        {report.checks.map(({ name, outcome, detail }) => (
          <li key={name} className={classes[outcome]}>
            <span aria-hidden="true">{MARKS[outcome]}</span>
            <span>
              <span className="unseen">{WORDS[outcome]}: </span>
              <strong>{name}.</strong> <span className={classes["detail"]}>{detail}</span>
            </span>
          </li>
        ))}
      </ul>
      <Way leaf={report.leaf} steps={report.steps} />
    </>
  );
}

/** The way from the entry to the root, hash by hash. */
function Way({ leaf, steps }: { readonly leaf: string; readonly steps: readonly Step[] }) {
  return (
    <details open>
      <summary>The way to the root, in {steps.length} steps</summary>
      <ol className={classes["way"]}>
        <li>
          The entry’s own hash, SHA-256 of a zero byte and its text: <span className="mono">{leaf}</span>
        </li>
        {steps.map(({ side, sibling, result }, i) => (
          <li key={i}>
            {side === "left" ? "With the sibling on its left" : "With the sibling on its right"}, <span className="mono">{toHex(sibling)}</span>,
            it becomes <span className="mono">{toHex(result)}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}
