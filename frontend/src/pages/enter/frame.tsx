import type { ReactNode } from "react";
import { useTitle } from "@/parts/title";
import classes from "./frame.module.css";

/** A narrow page around one form. */
export function EnterFrame({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  useTitle(title);
  return (
    <div className={classes["frame"]}>
      <h1>{title}</h1>
      {children}
    </div>
  );
}
