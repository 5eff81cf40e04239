import { Link } from "@tanstack/react-router";
import { useSession } from "@/session/use-session";
import classes from "./layout.module.css";

/** To the account, or to the log-in. */
export function AccountLink() {
  const session = useSession();
  if (session.kind !== "in") {
    return (
      <Link to="/login" className={classes["link"]}>
        Log in
      </Link>
    );
  }
  return (
    <Link to="/account" className={classes["link"]}>
      Account
    </Link>
  );
}
