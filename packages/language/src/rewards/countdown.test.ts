import { expect, test } from "vitest";
import { countdownReward, evaluateArithmetic } from "./countdown.ts";

const score = (response: string, problem: Record<string, unknown> = { numbers: [3, 7, 25, 2], target: 48 }) =>
  countdownReward({ prompt: "", response, answer: "", problem });

test.each([
  ["<answer>(25 - 3 + 2) * 7 / 7</answer>", 0],
  ["<answer>25 * 2 - 7 + 3</answer>", 0],
  ["I try. <answer>1</answer> <answer> (7 + 2) * 3 + 25 </answer>", 0],
  ["(7*2)+25+3", 0],
  ["25 + 7*3 + 2", 1],
  ["<answer>25 + 7 × 3 + 2 = 48</answer>", 1],
  ["so \\boxed{(25+2) + 3\\times 7}", 1],
  ["<answer>25 + 7*3 + 1*2</answer>", 0],
  ["<answer>48</answer>", 0],
  ["<answer>process.exit()</answer>", 0],
])("%s scores %i", (response, expected) => expect(score(response)).toBe(expected));

test("fractions on the way are exact", () => {
  // 8 / (3 − 8/3) = 24
  expect(score("8/(3-8/3)", { numbers: [8, 3, 8, 3], target: 24 })).toBe(1);
});

test.each(["", "1 +", "(1", "1)", "1/0", "1 2", "1e5", "2**3", "(".repeat(5000), "x"])("%j is no expression", (text) =>
  expect(evaluateArithmetic(text)).toBeUndefined(),
);

test("a problem without numbers is an error, not a zero", () => {
  expect(() => score("1", { target: 3 })).toThrow("the problem has no list of whole numbers");
  expect(() => score("1", { numbers: [1] })).not.toThrow(); // The answer "" is 0.
});
