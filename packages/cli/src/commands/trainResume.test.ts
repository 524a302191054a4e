import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { era, hashesOf, small, temporaryFolder } from "../cli.fixture.ts";

const folder = temporaryFolder();
const train = ["train", "sac", "--env", "InvertedPendulum-v5", "--steps", "100", "--checkpoint-every", "40", ...small];
const path = (run: string, file: string): string => join(folder, run, file);
const newest = "checkpoints/step-000000100.safetensors";
const segment = "replay/segment-000000.bin";

beforeAll(async () => {
  await Promise.all([
    era(folder, ...train, "--run", "run"),
    era(folder, ...train.map((word) => (word === "3" ? "4" : word)), "--run", "other"),
  ]);
});

/** A copy of the finished run, changed. */
function changed(name: string, change: (run: string) => void): string {
  cpSync(join(folder, "run"), join(folder, name), { recursive: true });
  change(name);
  return name;
}
const truncate = (file: string, bytes: number) => (run: string) => truncateSync(path(run, file), bytes);
const remove = (file: string) => (run: string) => rmSync(path(run, file), { recursive: true });
const replace = (file: string) => (run: string) => {
  rmSync(path(run, file), { recursive: true });
  cpSync(path("other", file), path(run, file), { recursive: true });
};
const flipByte = (file: string) => (run: string) => {
  const bytes = readFileSync(path(run, file));
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(path(run, file), bytes);
};
const older =
  "; the one before, step-000000080\\.safetensors, is intact: delete step-000000100\\.safetensors to continue from it";

describe.concurrent("a checkpoint that cannot be trusted is named and refused, and nothing is overwritten:", () => {
  it.each([
    ["truncated", truncate(newest, 1000), `step-000000100\\.safetensors is truncated: 1000 bytes of \\d+${older}`],
    ["one bit changed", flipByte(newest), `step-000000100\\.safetensors is damaged or .*: its SHA-256 differs${older}`],
    [
      "another run's file",
      replace(newest),
      `step-000000100\\.safetensors is damaged or not the file that this run wrote.*${older}`,
    ],
    ["another run's folder", replace("checkpoints"), "checkpoints/latest\\.json belongs to another run \\(.*\\)"],
    ["no list of checkpoints", truncate("checkpoints/latest.json", 20), "checkpoints/latest\\.json is damaged: .*"],
    [
      "all files gone",
      (run: string) => {
        for (const file of readdirSync(path(run, "checkpoints")).filter((name) => name.startsWith("step-"))) {
          rmSync(path(run, `checkpoints/${file}`));
        }
      },
      "checkpoints/latest\\.json names step-000000100\\.safetensors and .*, and no such file is there",
    ],
    [
      "metrics cut",
      truncate("metrics.jsonl", 50),
      "metrics\\.jsonl: truncated to 50 bytes, the checkpoint needs \\d+.*",
    ],
    ["metrics changed", flipByte("metrics.jsonl"), "metrics\\.jsonl: its first \\d+ bytes have changed since.*"],
    [
      "replay cut",
      truncate(segment, 99),
      `the checkpoint of step 100 cannot be continued: .*${segment} is truncated.*`,
    ],
    ["replay changed", flipByte(segment), `the checkpoint of step 100 cannot be continued: .*${segment} is corrupt.*`],
    ["another run's replay", replace(segment), `the checkpoint of step 100 cannot be continued: .*${segment} is .*`],
    ["replay gone", remove("replay"), `the checkpoint of step 100 cannot be continued: .*${segment} is missing.*`],
    ["config cut", truncate("config.json", 100), "config\\.json is damaged, or not the config of a run"],
  ])("%s", async (name, change, message) => {
    const run = changed(name.replaceAll(/\W/g, "-"), change);
    const before = hashesOf(join(folder, run));
    const { code, stderr } = await era(folder, "train", "sac", "--resume", run, "--steps", "150");
    expect(stderr).toMatch(new RegExp(`^era: [^\n]*${message}\n$`));
    expect(code).toBe(1);
    expect(hashesOf(join(folder, run))).toEqual(before);
  });
});

describe.concurrent("a run", () => {
  it("goes on from the checkpoint before where the newest is deleted, as the refusal says", async () => {
    const run = changed("older", remove(newest));
    const { code, stdout } = await era(folder, "train", "sac", "--resume", run);
    expect(code).toBe(0);
    expect(stdout).toContain("resuming from step 80\n");
    expect(hashesOf(join(folder, run))[newest]).toBeDefined();
    expect(readFileSync(path(run, "policy.onnx"))).toEqual(readFileSync(path("run", "policy.onnx")));
  });

  it("goes on where it is finished and gets more steps", async () => {
    const run = changed("longer", () => {});
    const { code, stdout, stderr } = await era(folder, "train", "sac", "--resume", run, "--steps", "130", "--json");
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ run, status: "finished", steps: 130 });
    expect(JSON.parse(readFileSync(path(run, "config.json"), "utf8")).config.steps).toBe(130);
  });

  it.each([
    ["--seed 4", "--resume continues with the run's own settings: only --steps may be given, not seed"],
    ["--steps 50", "--steps 50: with--steps50 has done 100 steps already"],
  ])("cannot be resumed with %s", async (flags, message) => {
    const run = changed(`with${flags.replace(" ", "")}`, () => {});
    const before = hashesOf(join(folder, run));
    const { code, stderr, stdout } = await era(folder, "train", "sac", "--resume", run, ...flags.split(" "));
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: "", stderr: `era: ${message}\n` });
    expect(hashesOf(join(folder, run))).toEqual(before);
  });

  it("is never overwritten by another", async () => {
    const run = changed("kept", () => {});
    const before = hashesOf(join(folder, run));
    const { code, stderr } = await era(folder, ...train, "--run", run);
    expect(code).toBe(2);
    expect(stderr).toBe(
      `era: ${run} already holds a run: choose another folder, or continue it with --resume ${run}\n`,
    );
    expect(hashesOf(join(folder, run))).toEqual(before);
  });
});
