/** The answer that a response gives, found where responses say it. */
import { lastBoxed } from "../../data/boxed.ts";

/**
 * Where an answer stands: in the last `\boxed{}`; behind the last `####`; behind "the answer is"; in the last `<answer>` tags; or, which is a guess,
 * as the last number.
 */
export type AnswerPlace = "boxed" | "hash" | "phrase" | "tags" | "number";

const phrase = /\b(?:final\s+)?answer(?:\s*\*\*)?\s*(?:is|:|=)\s*(?:\*\*)?\s*:?/gi;
const numbers = /(?<![\d.,])[-−]?\s?\$?\s?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:\/\d+)?/g;

const finders: Readonly<Record<AnswerPlace, (response: string) => string | undefined>> = {
  boxed: lastBoxed,
  hash: (response) => {
    const at = response.lastIndexOf("####");
    return at < 0
      ? undefined
      : response
          .slice(at + 4)
          .trimStart()
          .split("\n")[0];
  },
  phrase: (response) => {
    const last = [...response.matchAll(phrase)].at(-1);
    return last && sentence(response.slice(last.index + last[0].length));
  },
  tags: (response) => {
    const at = response.lastIndexOf("<answer>");
    const end = response.indexOf("</answer>", at);
    return at < 0 || end < 0 ? undefined : response.slice(at + "<answer>".length, end);
  },
  number: (response) => response.match(numbers)?.at(-1)?.replace(/[\s$]/g, ""),
};

/** What stands up to the end of the sentence or line: in its dollar signs, where it has them. */
function sentence(text: string): string {
  const line = text.trimStart().split("\n")[0] ?? "";
  const [, mathematics] = /^\$([^$]+)\$/.exec(line) ?? [];
  return mathematics ?? line.split(/\.(?=\s|$)|\*\*/)[0] ?? "";
}

/**
 * The answer in a response: from the first of these places that has one. Of a response that thinks in `<think>` tags, only what stands behind the
 * last of them is read.
 * @returns undefined where it gives none
 */
export function extractAnswer(response: string, places: readonly AnswerPlace[]): string | undefined {
  const said = response.split("</think>").at(-1) ?? "";
  for (const place of places) {
    const found = finders[place](said)?.trim();
    if (found) return found;
  }
  return undefined;
}
