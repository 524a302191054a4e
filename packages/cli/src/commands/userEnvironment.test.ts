import { copyFileSync, cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openRun, runSummary } from "@era/lab";
import { beforeAll, describe, expect, it } from "vitest";
import { era, hashesOf, savedStep, small, temporaryFolder } from "../cli.fixture.ts";

// Outside of any project: the file finds @era/control all the same.
const folder = temporaryFolder();
const elsewhere = temporaryFolder();
const example = new URL("../../../../examples/src/environments/pointMass.ts", import.meta.url);
const train = ["train", "sac", "--steps", "120", ...small];

beforeAll(async () => {
  copyFileSync(example, join(folder, "my-env.ts"));
  const { code, stderr } = await era(folder, ...train, "--env", "./my-env.ts", "--run", "run");
  expect(code, stderr).toBe(0);
});

describe("an environment of one's own", () => {
  it("is trained on under its id, and the run knows where its file is", () => {
    const { config } = openRun(join(folder, "run")).record;
    expect(config).toMatchObject({ env: "PointMass-v0", envModule: join(folder, "my-env.ts") });
  });

  it("is known to every command, wherever that is given", async () => {
    const run = join(folder, "run");
    const played = await era(elsewhere, "eval", run, "--episodes", "2", "--json");
    expect(played.stderr).toBe("");
    expect(JSON.parse(played.stdout)).toMatchObject({ env: "PointMass-v0", length: 100 });
    expect(JSON.parse(played.stdout).return.mean).toBe(runSummary({ dir: run })?.score.final);
    const exported = await era(elsewhere, "export", run, "--out", "policy.onnx", "--json");
    expect(JSON.parse(exported.stdout)).toMatchObject({ observationSize: 6, actionSize: 2 });
    const file = join(folder, "my-env.ts");
    const anywhere = await era(elsewhere, "eval", "policy.onnx", "--env", file, "--episodes", "1", "--json");
    expect(JSON.parse(anywhere.stdout).env).toBe("PointMass-v0");
    const resumed = await era(elsewhere, "train", "sac", "--resume", run, "--steps", "130", "--json");
    expect(JSON.parse(resumed.stdout)).toMatchObject({ status: "finished", steps: 130 });
  });

  it("is shown and checked by era envs", async () => {
    const { code, stdout } = await era(folder, "envs", "my-env.ts");
    expect(code).toBe(0);
    expect(stdout).toContain("PointMass-v0    6 observations   2 actions in [-1, 1]  100 steps");
    expect(stdout).toContain("a seed repeats them, and a saved state goes on bit for bit");
    const robot = await era(folder, "envs", fileURLToPath(new URL("ballOnBeam.ts", example)), "--json");
    expect(JSON.parse(robot.stdout)).toMatchObject([{ suite: "user", id: "BallOnBeam-v0", observations: 4 }]);
  });

  it("whose file has moved leaves the run as it is and says where to name its new place", async () => {
    mkdirSync(join(folder, "moved"));
    cpSync(join(folder, "run"), join(folder, "left"), { recursive: true });
    const moved = join(folder, "moved", "my-env.ts");
    renameSync(join(folder, "my-env.ts"), moved);
    const before = hashesOf(join(folder, "left"));
    for (const command of [["eval"], ["train", "sac", "--resume"]]) {
      const { code, stderr } = await era(folder, ...command, "left");
      expect(stderr).toBe(
        `era: ${join(folder, "my-env.ts")}, which defines PointMass-v0, is not there: put it back, or write its new place as envModule into left/config.json\n`,
      );
      expect(code).toBe(2);
    }
    expect(hashesOf(join(folder, "left"))).toEqual(before);
    const config = join(folder, "left", "config.json");
    writeFileSync(config, readFileSync(config, "utf8").replace(join(folder, "my-env.ts"), moved));
    expect((await era(folder, "eval", "left", "--episodes", "1")).code).toBe(0);
  });

  it("that ends the process of a worker thread stops the run with one line, and leaves a checkpoint", async () => {
    const source = readFileSync(example, "utf8").replace("PointMass-v0", "Dies-v0");
    const dying = source.replace("const distance =", "if (++steps > 60) process.exit(7);\n    const distance =");
    writeFileSync(join(folder, "dies.ts"), `let steps = 0;\n${dying}`);
    const settings =
      "--steps 400 --envs 4 --workers 2 --rollout-steps 20 --checkpoint-every 40 --hidden 16,16 --threads 1";
    const args = ["train", "ppo", ...settings.split(" "), "--env", "dies.ts", "--run", "died", "--json"];
    const { code, stderr } = await era(folder, ...args);
    expect(stderr.split("\n").at(-2)).toMatch(
      /^era: step \d+: Dies-v0: worker [01] \(copies \d to \d\) ended: it exited with code 7; the checkpoint of step \d+ is kept$/,
    );
    expect(code).toBe(1);
    expect(savedStep(join(folder, "died"))).toBeGreaterThanOrEqual(40);
    expect(runSummary({ dir: join(folder, "died") })?.status).toBe("failed");
  });

  it("that fails in training is one line with the place in its file, and leaves a checkpoint", async () => {
    const source = readFileSync(example, "utf8").replace("PointMass-v0", "Fails-v0");
    const failing = source.replace(
      "const distance =",
      "if (this.#goal[0] > 0) (undefined as any).x;\n    const distance =",
    );
    writeFileSync(join(folder, "fails.ts"), failing);
    const { code, stderr } = await era(folder, ...train, "--env", "fails.ts", "--run", "failed", "--json");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^era: step \d+: Fails-v0: step \(step \d+\) threw TypeError: .* at .*fails\.ts:\d+:\d+; /);
    expect(stderr.trim()).not.toContain("\n");
  });
});
