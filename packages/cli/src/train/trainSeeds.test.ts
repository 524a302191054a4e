import { existsSync, readdirSync, readFileSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { runMetrics, runSummary } from "@era/lab";
import { describe, expect, it } from "vitest";
import { era, hashesOf, savedStep, small, start, temporaryFolder, until } from "../cli.fixture.ts";

const folder = temporaryFolder();
const settings = ["--env", "InvertedPendulum-v5", ...small.slice(0, small.indexOf("--seed"))];
const train = ["train", "sac", ...settings];

/** The metrics that a seed decides. */
const returns = (run: string) =>
  runMetrics({ dir: join(folder, run) }).map(({ step, metrics }) => [step, metrics["eval/return"]]);

describe("era train --seeds", () => {
  it("trains each seed as a run of its own would", async () => {
    const { code, stdout, stderr } = await era(
      folder,
      ...train,
      ..."--steps 120 --seeds 1,2,3 --run whole --json".split(" "),
    );
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^\{[^\n]*\}\n$/);
    const { status, runs } = JSON.parse(stdout);
    expect(status).toBe("finished");
    expect(runs.map(({ seed }: { seed: number }) => seed)).toEqual([1, 2, 3]);
    for (const { seed, ...summary } of runs) {
      expect(summary).toEqual({ run: `whole/seed${seed}`, ...runSummary({ dir: join(folder, `whole/seed${seed}`) }) });
    }
    const single = await era(folder, ...train, ..."--steps 120 --seed 2 --run single".split(" "));
    expect(single.code, single.stderr).toBe(0);
    expect(returns("whole/seed2")).toEqual(returns("single"));
    const again = await era(folder, ..."train sac --resume whole".split(" "));
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("seed 3 is finished already\n");
  });

  it("stops all by Ctrl-C, says how to go on, and goes on; one that fails leaves the others at work", async () => {
    const { child, ended } = start(folder, [
      ...train,
      ..."--steps 100000 --seeds 4,5,6 --parallel 2 --run stopped --checkpoint-every 70".split(" "),
    ]);
    const stepOf = (seed: number) => savedStep(join(folder, `stopped/seed${seed}`));
    await until(() => (stepOf(4) > 0 && stepOf(5) > 0) || child.exitCode !== null);
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    expect(code, stderr).toBe(130);
    for (const seed of [4, 5]) {
      expect(stderr).toContain(
        `seed ${seed} stopped at step ${stepOf(seed)}; continue with: npx era train sac --resume stopped/seed${seed}\n`,
      );
      expect(existsSync(join(folder, `stopped/seed${seed}/policy.onnx`))).toBe(true);
    }
    expect(stderr).toContain("seed 6 had not begun\nall of them: npx era train sac --resume stopped\n");

    const checkpoints = join(folder, "stopped/seed4/checkpoints");
    const [newest = ""] = readdirSync(checkpoints)
      .filter((name) => name.startsWith("step-"))
      .sort()
      .reverse();
    truncateSync(join(checkpoints, newest), statSync(join(checkpoints, newest)).size - 1);
    const before = hashesOf(join(folder, "stopped/seed4"));
    const steps = stepOf(5) + 20;
    const more = await era(folder, ...`train sac --resume stopped --steps ${steps}`.split(" "));
    expect(more.code).toBe(1);
    expect(more.stderr).toMatch(
      /\nera: 1 of 3 seeds failed: seed 4 \(.*step-\d+\.safetensors.*\); try again with: npx era train sac --resume stopped\n$/,
    );
    for (const seed of [5, 6]) {
      expect(runSummary({ dir: join(folder, `stopped/seed${seed}`) })).toMatchObject({ status: "finished", steps });
    }
    expect(hashesOf(join(folder, "stopped/seed4"))).toEqual(before);
    expect(JSON.parse(readFileSync(join(folder, "stopped/seeds.json"), "utf8")).config.steps).toBe(steps);
  });

  it.each([
    ["--seeds 1,x", /^era: --seed x: must be a whole number/],
    ["--seeds 1,2,1", /^era: --seeds 1,2,1: seed 1 is there twice$/],
    ["--seeds 1,2 --seed 1", /^era: --seed and --seeds: give only one of them$/],
    ["--seeds 1,2 --entropy 9", /^era: --entropy 9: /],
    ["--parallel 2", /^era: --parallel is for several seeds: give --seeds too$/],
    ["--seeds 1,2 --parallel 0", /^era: --parallel 0: must be a whole number of at least 1$/],
    ["--seeds 1,2 --resume whole", /^era: --resume continues .*: leave out --seeds: the folder knows them$/],
    ["--seeds 1,2 --run whole", /^era: whole already holds runs: .* --resume whole$/],
  ])("refuses %s", async (flags, message) => {
    const before = readdirSync(folder);
    const { code, stderr } = await era(folder, "train", "sac", ...flags.split(" "));
    expect(stderr.trimEnd()).toMatch(message);
    expect(code).toBe(2);
    expect(readdirSync(folder)).toEqual(before);
  });
});
