/** Instants and spans for people. Instants from the API are RFC 3339, UTC. */

const dateTime = new Intl.DateTimeFormat("en-GB", {
  timeZone: "UTC", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const date = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" });
const time = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export const HOUR = 3600;
export const DAY = 24 * HOUR;

/** Unix seconds of RFC 3339 text. */
export function toSeconds(text: string): number {
  return Date.parse(text) / 1000;
}

/** As the API reads instants. */
export function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** Such as “1 Dec 2025, 14:00 UTC”. */
export function instant(seconds: number): string {
  return `${dateTime.format(seconds * 1000)} UTC`;
}

export function day(seconds: number): string {
  return date.format(seconds * 1000);
}

export function timeOfDay(seconds: number): string {
  return `${time.format(seconds * 1000)} UTC`;
}

/** Seconds in a span such as 1h or 30d. */
export function spanSeconds(text: string): number {
  const found = /^([1-9][0-9]*)([mhd])$/.exec(text);
  if (found?.[1] === undefined) throw new Error(`“${text}” is not a span of time.`);
  return Number(found[1]) * (found[2] === "m" ? 60 : found[2] === "h" ? HOUR : DAY);
}

/** A span in words: 24 hours, 3 days. */
export function span(seconds: number): string {
  if (seconds < 90) return plural(Math.round(seconds), "second");
  if (seconds < 59.5 * 60) return plural(Math.round(seconds / 60), "minute");
  // A day is spoken of as 24 hours where hours matter, up to two days.
  if (seconds < 2 * DAY) return plural(Math.round(seconds / HOUR), "hour");
  return plural(Math.round(seconds / DAY), "day");
}

function plural(n: number, unit: string): string {
  return `${n} ${unit}${n === 1 ? "" : "s"}`;
}

/** How long ago, in words: 3 minutes ago. */
export function ago(at: number, now: number): string {
  const seconds = now - at;
  if (seconds < 0) return `in ${span(-seconds)}`;
  return seconds < 5 ? "just now" : `${span(seconds)} ago`;
}
