import { describe, expect, test } from "vitest";
import { codeReward } from "./codeReward.ts";
import { formatReward, patternReward } from "./formatReward.ts";
import { gsm8kReward, mathReward, numberReward, scienceReward } from "./mathRewards.ts";
import { loadReward, type Reward, rewardNames } from "./reward.ts";

const input = (response: string, answer = "", problem = {}) => ({ prompt: "", response, answer, problem });

test.each<[string, Reward, string, string, number]>([
  ["math", mathReward, "so \\boxed{\\frac{2}{4}}", "\\dfrac12", 1],
  ["math", mathReward, "so \\boxed{3}", "\\dfrac12", 0],
  ["math takes no bare number", mathReward, "so it is 3", "3", 0],
  ["gsm8k", gsm8kReward, "1 + 1 = 2\n#### 1,002", "1002", 1],
  ["gsm8k", gsm8kReward, "1 + 1 = 2\n#### $2.00", "2", 1],
  ["gsm8k takes no bare number", gsm8kReward, "it is 2", "2", 0],
  ["number", numberReward, "so she has 2 apples.", "2", 1],
  ["number takes what is marked before it", numberReward, "#### 3\n2", "2", 0],
  ["science", scienceReward, "\\boxed{4.49 \\times 10^{33}}", "4.5e33", 1],
])("%s", (_, reward, response, answer, score) => expect(reward(input(response, answer))).toBe(score));

test.each([
  ["<think>a</think><answer>b</answer>", 1],
  ["\n<think>a\nb</think>\n <answer>b</answer>\n", 1],
  ["<think></think><answer>b</answer>", 0],
  ["<answer>b</answer><think>a</think>", 0],
  ["<think>a</think><answer>b</answer><answer>c</answer>", 0],
  ["well <think>a</think><answer>b</answer>", 0],
  ["<think>a</think>b", 0],
  ["b", 0],
])("the form of %j scores %i", (response, score) => expect(formatReward(input(response))).toBe(score));

test("a form may be any pattern; a template may have opened the thinking", () => {
  const reward = patternReward(/^\d+$/g);
  expect([reward(input("12")), reward(input("12")), reward(input("1a"))]).toEqual([1, 1, 0]);
  expect(formatReward({ ...input("a</think><answer>b</answer>"), prompt: "…<think>\n" })).toBe(1);
});

test("all names load", async () => {
  for (const name of rewardNames) expect(await loadReward(name)).toBeTypeOf("function");
});

describe("programs", () => {
  const fence = (source: string, language = "js") => `Here:\n\`\`\`${language}\n${source}\n\`\`\`\n`;
  const assertion = { tests: 'if (add(2, 3) !== 5) throw new Error("no");' };
  const quick = codeReward({ seconds: 3, megabytes: 64 });

  test.each<[string, string, object, number]>([
    ["right", fence("const add = (a, b) => a + b;"), assertion, 1],
    ["wrong", fence("const add = (a, b) => a - b;"), assertion, 0],
    ["one that leaves before the tests", fence("process.exit(0);"), assertion, 0],
    ["none", "I can't.", assertion, 0],
    [
      "one that sees no environment",
      fence("const add = (a, b) => (Object.keys(process.env).length > 0 ? 0 : a + b);"),
      assertion,
      1,
    ],
    [
      "input and output",
      fence('import { readFileSync } from "node:fs";\nconsole.log(Number(readFileSync(0, "utf8")) * 2 + " ");'),
      { tests: [{ input: "4", output: "8\n" }] },
      1,
    ],
    ["too much memory", fence("const all = []; for (;;) all.push(new Array(1e6).fill(0.5));"), assertion, 0],
  ])("%s", async (_, response, problem, score) => expect(await quick(input(response, "", problem))).toBe(score));

  test("one that does not end is killed, and what it started too", async () => {
    const endless =
      'import { spawn } from "node:child_process";\nspawn(process.execPath, ["-e", "for (;;);"]);\nfor (;;);';
    const start = performance.now();
    expect(await codeReward({ seconds: 0.5 })(input(fence(endless), "", assertion))).toBe(0);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test("a problem without tests is an error, not a zero", async () => {
    await expect(quick(input(fence("1"), "", {}))).rejects.toThrow("the problem's field tests is neither");
  });

  test.skipIf(process.platform === "win32")("Python, where it is installed", async () => {
    const problem = { tests: "assert add(2, 3) == 5" };
    const scored = async (source: string) => quick(input(fence(source, "python"), "", problem));
    const right = await scored("def add(a, b):\n    return a + b").catch((error: Error) => error);
    if (right instanceof Error) return expect(right.message).toContain("needs python3");
    expect(right).toBe(1);
    expect(await scored("def add(a, b):\n    return a - b")).toBe(0);
    expect(await scored("x = bytearray(10**9)\ndef add(a, b):\n    return a + b")).toBe(0);
  });
});
