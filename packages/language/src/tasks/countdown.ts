import type { Random } from "@era/tensor";
import type { Task } from "./task.ts";

/** Operands are from 1 to `largest`, targets from 1 to `largestTarget`. */
const [count, largest, largestTarget] = [3, 9, 99];

/** An expression with its value; `operator` is the outermost, undefined for a number. */
interface Expression {
  readonly text: string;
  readonly value: number;
  readonly operator: string | undefined;
}

/** left operator right, with no more brackets than are needed. */
function joined(left: Expression, operator: string, right: Expression): Expression {
  const isSum = ({ operator: inner }: Expression) => inner === "+" || inner === "-";
  const bracketed = (side: Expression, needed: boolean) => (needed ? `(${side.text})` : side.text);
  const isProduct = operator === "*";
  const text =
    bracketed(left, isProduct && isSum(left)) +
    operator +
    bracketed(right, isSum(right) && (isProduct || operator === "-"));
  const value =
    operator === "+"
      ? left.value + right.value
      : operator === "-"
        ? left.value - right.value
        : left.value * right.value;
  return { text, value, operator };
}

/** All expressions that use each of the numbers once, with +, − and ×; their texts may repeat. */
function expressions(numbers: readonly number[]): Expression[] {
  const [first] = numbers;
  if (numbers.length === 1 && first !== undefined) return [{ text: String(first), value: first, operator: undefined }];
  const found: Expression[] = [];
  // Every split of the numbers into two parts, each way round: the bits of `chosen` say who is left.
  for (let chosen = 1; chosen < 2 ** numbers.length - 1; chosen++) {
    const isLeft = (_: number, i: number) => ((chosen >> i) & 1) === 1;
    const left = expressions(numbers.filter(isLeft));
    const right = expressions(numbers.filter((value, i) => !isLeft(value, i)));
    for (const a of left) for (const b of right) for (const operator of "+-*") found.push(joined(a, operator, b));
  }
  return found;
}

/** Texts of the right expressions by target, for sorted numbers; few enough to be kept. */
const solutions = new Map<string, ReadonlyMap<number, readonly string[]>>();

function solutionsOf(numbers: readonly number[]): ReadonlyMap<number, readonly string[]> {
  const key = numbers.join();
  const known = solutions.get(key);
  if (known) return known;
  const byTarget = new Map<number, Set<string>>();
  for (const { text, value } of expressions(numbers)) {
    if (value < 1 || value > largestTarget) continue;
    byTarget.set(value, (byTarget.get(value) ?? new Set()).add(text));
  }
  const sorted = new Map([...byTarget].sort(([a], [b]) => a - b).map(([target, texts]) => [target, [...texts].sort()]));
  solutions.set(key, sorted);
  return sorted;
}

/**
 * Countdown: make the target from three numbers, each used once, by +, − and ×: prompt "3 7 5=22:", answer "22", one of its solutions "3*5+7".
 * Most problems have several solutions: a policy can be right and keep its entropy.
 */
export const countdown: Task = {
  name: "countdown",
  characters: "0123456789 =:+-*()",
  longest: { prompt: 9, solution: 7 },
  reward: "countdown",
  draw(random: Random) {
    for (;;) {
      const numbers = Array.from({ length: count }, () => 1 + random.integer(largest)).sort((a, b) => a - b);
      const targets = [...solutionsOf(numbers)];
      if (targets.length === 0) continue;
      const [target, texts] = targets[random.integer(targets.length)] ?? [0, []];
      const solution = texts[random.integer(texts.length)] ?? "";
      const prompt = `${numbers.join(" ")}=${target}:`;
      const text = `Make ${target} from the numbers ${numbers.join(", ")}, each used once, by +, - and *. Answer with the expression only.`;
      return { id: prompt, text, prompt, answer: String(target), solution, fields: { numbers, target } };
    }
  },
};
