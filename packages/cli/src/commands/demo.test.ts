import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { era, temporaryFolder } from "../cli.fixture.ts";

const folder = temporaryFolder();
const small = "--sft-steps 2 --steps 2 --problems 4 --samples 2".split(" ");

describe("era demo language", () => {
  it("trains with and without ERA from one start, shows both, and leaves runs that can be evaluated", async () => {
    const { code, stdout, stderr } = await era(folder, "demo", "language", "--folder", "demo", ...small);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/\* GRPO {3}o GRPO-ERA\n/);
    expect(stdout).toMatch(/4 held-out problems, 2 responses to each\n +after SFT +GRPO +GRPO-ERA\n/);
    for (const metric of ["entropy of sampled tokens, nats", "pass@1", "pass@2"]) {
      expect(stdout).toMatch(new RegExp(`  ${metric} +\\d\\.\\d{3} +\\d\\.\\d{3} +\\d\\.\\d{3}\n`));
    }
    const page = readFileSync(join(folder, "demo", "demo.html"), "utf8");
    expect(page).toContain("Entropy of sampled tokens");
    for (const picture of ["entropy.svg", "floor.svg"]) expect(existsSync(join(folder, "demo", picture))).toBe(true);

    const args = ["--problems", "3", "--samples", "2", "--json"];
    const evaluated = await era(folder, "eval", "demo/grpo-era", ...args);
    expect(evaluated.code, evaluated.stderr).toBe(0);
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ run: "demo/grpo-era", problems: 3, responses: 6 });
    const trainedOn = await era(folder, "eval", "demo/grpo", "--problems", "5");
    expect(trainedOn.stderr).toBe(
      "era: --problems 5: demo/grpo has held out only 4 problems; the others it was trained on\n",
    );
    const foreign = await era(folder, "eval", "demo/grpo", "--episodes", "3");
    expect([foreign.code, foreign.stderr]).toEqual([
      2,
      "era: --episodes: demo/grpo is a language model, not a policy\n",
    ]);
  }, 300_000);

  it("refuses a threshold that is none", async () => {
    const { code, stderr } = await era(folder, "demo", "language", "--era-low", "x");
    expect([code, stderr]).toEqual([2, "era: --era-low x: must be a number above 0 and below 3\n"]);
  });
});
