/** The countdown game: an expression over given numbers that reaches a target. */
import Fraction from "fraction.js";
import type { Reward } from "./reward.ts";

/** Longer texts are no answers; the parser's depth is bounded by it too. */
const longest = 200;

/**
 * The value of an arithmetic expression, exactly, and the numbers in it in order; undefined where the text is none. Whole numbers, `+ - * / ( )`,
 * a sign before a bracket or number, and `× · ÷ −` for the same; nothing is ever evaluated as code.
 */
export function evaluateArithmetic(text: string): { readonly value: Fraction; readonly numbers: number[] } | undefined {
  if (text.length > longest) return undefined;
  const plain = text
    .replace(/\\times|\\cdot|[×·]/g, "*")
    .replace(/\\div|÷/g, "/")
    .replace(/−/g, "-");
  const tokens = plain.match(/\d+|\S/g) ?? [];
  const numbers: number[] = [];
  let at = 0;

  function sum(): Fraction {
    let value = product();
    for (let sign = tokens[at]; sign === "+" || sign === "-"; sign = tokens[at]) {
      at++;
      value = sign === "+" ? value.add(product()) : value.sub(product());
    }
    return value;
  }
  function product(): Fraction {
    let value = signed();
    for (let sign = tokens[at]; sign === "*" || sign === "/"; sign = tokens[at]) {
      at++;
      value = sign === "*" ? value.mul(signed()) : value.div(signed());
    }
    return value;
  }
  function signed(): Fraction {
    if (tokens[at] !== "-") return atom();
    at++;
    return signed().neg();
  }
  function atom(): Fraction {
    const token = tokens[at++] ?? "";
    if (/^\d+$/.test(token)) {
      numbers.push(Number(token));
      return new Fraction(token);
    }
    if (token !== "(") throw new SyntaxError(`${token} is no number`);
    const value = sum();
    if (tokens[at++] !== ")") throw new SyntaxError("a bracket stays open");
    return value;
  }

  try {
    const value = sum();
    return at === tokens.length ? { value, numbers } : undefined;
  } catch {
    // No expression, or a division by zero.
    return undefined;
  }
}

/**
 * The expression that a response gives: in its last `<answer>` tags, or else its last `\boxed{}`, or else its last line that is not empty; without
 * what stands behind an equals sign.
 */
function givenExpression(response: string): string {
  const tagged = response.split("<answer>").at(-1)?.split("</answer>")[0];
  const boxed = /^.*\\boxed\{([^{}]*)\}/s.exec(response)?.[1];
  const text = response.includes("<answer>") ? (tagged ?? "") : (boxed ?? response.trim().split("\n").at(-1) ?? "");
  return text.split("=")[0] ?? "";
}

/**
 * 1 where the response's expression uses each of the problem's `numbers` exactly once (the rule of TinyZero's countdown task) and equals its
 * `target` (or the answer, where the problem has none).
 * @throws TypeError where the problem has no numbers or target
 */
export const countdownReward: Reward = ({ response, answer, problem }) => {
  const numbers = problem.numbers ?? problem.nums;
  const target = Number(problem.target ?? answer);
  if (!Array.isArray(numbers) || !numbers.every((number) => Number.isSafeInteger(number))) {
    throw new TypeError("countdown: the problem has no list of whole numbers in its field numbers");
  }
  if (!Number.isFinite(target))
    throw new TypeError("countdown: neither the problem's target nor its answer is a number");
  const found = evaluateArithmetic(givenExpression(response));
  if (!found?.value.equals(target)) return 0;
  const sorted = (list: readonly number[]) => list.toSorted((a, b) => a - b).join();
  return sorted(found.numbers) === sorted(numbers as number[]) ? 1 : 0;
};
