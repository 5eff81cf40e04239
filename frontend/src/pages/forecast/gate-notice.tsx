import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { gateQuery, statusQuery } from "@/api/queries";
import type { Schemas } from "@/api/client";
import { gateSentence, STATE_TONES, whatFollows } from "@/format/gate";
import { sentence } from "@/format/names";
import { toSeconds } from "@/format/time";
import { Tag } from "@/parts/tag";
import classes from "./gate-notice.module.css";
import { LivePrice } from "./live-price.tsx";
import pageClasses from "./page.module.css";

type Gate = Schemas["Gate"];

/** Says that not the champion's forecast is shown, why, and what ends that. */
export function GateNotice() {
  const { data: gate } = useQuery(gateQuery);
  if (gate === undefined || gate.state === "open") return null;
  return (
    <section className={classes["notice"]} aria-label="State of the gate">
      <p>
        <strong>{gateSentence(gate)}</strong>
      </p>
      <Reason gate={gate} />
    </section>
  );
}

/** Stands in for the forecast while none is served. */
export function KeptBack({ gate }: { readonly gate: Gate }) {
  return (
    <div className={pageClasses["hero"]}>
      <section className={classes["kept"]} aria-label="State of the gate">
        <h1>No forecast is served now.</h1>
        <p className={classes["state"]}>
          <Tag tone={STATE_TONES[gate.state]}>{gate.state}</Tag> {gateSentence(gate)}
        </p>
        <Reason gate={gate} />
        <p>
          Nothing that was said is taken back: see how forecasts <Link to="/record">fared so far</Link>, and every one of them in the{" "}
          <Link to="/ledger">ledger</Link>.
        </p>
      </section>
      <LivePrice />
    </div>
  );
}

function Reason({ gate }: { readonly gate: Gate }) {
  const { data: status } = useQuery(statusQuery);
  return (
    <p>
      {sentence(gate.reason)} {whatFollows(gate, status && toSeconds(status.next_forecast_at))}{" "}
      <Link to="/models">What the gate looks at</Link>.
    </p>
  );
}
