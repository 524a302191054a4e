import type { Random } from "@era/tensor";
import type { Task } from "./task.ts";

/** The largest operand of sums and differences, and of products. */
const [largest, largestFactor] = [99, 12];

/** Sums and differences of numbers up to 99, products up to 12·12: prompt "47+38=", answer "85". There is one right answer. */
export const arithmetic: Task = {
  name: "arithmetic",
  characters: "0123456789+-*=",
  longest: { prompt: 6, solution: 3 },
  reward: "number",
  draw(random: Random) {
    const operator = "+-*"[random.integer(3)] ?? "+";
    const most = operator === "*" ? largestFactor : largest;
    const [a, b] = [random.integer(most + 1), random.integer(most + 1)];
    const prompt = `${a}${operator}${b}=`;
    const result = String(operator === "+" ? a + b : operator === "-" ? a - b : a * b);
    const text = `What is ${a} ${operator} ${b}? Answer with the number only.`;
    return { id: prompt, text, prompt, answer: result, solution: result, fields: {} };
  },
};
