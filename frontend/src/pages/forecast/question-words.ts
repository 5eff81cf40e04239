import type { Question } from "@/api/questions";
import { price } from "@/format/numbers";
import { instant } from "@/format/time";

/** What was asked, as it follows a probability: that the price ends above $90,000 at … */
export function questionWords(question: Question, symbol: string): string {
  const unit = (value: number) => price(value, symbol);
  switch (question.kind) {
    case "above":
      return `that the price ends above ${unit(question.price)} at ${instant(question.at)}.`;
    case "between":
      return `that the price ends between ${unit(question.low)} and ${unit(question.high)} at ${instant(question.at)}.`;
    case "touch":
      return `that the price touches ${unit(question.price)} before ${instant(question.at)}.`;
  }
}
