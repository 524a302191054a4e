import { Random } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { countdownReward, evaluateArithmetic } from "../rewards/countdown.ts";
import { tasks } from "./tasks.ts";

const drawn = (task: keyof typeof tasks, count: number) => {
  const random = new Random(3);
  return Array.from({ length: count }, () => tasks[task].draw(random));
};

describe.each(["countdown", "arithmetic"] as const)("%s", (name) => {
  it("has only its own characters, and nothing longer than it says", () => {
    const { characters, longest } = tasks[name];
    for (const { prompt, solution } of drawn(name, 2000)) {
      for (const character of prompt + solution) expect(characters).toContain(character);
      expect(prompt.length).toBeLessThanOrEqual(longest.prompt);
      expect(solution.length).toBeLessThanOrEqual(longest.solution);
    }
  });

  it("draws the same problems by the same seed", () => {
    expect(drawn(name, 20)).toEqual(drawn(name, 20));
    expect(new Set(drawn(name, 200).map(({ id }) => id)).size).toBeGreaterThan(150);
  });
});

describe("countdown", () => {
  it("has solutions that its reward takes for right, with brackets where they are needed and several to a problem", async () => {
    const problems = drawn("countdown", 500);
    for (const { text, answer, solution, fields } of problems) {
      expect(await countdownReward({ prompt: text, response: solution, answer, problem: fields })).toBe(1);
    }
    expect(problems.filter(({ solution }) => solution.includes("(")).length).toBeGreaterThan(50);
    const random = new Random(1);
    const texts = new Map<string, Set<string>>();
    for (let i = 0; i < 20_000; i++) {
      const { id, solution } = tasks.countdown.draw(random);
      texts.set(id, (texts.get(id) ?? new Set()).add(solution));
    }
    expect(texts.size).toBeLessThan(12_000);
    expect([...texts.values()].filter(({ size }) => size > 1).length).toBeGreaterThan(texts.size / 3);
  });
});

it("arithmetic has the right answers", () => {
  for (const { prompt, answer, solution } of drawn("arithmetic", 500)) {
    expect(evaluateArithmetic(prompt.slice(0, -1))?.value.toString()).toBe(answer);
    expect(solution).toBe(answer);
  }
});
