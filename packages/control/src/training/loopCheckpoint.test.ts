import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CheckpointError, createRun, NonFiniteError, resumeRun } from "@era/lab";
import { Random } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { createSac, type SacConfig } from "../agents/sac.ts";
import { makeEnv } from "../env/registry.ts";
import { ReplayBuffer } from "../replay/replayBuffer.ts";
import { restoreLoop, saveLoop } from "./loopCheckpoint.ts";
import { runFolders, smallConfig, train } from "./training.fixture.ts";

const folder = runFolders();

/** Every file of a folder with its content, but for the lock that whoever looks at a run takes. */
function contentOf(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, encoding: "utf8" }).filter(
    (name) => statSync(join(dir, name)).isFile() && name !== "run.lock",
  );
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(dir, name), "base64")]));
}

const config = smallConfig({ steps: 60, evalEvery: 60, checkpointEvery: 20 });

describe("a checkpoint with a number that is none", () => {
  it("is not written: the good one stays the newest", async () => {
    const dir = folder("poisoned");
    const run = createRun({ dir, kind: "sac", config });
    const env = await makeEnv(config.env);
    const observation = Float32Array.from(env.reset({ seed: 1 }).observation);
    const agent = await createSac(config, { observationSize: 4, actionSize: 1 }, new Random(1));
    const replay = new ReplayBuffer({ capacity: 10, observationSize: 4, actionSize: 1 });
    const loop = {
      step: 3,
      episodeReturn: 0,
      episodeLength: 0,
      lastReturn: undefined,
      minEntropy: undefined,
      random: [],
      averages: {},
      replay: undefined,
    };
    saveLoop(run, agent.state, env, { loop, observation, replay });
    const before = contentOf(dir);
    const bias = agent.state.arrays()["actor.head.bias"];
    if (bias) bias.data[1] = Number.NaN;
    const poisoned = () => saveLoop(run, agent.state, env, { loop: { ...loop, step: 4 }, observation, replay });
    expect(poisoned).toThrow(NonFiniteError);
    expect(poisoned).toThrow("actor.head.bias became NaN at step 4:");
    expect(contentOf(dir)).toEqual(before);
    run.close();
    env.close();
    await agent.dispose();
  });
});

describe("what does not fit is refused and stays as it is:", () => {
  /** Trains a run, changes something, and tries to go on. */
  async function refusal(name: string, change: (dir: string) => void, given: Partial<SacConfig> = {}): Promise<Error> {
    const dir = folder(name);
    await train(dir, config);
    change(dir);
    const before = contentOf(dir);
    try {
      await train(dir, { ...config, steps: 100, ...given }, {}, true);
    } catch (error) {
      expect(contentOf(dir)).toEqual(before);
      return error as Error;
    }
    throw new Error("it was not refused");
  }
  const segment = "replay/segment-000000.bin";

  it.each([
    [
      "a truncated replay log",
      (dir: string) => truncateSync(join(dir, segment), 100),
      new RegExp(`^the checkpoint of step 60 cannot be continued: .*${segment} is truncated: it has 100 bytes`),
    ],
    [
      "a damaged replay log",
      (dir: string) => {
        const bytes = readFileSync(join(dir, segment));
        bytes[50] = (bytes[50] ?? 0) ^ 1;
        writeFileSync(join(dir, segment), bytes);
      },
      new RegExp(`^the checkpoint of step 60 cannot be continued: .*${segment} is corrupt`),
    ],
  ])("%s", async (name, change, message) => {
    const error = await refusal(name, change);
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toMatch(message);
  });

  it.each([
    [
      "other widths",
      { hidden: [16, 24] },
      /state: "actor\.dense2\.weight" is float32 \[16, 16\] in what is loaded, but/,
    ],
    ["another head", { head: "maxent" }, /state: "temperature\.log" is missing/],
    ["another environment", { env: "Hopper-v5" }, /state: "actor\.dense1\.weight"/],
  ] satisfies [string, Partial<SacConfig>, RegExp][])("an agent with %s", async (name, given, message) => {
    const error = await refusal(name, () => {}, given);
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toMatch(message);
  });

  it("a checkpoint of something else than training", async () => {
    const dir = folder("something else");
    const written = createRun({ dir, kind: "sac", config });
    written.saveCheckpoint({ step: 5, tensors: {} });
    written.close();
    const { run, checkpoint } = resumeRun(dir);
    // Refused before agent and environment are looked at.
    const restore = () => checkpoint && restoreLoop(run, checkpoint, undefined as never, undefined as never);
    expect(restore).toThrow("the checkpoint of step 5 cannot be continued: it has no state of this training loop");
    run.close();
  });
});
