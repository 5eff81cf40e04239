import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { modelName, sentence } from "@/format/names";
import { instant, toSeconds } from "@/format/time";
import { EntryLink } from "@/parts/entry-link";
import { Scroll } from "@/parts/scroll";
import { Tag } from "@/parts/tag";
import classes from "./page.module.css";

type Models = Schemas["ModelList"]["models"];
type Reigns = Schemas["Gate"]["reigns"];

interface Props {
  readonly models: Models;
  /** None while the gate has not answered. */
  readonly reigns: Reigns | undefined;
}

/** Who is issued in every cycle in which role, and who was champion since when. */
export function ReignsPanel({ models, reigns }: Props) {
  const champion = models.find(({ role }) => role === "champion");
  return (
    <>
      <ModelsTable models={models} />
      {reigns !== undefined && (
        <section className={classes["part"]}>
          <h3>Promotions</h3>
          {reigns.length > 0 ? (
            <ReignsTable reigns={reigns} />
          ) : (
            <p className="muted">{champion === undefined ? "No champion" : modelName(champion.model)} has always reigned; nothing was ever promoted.</p>
          )}
        </section>
      )}
    </>
  );
}

function ModelsTable({ models }: { readonly models: Models }) {
  return (
    <Scroll label="Models of every cycle">
      <table>
        <caption>All of them are issued, sealed and settled in every cycle; a version leads to its card</caption>
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col">Role</th>
            <th scope="col">Version behind its newest forecast</th>
            <th scope="col">Knows candles up to</th>
          </tr>
        </thead>
        <tbody>
          {models.map(({ model, role, serving_version, versions }) => {
            const version = serving_version ?? versions[0]?.version;
            const fitted = versions.find((candidate) => candidate.version === version);
            return (
              <tr key={model}>
                <th scope="row">{modelName(model)}</th>
                <td>
                  <Tag tone={role === "champion" ? "good" : "plain"}>{role}</Tag>
                </td>
                <td className="mono">
                  {version === undefined ? (
                    "not fitted yet"
                  ) : (
                    <Link to="/models/$version" params={{ version }}>
                      {version}
                    </Link>
                  )}
                </td>
                <td>{fitted === undefined ? "–" : instant(toSeconds(fitted.trained_until))}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Scroll>
  );
}

function ReignsTable({ reigns }: { readonly reigns: Reigns }) {
  return (
    <Scroll label="Promotions and rollbacks">
      <table>
        <caption>Who became champion, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Champion from</th>
            <th scope="col">Champion</th>
            <th scope="col">After</th>
            <th scope="col">By</th>
            <th scope="col">Why</th>
            <th scope="col" className="number">
              Entry
            </th>
          </tr>
        </thead>
        <tbody>
          {reigns.map((reign) => (
            <tr key={reign.ledger_seq}>
              <th scope="row">{instant(toSeconds(reign.began_at))}</th>
              <td>{modelName(reign.champion)}</td>
              <td>{modelName(reign.previous)}</td>
              <td>
                {reign.kind} {reign.forced && <Tag tone="warn">forced</Tag>}
              </td>
              <td className={classes["reasons"]}>{sentence(reign.reason)}</td>
              <td className="number">
                <EntryLink origin="live" seq={reign.ledger_seq} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
