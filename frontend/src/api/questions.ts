/** Questions that people ask of the newest forecast. */

import { queryOptions, skipToken } from "@tanstack/react-query";
import { rfc3339 } from "@/format/time";
import { answer, api, type Schemas } from "./client.ts";

export type Question = { readonly at: number } & (
  | { readonly kind: "above" | "touch"; readonly price: number }
  | { readonly kind: "between"; readonly low: number; readonly high: number }
);

export function questionQuery(question: Question | undefined) {
  return queryOptions({
    queryKey: ["question", question],
    queryFn: question === undefined ? skipToken : () => answer(api.GET("/v1/probability", { params: { query: asked(question) } })),
    staleTime: 0,
  });
}

function asked(question: Question) {
  const at = rfc3339(question.at);
  if (question.kind === "between") return { between: `${question.low},${question.high}`, at };
  return { [question.kind]: question.price, at };
}

/** How far the price ranges up to an instant. */
export function rangeQuery(at: number | undefined) {
  return queryOptions({
    queryKey: ["range", at],
    queryFn: at === undefined ? skipToken : () => answer(api.GET("/v1/range", { params: { query: { at: rfc3339(at) } } })),
    staleTime: 0,
  });
}

/** What one unit can lose by an instant. */
export function riskQuery(at: number | undefined) {
  return queryOptions({
    queryKey: ["risk", at],
    queryFn: at === undefined ? skipToken : () => answer(api.GET("/v1/risk", { params: { query: { at: rfc3339(at) } } })),
    staleTime: 0,
  });
}

export interface PassageAsked {
  readonly level: number;
  readonly at: number;
}

/** When a level is first touched. */
export function passageQuery(wanted: PassageAsked | undefined) {
  return queryOptions({
    queryKey: ["first-passage", wanted],
    queryFn:
      wanted === undefined
        ? skipToken
        : () => answer(api.GET("/v1/first-passage", { params: { query: { level: wanted.level, at: rfc3339(wanted.at) } } })),
    staleTime: 0,
  });
}

export type Range = Schemas["Range"];
export type Risk = Schemas["Risk"];
export type FirstPassage = Schemas["FirstPassage"];
