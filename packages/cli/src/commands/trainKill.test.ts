import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadLatestCheckpoint, openRun, reproducibleMetrics, runMetrics, runSummary } from "@era/lab";
import { Random } from "@era/tensor";
import { expect, it } from "vitest";
import { era, savedStep, sleep, small, start, temporaryFolder, until } from "../cli.fixture.ts";

const folder = temporaryFolder();
const train = ["train", "sac", "--env", "Hopper-v5", "--steps", "2500", ...small];

/** What a run leaves that must not depend on kills. */
function resultOf(name: string) {
  const dir = join(folder, name);
  const { status, steps, score, entropy } = runSummary({ dir }) ?? {};
  return {
    metrics: runMetrics({ dir }).map(reproducibleMetrics),
    summary: { status, steps, score, entropy },
    policy: readFileSync(join(dir, "policy.onnx")),
    tensors: loadLatestCheckpoint(openRun(dir))?.tensors,
  };
}

/** Starts or continues the run and kills it; returns whether it was still training. */
async function trainUntilKilled(name: string, isStarting: boolean, delay: number): Promise<boolean> {
  const dir = join(folder, name);
  const before = savedStep(dir);
  const args = existsSync(join(dir, "config.json"))
    ? ["train", "sac", "--resume", name]
    : [...train, "--checkpoint-every", "2", "--run", name];
  const { child, ended } = start(folder, args);
  if (!isStarting) await until(() => savedStep(dir) > before || child.exitCode !== null);
  await sleep(delay);
  child.kill("SIGKILL");
  const { signal, stderr } = await ended;
  expect(stderr).not.toContain("era:");
  return signal === "SIGKILL";
}

it("kill -9 at any moment and --resume end in what an uninterrupted run ends in", async () => {
  const uninterrupted = era(folder, ...train, "--checkpoint-every", "1000", "--run", "uninterrupted");
  const random = new Random(1);
  const saved: number[] = [];
  for (let kill = 0; kill < 10; kill++) {
    // Every third dies while it starts and restores, the others soon after a checkpoint, of which every second step writes one.
    const isStarting = kill % 3 === 0;
    expect(await trainUntilKilled("killed", isStarting, random.uniform() * (isStarting ? 300 : 60))).toBe(true);
    saved.push(savedStep(join(folder, "killed")));
  }
  expect(saved, "a checkpoint is never lost").toEqual(saved.toSorted((a, b) => a - b));
  expect(new Set(saved).size).toBeGreaterThanOrEqual(6);

  const { code, stderr } = await era(folder, "train", "sac", "--resume", "killed");
  expect(code, stderr).toBe(0);
  expect((await uninterrupted).code).toBe(0);
  expect(resultOf("killed")).toEqual(resultOf("uninterrupted"));
  expect(openRun(join(folder, "killed")).record.sessions.length).toBeGreaterThanOrEqual(7);
}, 120_000);
