import { expect, test } from "vitest";
import { type AnswerPlace, extractAnswer } from "./extractAnswer.ts";

const all: AnswerPlace[] = ["boxed", "hash", "phrase", "tags", "number"];

test.each([
  ["So $\\boxed{\\frac{1}{2}}$, not \\boxed 3.", all, "3"],
  ["a \\boxed{1} b \\boxed{\\text{if } \\{2\\}} c", all, "\\text{if } \\{2\\}"],
  ["5 + 5 = 10\n#### 1,000\nmore", all, "1,000"],
  ["####\n 7", all, "7"],
  ["The answer is 5. I hope it is correct.", all, "5"],
  ["The answer is 3.5.", all, "3.5"],
  ["Final Answer: The final answer is $\\frac{1}{2}$. I hope it is correct.", all, "\\frac{1}{2}"],
  ["**Answer:** 12 cm", all, "12 cm"],
  ["the answer is **7**.", all, "7"],
  ["The answer is 1. No: the answer is 2", all, "2"],
  ["<answer> 9 </answer>", all, "9"],
  ["She pays $1,250.50 for 3 of them, so it costs -4", all, "-4"],
  ["It costs $1,250.50.", all, "1,250.50"],
  ["half, 1/2", all, "1/2"],
  ["<think>\\boxed{4}? No.</think> It is \\boxed{5}.", all, "5"],
  ["<think>\\boxed{4}</think> I am not sure.", all, undefined],
  ["It costs 5.", ["boxed", "hash", "phrase"] as AnswerPlace[], undefined],
  ["\\boxed{5", ["boxed"] as AnswerPlace[], undefined],
  ["\\boxed{} #### 5", all, "5"],
  ["", all, undefined],
])("%.60j gives its answer", (response, places, answer) => expect(extractAnswer(response, places)).toBe(answer));

test.each([
  "\\boxed{",
  "answer ",
  "the answer is ",
  "1,",
  "1,000,",
  "#### ",
  "<answer>",
  "</think>",
  "$ ",
  "- ",
  "```",
])("a long response of %j takes no long time", (piece) => {
  const start = performance.now();
  extractAnswer(piece.repeat(30_000), ["boxed", "hash", "phrase", "tags", "number"]);
  expect(performance.now() - start).toBeLessThan(5000);
});
