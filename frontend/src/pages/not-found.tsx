import { Link } from "@tanstack/react-router";
import { Empty } from "@/parts/states";
import { useTitle } from "@/parts/title";

export function NotFound() {
  useTitle("Not found");
  return (
    <Empty title="There is no such page.">
      <p>
        The address leads nowhere. The <Link to="/">forecast</Link>, its <Link to="/record">track record</Link>, the{" "}
        <Link to="/models">models</Link> and the{" "}
        <Link to="/ledger">ledger</Link> are still where they were.
      </p>
    </Empty>
  );
}
