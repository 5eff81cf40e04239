import { useLocation, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import type { LoggedIn } from "@/session/store";
import { StepUpDialog } from "@/session/step-up";
import { useSession } from "@/session/use-session";
import { Loading } from "./states.tsx";

/** Shows what is somebody's own, or leads to the log-in and back. */
export function NeedSession({ children }: { readonly children: (who: LoggedIn) => ReactNode }) {
  const session = useSession();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  // Where this page is, and not where the way out of it leads.
  const [here] = useState(pathname);
  useEffect(() => {
    if (session.kind === "out") void navigate({ to: "/login", search: { to: here }, replace: true });
  }, [session.kind, navigate, here]);
  if (session.kind !== "in") return <Loading height={420} />;
  return (
    <>
      {children(session.who)}
      <StepUpDialog />
    </>
  );
}
