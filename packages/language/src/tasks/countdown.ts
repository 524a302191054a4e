import type { Random } from "@era/tensor";
import type { Task } from "./task.ts";

/** Operands are from 1 to `largest`, targets from 1 to `largestTarget`. */
const [count, largest, largestTarget] = [4, 9, 99];

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

/** Expressions of sorted numbers with a target in range, each text once; few enough to be kept. */
const known = new Map<string, readonly Expression[]>();

function solvable(numbers: readonly number[]): readonly Expression[] {
  const key = numbers.join();
  const kept = known.get(key);
  if (kept) return kept;
  const byText = new Map<string, Expression>();
  for (const expression of expressions(numbers)) {
    if (expression.value >= 1 && expression.value <= largestTarget) byText.set(expression.text, expression);
  }
  const sorted = [...byText.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
  known.set(key, sorted);
  return sorted;
}

/**
 * Countdown: make the target from four numbers, each used once, by +, − and ×: prompt "2 3 5 7=29:", answer "29", one of its solutions
 * "2*7+3*5". The problem is drawn by its solution, so that targets with many are frequent: a policy can be right and keep its entropy.
 */
export const countdown: Task = {
  name: "countdown",
  characters: "0123456789 =:+-*()",
  longest: { prompt: 11, solution: 11 },
  reward: "countdown",
  draw(random: Random) {
    for (;;) {
      const numbers = Array.from({ length: count }, () => 1 + random.integer(largest)).sort((a, b) => a - b);
      const found = solvable(numbers);
      const solution = found[random.integer(Math.max(1, found.length))];
      if (!solution) continue;
      const target = solution.value;
      const prompt = `${numbers.join(" ")}=${target}:`;
      const text = `Make ${target} from the numbers ${numbers.join(", ")}, each used once, by +, - and *. Answer with the expression only.`;
      return { id: prompt, text, prompt, answer: String(target), solution: solution.text, fields: { numbers, target } };
    }
  },
};
