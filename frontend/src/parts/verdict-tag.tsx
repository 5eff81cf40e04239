import { Tag } from "./tag.tsx";

const VERDICTS = {
  better: { tone: "good", words: "better" },
  worse: { tone: "bad", words: "worse" },
  unproven: { tone: "plain", words: "no evidence of skill" },
  too_few: { tone: "plain", words: "too few to say" },
} as const;

/** What a skill figure proves. */
export function VerdictTag({ verdict }: { readonly verdict: string }) {
  const { tone, words } = Object.entries(VERDICTS).find(([known]) => known === verdict)?.[1] ?? VERDICTS.too_few;
  return <Tag tone={tone}>{words}</Tag>;
}
