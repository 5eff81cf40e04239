import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "@/api/client";
import { Facts } from "@/parts/facts";
import { Panel } from "@/parts/panel";
import { Scroll } from "@/parts/scroll";
import { Failure, Loading } from "@/parts/states";
import classes from "./page.module.css";
import { apiKeysQuery, usageQuery } from "./queries.ts";

const figures = new Intl.NumberFormat("en-GB");

/** What one has asked, and how much one may. */
export function UsagePanel() {
  const { data, error, refetch } = useQuery({ ...usageQuery, refetchInterval: 30_000 });
  const { data: keys } = useQuery(apiKeysQuery);
  return (
    <Panel title="Use and limits">
      {error !== null ? (
        <Failure what="Your use" error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading height={120} />
      ) : (
        <>
          <Facts rows={[["Plan", data.plan], ...data.quotas.map((quota) => [quotaName(quota), quotaWords(quota)] as const)]} />
          <Days days={data.days} names={new Map(keys?.keys.map(({ id, name }) => [id, name]))} />
        </>
      )}
    </Panel>
  );
}

function Days({ days, names }: { readonly days: readonly Schemas["UsageDay"][]; readonly names: ReadonlyMap<string, string> }) {
  if (days.length === 0) return <p className="muted">Nothing was asked in the last thirty days. What is asked shows here within half a minute.</p>;
  return (
    <div className={classes["table"]}>
      <Scroll label="Requests by day">
        <table>
          <caption>Requests of the last thirty days; costly ones count more</caption>
          <thead>
            <tr>
              <th scope="col">Day (UTC)</th>
              <th scope="col">With</th>
              <th scope="col" className="number">
                Requests
              </th>
              <th scope="col" className="number">
                Cost
              </th>
            </tr>
          </thead>
          <tbody>
            {days.map(({ day, key, n_requests, cost }) => (
              <tr key={`${day} ${key ?? ""}`}>
                <td>{day}</td>
                <td>{key === null ? "this page and other sessions" : (names.get(key) ?? `btcf_${key}_…`)}</td>
                <td className="number">{figures.format(n_requests)}</td>
                <td className="number">{figures.format(cost)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </div>
  );
}

function quotaName({ name }: Schemas["Quota"]): string {
  return name === "person" ? "All together" : "This key";
}

function quotaWords({ limit, window_s, remaining }: Schemas["Quota"]): string {
  const window = window_s === 60 ? "a minute" : `in ${window_s} seconds`;
  return `${figures.format(remaining)} of ${figures.format(limit)} left, ${window}`;
}
