import type { ReactNode } from "react";
import classes from "./tag.module.css";

/** A short mark beside a title: replayed, stale. */
export function Tag({ tone, children }: { readonly tone: "plain" | "warn" | "good" | "bad"; readonly children: ReactNode }) {
  return <span className={`${classes["tag"] ?? ""} ${classes[tone] ?? ""}`}>{children}</span>;
}
