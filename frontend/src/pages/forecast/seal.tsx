import { Link } from "@tanstack/react-router";
import type { ForecastView } from "@/api/forecast-view";
import { modelName } from "@/format/names";
import { count } from "@/format/numbers";
import { instant } from "@/format/time";
import { Facts } from "@/parts/facts";
import { Panel } from "@/parts/panel";
import { Tag } from "@/parts/tag";

/** Who said it, when, and where that is written down. */
export function Seal({ forecast }: { readonly forecast: ForecastView }) {
  const first = forecast.horizons[0];
  const isLive = forecast.origin === "live";
  return (
    <Panel title="The seal" aside={isLive ? <Tag tone="good">sealed before the outcome</Tag> : <Tag tone="warn">replayed from history</Tag>}>
      <Facts
        rows={[
          ["Forecast", <span className="mono">{forecast.id}</span>],
          [
            "Model",
            <>
              {modelName(forecast.model)},{" "}
              <Link to="/models/$version" params={{ version: forecast.modelVersion }} className="mono">
                {forecast.modelVersion}
              </Link>
            </>,
          ],
          ["Knows the market up to", instant(forecast.asOf)],
          // A replayed entry bears the instant that it stands for, not the one at which it was made.
          ...(isLive ? [["Sealed", instant(forecast.sealedAt)] as const] : []),
          ...(first === undefined ? [] : [["First outcome", instant(first.targetAt)] as const]),
          [
            "Ledger entry",
            <>
              {count(forecast.ledgerSeq)},{" "}
              <Link to="/ledger" search={{ origin: forecast.origin, seq: forecast.ledgerSeq }}>
                verify it in this browser
              </Link>
            </>,
          ],
        ]}
      />
    </Panel>
  );
}
