import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { Schemas } from "@/api/client";
import type { Origin } from "@/api/origin";
import { settledQuery } from "@/api/queries";
import { fromLogReturn, percent, plainPrice, quoteName } from "@/format/numbers";
import { instant, spanSeconds, toSeconds } from "@/format/time";
import { EntryLink } from "@/parts/entry-link";
import { Panel } from "@/parts/panel";
import { Scroll } from "@/parts/scroll";
import { Failure, Loading } from "@/parts/states";
import classes from "./page.module.css";

interface Props {
  readonly origin: Origin;
  readonly model: string;
  readonly horizon: string;
  /** The end of the record: forecasts whose outcome lies after it are not asked for. */
  readonly until: number | undefined;
}

/** The settled forecasts themselves, newest first. */
export function SettledPanel({ origin, model, horizon, until }: Props) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    settledQuery({ origin, model, madeBefore: until === undefined ? undefined : until - spanSeconds(horizon) + 1 }),
  );
  const rows = (data?.pages ?? []).flatMap(({ forecasts }) => forecasts).flatMap((forecast) => {
    const target = forecast.horizons.find((candidate) => candidate.horizon === horizon);
    return target?.outcome == null ? [] : [{ forecast, target, outcome: target.outcome }];
  });
  return (
    <Panel title="Settled forecasts">
      {data === undefined ? (
        error !== null ? (
          <Failure what="The forecasts" error={error} onRetry={() => void refetch()} />
        ) : (
          <Loading height={240} />
        )
      ) : (
        <>
          <Scroll label="Settled forecasts">
            <table>
              <caption>
                What was said {horizon} ahead, what came, and how far off it was; prices in {quoteName(data.pages[0]?.source.symbol ?? "")}
              </caption>
              <thead>
                <tr>
                  <th scope="col">Made</th>
                  <th scope="col" className="number">
                    From
                  </th>
                  <th scope="col" className="number">
                    80&nbsp;% interval
                  </th>
                  <th scope="col" className="number">
                    Came
                  </th>
                  <th scope="col" className="number">
                    Change
                  </th>
                  <th scope="col" className="number">
                    Place (PIT)
                  </th>
                  <th scope="col" className="number">
                    CRPS, bps
                  </th>
                  <th scope="col" className="number">
                    Entry
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <Row key={row.forecast.id} {...row} />
                ))}
              </tbody>
            </table>
          </Scroll>
          {rows.length === 0 && <p className="muted">None of the forecasts loaded so far has an outcome at this horizon yet.</p>}
          {hasNextPage && (
            <div className={classes["more"]}>
              <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                Show older forecasts
              </Button>
            </div>
          )}
        </>
      )}
    </Panel>
  );
}

interface RowProps {
  readonly forecast: Schemas["Forecast"];
  readonly target: Schemas["HorizonForecast"];
  readonly outcome: Schemas["Outcome"];
}

function Row({ forecast, target, outcome }: RowProps) {
  const band = target.bands.find(({ coverage_percent }) => coverage_percent === 80);
  const isHeld = outcome.covered["80"];
  return (
    <tr>
      <th scope="row">{instant(toSeconds(forecast.as_of))}</th>
      <td className="number">{plainPrice(forecast.spot)}</td>
      <td className="number">{band === undefined ? "–" : `${plainPrice(band.low_price)} – ${plainPrice(band.high_price)}`}</td>
      {outcome.close === null ? (
        <td colSpan={4}>{outcome.void_reason}</td>
      ) : (
        <>
          <td className="number">
            {plainPrice(outcome.close)} <span className={isHeld === true ? classes["held"] : classes["missed"]}>{isHeld === true ? "inside" : "outside"}</span>
          </td>
          <td className="number">{outcome.log_return === null ? "–" : fromLogReturn(outcome.log_return)}</td>
          <td className="number">{outcome.pit === null ? "–" : percent(outcome.pit, 0)}</td>
          <td className="number">{outcome.crps_bps === null ? "–" : outcome.crps_bps.toFixed(1)}</td>
        </>
      )}
      <td className="number">
        <EntryLink origin={forecast.origin} seq={forecast.ledger_seq} />
      </td>
    </tr>
  );
}
