import { Link } from "@tanstack/react-router";
import { Panel } from "@/parts/panel";
import { useTitle } from "@/parts/title";
import classes from "./about.module.css";

/** How to read the forecast, the track record and the ledger. */
export function About() {
  useTitle("How to read it");
  return (
    <div className={classes["page"]}>
      <h1>How to read it</h1>
      <p className={classes["lead"]}>
        Nobody knows tomorrow’s price. What can be known is how far it tends to go, and a forecast that says so honestly can be
        checked. This page shows such forecasts, and checks them.
      </p>
      <Panel title="The forecast">
        <p>
          Every hour a model looks at the candles that have closed and says how likely each price is, one hour to thirty days
          ahead. “80 % of outcomes lie between two prices” means that over many such statements the price should end between
          them four times in five, and outside once in five. It does not mean that the middle is where the price will be.
        </p>
        <p>
          In the chart the shades hold 50, 80, 90 and 95 % of outcomes. The forecast speaks only of its horizons (1, 4, 12 and
          24 hours; 3, 7 and 30 days); between them the shades follow the square root of time. Hollow candles closed higher than
          they opened, full ones lower.
        </p>
        <p>
          It claims nothing about direction: the laws are symmetric and free of drift, because no claim about direction survived
          testing on data that had not been seen. They say how far the price may go, not whether it rises or falls.
        </p>
        <p>
          <strong>Ends above</strong> and <strong>ends between</strong> ask where the price is at one instant.{" "}
          <strong>Touches</strong> asks whether it gets there at any time before, which is always at least as likely. Answers that
          come from simulated paths carry their standard error. <strong>Range and risk</strong> come from the same forecast: how high
          and how low the price is expected to reach, what one unit can lose, and when a level is first touched.
        </p>
      </Panel>
      <Panel title="The track record">
        <p>
          When a forecast’s time has come, it is settled: compared with the close of the candle that ended then. Three plain
          models are forecast and settled beside it each time. Skill is how much smaller the average error (CRPS, the continuous
          ranked probability score) is than theirs, on the same forecasts. The bar around a dot holds the true skill with 95 %
          confidence. A bar that reaches over zero proves nothing, and the page then says so.
        </p>
        <p>
          With every cycle the same questions are answered and sealed, too. Their Brier score is the mean squared distance between
          the probability and what came (1 or 0), and the reliability diagram shows whether what was called 70 % came true seven
          times in ten.
        </p>
        <p>
          <strong>Live</strong> forecasts were sealed before their outcome. <strong>Replayed</strong> ones were computed later
          from history by the same code, which saw only what was known then. The two are kept in two ledgers and never share a
          figure.
        </p>
      </Panel>
      <Panel title="The gate">
        <p>
          Every forecast is sealed and scored, but not every one is served. In each cycle a gate checks the candles, what the models
          say of themselves, their scores and how many outcomes their intervals held, against limits that were fixed beforehand.{" "}
          <strong>Open</strong> serves the champion. <strong>Demoted</strong> serves the fallback in its place.{" "}
          <strong>Suspended</strong> serves nothing until the intervals hold again as many outcomes as they promise, and{" "}
          <strong>withheld</strong> serves nothing in this cycle. Each change is a ledger entry, with the figures behind it on the{" "}
          <Link to="/models">models page</Link>.
        </p>
      </Panel>
      <Panel title="The models">
        <p>
          Beside the champion, challengers are forecast, sealed and scored in every cycle. One of them becomes champion only by a
          rule that was written down beforehand, or by a person who says why; either way it is in the ledger.{" "}
          <strong>Drift</strong> tells whether the present is still what the champion was made for. The report acts on nothing: the
          gate does.
        </p>
        <p>
          Each fitted version has a <strong>card</strong>, signed with it: what it was made from, how it did on days that it had not
          seen, its limits, and when not to use it.
        </p>
      </Panel>
      <Panel title="The ledger">
        <p>
          Each forecast is an entry in a list that can only grow. The entries are the leaves of a hash tree, whose root is
          signed. From a signed root and a few hashes your browser works out for itself that an entry is in the list, unchanged:
          on the <Link to="/ledger">ledger page</Link>, step by step. Changing a single letter of a past forecast would change
          the root.
        </p>
      </Panel>
      <Panel title="Marks to look for">
        <p>
          <strong>Simulated</strong>: the prices come from a random generator, not from a market, so that the service can be seen
          at work without a network. <strong>Stale</strong>: the newest data are older than they should be.{" "}
          <strong>Replayed</strong>: computed after the fact, from history.
        </p>
      </Panel>
    </div>
  );
}
