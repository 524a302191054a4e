import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runSummary } from "@era/lab";
import { exportOnnx, input, mul } from "@era/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { era, small, temporaryFolder } from "../cli.fixture.ts";

const folder = temporaryFolder();

beforeAll(async () => {
  const { code, stderr } = await era(
    folder,
    ..."train sac --env Hopper-v5 --steps 300 --run run --json".split(" "),
    ...small,
  );
  if (code !== 0) throw new Error(stderr);
  cpSync(join(folder, "run/policy.onnx"), join(folder, "policy.onnx"));
  cpSync(join(folder, "policy.onnx"), join(folder, "cut.onnx"));
  truncateSync(join(folder, "cut.onnx"), 1000);
  writeFileSync(join(folder, "text.onnx"), "no model");
  writeFileSync(join(folder, "other.onnx"), exportOnnx({ y: mul(input("x", [1]), 2) }));
  mkdirSync(join(folder, "unfinished"));
  cpSync(join(folder, "run/config.json"), join(folder, "unfinished/config.json"));
});

const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await era(folder, ...args, "--json");
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^\{[^\n]*\}\n$/);
  return JSON.parse(stdout);
};

describe.concurrent("era eval", () => {
  it("gives the run's last evaluation again, to the last bit", async () => {
    const result = await json("eval", "run", "--episodes", "2");
    expect(result.return.mean).toBe(runSummary({ dir: join(folder, "run") })?.score.final);
    expect(result).toMatchObject({ env: "Hopper-v5", episodes: 2, seed: 1_000_003 });
    expect(result.returns).toHaveLength(2);
  });

  it("plays an exported policy the same, anywhere", async () => {
    const ofRun = await json("eval", "run", "--episodes", "3", "--seed", "7");
    const ofFile = await json("eval", "policy.onnx", "--env", "Hopper-v5", "--episodes", "3", "--seed", "7");
    expect(ofFile.returns).toEqual(ofRun.returns);
    expect(new Set(ofFile.returns).size).toBe(3);
  });

  it("reports to people too", async () => {
    const { stdout } = await era(folder, "eval", "run", "--episodes", "2");
    expect(stdout).toMatch(
      /^episode 1: return -?[\d.]+, \d+ steps\nepisode 2: .*\nHopper-v5: mean return .* \(2 episodes, mean length \d+\)\n$/,
    );
  });

  it.each([
    ["policy.onnx", 2, "--env is required with a model file: the environment to play in"],
    [
      "policy.onnx --env Hoper-v5",
      2,
      'unknown environment "Hoper-v5"; did you mean Hopper-v5\\? All \\d+: npx era envs',
    ],
    [
      "run --env Ant-v5",
      1,
      "run/policy\\.onnx: the policy maps 11 observations to 3 actions, but Ant-v5 has 105 and 8",
    ],
    ["cut.onnx --env Hopper-v5", 1, "cut\\.onnx: not an ONNX model that can be run: .*"],
    ["text.onnx --env Hopper-v5", 1, "text\\.onnx: not an ONNX model that can be run: .*"],
    [
      "other.onnx --env Hopper-v5",
      1,
      'other\\.onnx: not a policy: it needs an input "observation" and an output "action"',
    ],
    ["unfinished", 1, "unfinished has no policy\\.onnx yet: .*: era export unfinished"],
  ])("refuses %s", async (args, exitCode, message) => {
    const { code, stdout, stderr } = await era(folder, "eval", ...args.split(" "));
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^era: ${message}\n$`));
  });
});

describe.concurrent("era export", () => {
  it("writes the newest checkpoint's policy, which is the one that training left", async () => {
    const result = await json("export", "run", "--out", "made/again.onnx");
    expect(result).toMatchObject({ file: "made/again.onnx", step: 300, observationSize: 11, actionSize: 3 });
    expect(readFileSync(join(folder, "made/again.onnx"))).toEqual(readFileSync(join(folder, "policy.onnx")));
  });

  it("says where there is nothing to export yet", async () => {
    const { code, stderr } = await era(folder, "export", "unfinished");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "era: unfinished has no checkpoint yet: train it first, with: era train sac --resume unfinished\n",
    });
  });
});
