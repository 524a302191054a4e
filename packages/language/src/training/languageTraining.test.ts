/** Runs of `sft` and `grpo`: what they leave, that they resume to the last bit, and what they do about errors. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Algorithm,
  createRun,
  loadLatestCheckpoint,
  openRun,
  reproducibleMetrics,
  resumeRun,
  runMetrics,
  runSummary,
  type TrainingHooks,
  trainRun,
} from "@era/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readModel } from "../readModel.ts";
import { evaluateRun } from "./evaluateRun.ts";
import { grpoAlgorithm } from "./grpoAlgorithm.ts";
import { sftAlgorithm } from "./sftAlgorithm.ts";

const folder = mkdtempSync(join(tmpdir(), "era-language-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Small and quick: one layer, few problems, all of them short. */
const small = {
  task: "countdown",
  layers: 1,
  width: 16,
  heads: 1,
  generationRows: 16,
  evalProblems: 4,
  evalSamples: 4,
  threads: 1,
};
const sft = { ...small, steps: 6, batchSize: 16, learningRate: 0.02, evalEvery: 3, checkpointEvery: 2, logEvery: 2 };
const grpo = { ...small, steps: 5, prompts: 4, responses: 4, evalEvery: 2, checkpointEvery: 2 };

/** Right where a response has an even number of characters: what an untrained model can learn from. */
const reward = join(folder, "even.mjs");
/** Throws at every response that begins with an odd digit. */
const throwing = join(folder, "throwing.mjs");
beforeAll(() => {
  writeFileSync(reward, "export default ({ response }) => 1 - (response.length % 2);");
  writeFileSync(
    throwing,
    "export default ({ response }) => { if ('13579'.includes(response[0])) throw new Error('odd: ' + response[0]); return response.length % 2; };",
  );
});

async function train(
  algorithm: Algorithm,
  dir: string,
  given: Readonly<Record<string, unknown>>,
  { isResumed = false, ...hooks }: TrainingHooks & { isResumed?: boolean } = {},
) {
  const config = await algorithm.settings({}, given);
  const { run, checkpoint } = isResumed
    ? resumeRun(dir, { config: { ...config } })
    : { run: createRun({ dir, kind: algorithm.name, config: { ...config } }), checkpoint: undefined };
  try {
    return await trainRun(algorithm, config, run, checkpoint, hooks);
  } finally {
    run.close();
  }
}

/** Trains with a stop after each of the given steps, and a new session after each stop. */
async function trainInterrupted(
  algorithm: Algorithm,
  dir: string,
  given: Readonly<Record<string, unknown>>,
  stops: readonly number[],
) {
  for (const [session, stop] of [...stops, undefined].entries()) {
    let step = 0;
    const summary = await train(algorithm, dir, given, {
      isResumed: session > 0,
      onProgress: (progress) => {
        step = progress.step;
      },
      shouldStop: () => step === stop,
    });
    expect(summary.status).toBe(stop === undefined ? "finished" : "interrupted");
  }
}

/** All of a run that must not depend on interruptions. */
const trace = (dir: string) => ({
  metrics: runMetrics({ dir }).map(reproducibleMetrics),
  tensors: loadLatestCheckpoint(openRun(dir))?.tensors,
  samples: readFileSync(join(dir, "samples.jsonl"), "utf8"),
  model: readFileSync(join(dir, "model", "model.safetensors")),
});

describe("supervised fine-tuning", () => {
  it("lowers the loss and leaves a model that can be read, the same with and without interruptions", async () => {
    const [whole, parts] = [join(folder, "sft"), join(folder, "sft parts")];
    const summary = await train(sftAlgorithm, whole, sft);
    expect(summary).toMatchObject({ status: "finished", steps: 6, score: { metric: "eval/accuracy" } });
    const losses = runMetrics({ dir: whole }).flatMap(({ metrics }) => metrics["train/loss"] ?? []);
    expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
    const { config, tokenizer } = await readModel(join(whole, "model"));
    expect([config.vocabularySize, tokenizer.vocabularySize]).toEqual([20, 20]);
    await trainInterrupted(sftAlgorithm, parts, sft, [1, 4]);
    expect(trace(parts)).toEqual(trace(whole));
  });

  it("takes the same steps in parts of a batch", async () => {
    const [whole, parts] = [join(folder, "sft whole"), join(folder, "sft micro")];
    await train(sftAlgorithm, whole, { ...sft, steps: 2 });
    await train(sftAlgorithm, parts, { ...sft, steps: 2, microBatch: 5 });
    const loss = (dir: string) => runMetrics({ dir }).flatMap(({ metrics }) => metrics["train/loss"] ?? []);
    expect(loss(parts)[0]).toBeCloseTo(loss(whole)[0] ?? Number.NaN, 5);
  });
});

describe("GRPO", () => {
  it.each([
    ["ERA in one part", { entropyMethod: "era" }],
    ["ERA in parts, with mini-batches", { entropyMethod: "era", microBatch: 3, miniBatches: 2, maxRollouts: 2 }],
    [
      "Clip-Cov with overlong responses punished",
      { entropyMethod: "clip-cov", overlong: "penalty", overlongBuffer: 1 },
    ],
  ])(
    "that is interrupted and resumed ends bit by bit as without: %s",
    async (name, given) => {
      const settings = { ...grpo, reward, ...given };
      const [whole, parts] = [join(folder, `${name} whole`), join(folder, `${name} parts`)];
      await train(grpoAlgorithm, whole, settings);
      await trainInterrupted(grpoAlgorithm, parts, settings, [1, 3]);
      expect(trace(parts)).toEqual(trace(whole));
      const names = new Set(runMetrics({ dir: whole }).flatMap(({ metrics }) => Object.keys(metrics)));
      for (const logged of ["policy/entropy", "policy/entropyOfTop", "policy/lowFraction", "train/gradientNorm"]) {
        expect(names).toContain(logged);
      }
    },
    180_000,
  );

  it("takes the same first step in parts of a batch", async () => {
    const reports = [16, 5].map(async (microBatch) => {
      const dir = join(folder, `grpo of ${microBatch}`);
      await train(grpoAlgorithm, dir, { ...grpo, reward, steps: 1, microBatch });
      return runMetrics({ dir }).find(({ metrics }) => metrics["policy/entropy"] !== undefined)?.metrics;
    });
    const [whole, parts] = await Promise.all(reports);
    for (const name of ["policy/entropy", "policy/entropyOfTop", "train/loss", "train/gradientNorm"]) {
      expect(parts?.[name], name).toBeCloseTo(whole?.[name] ?? Number.NaN, 4);
    }
  });

  it("learns what is rewarded, from the model of another run", async () => {
    const start = join(folder, "start");
    await train(sftAlgorithm, start, { ...sft, steps: 4 });
    const dir = join(folder, "learns");
    const settings = { ...grpo, reward, model: start, steps: 12, prompts: 8, evalEvery: 12, learningRate: 0.02 };
    const { score } = await train(grpoAlgorithm, dir, settings);
    const [first] = runMetrics({ dir }).flatMap(({ metrics }) => metrics["eval/accuracy"] ?? []);
    expect(score.final).toBeGreaterThan((first ?? 1) + 0.2);
  });

  it("leaves out, counts and keeps the responses whose reward throws", async () => {
    const dir = join(folder, "throws");
    await train(grpoAlgorithm, dir, { ...grpo, reward: throwing, steps: 2, filterGroups: false });
    const counts = runMetrics({ dir }).flatMap(({ metrics }) => metrics["rollout/rewardErrors"] ?? []);
    const kept = readFileSync(join(dir, "samples.jsonl"), "utf8").trim().split("\n");
    const errors = kept.map((line) => JSON.parse(line)).filter(({ source, error }) => source === "training" && error);
    expect(errors).toHaveLength(counts.reduce((total, count) => total + count, 0));
    expect(errors.length).toBeGreaterThan(0);
    for (const { response, error, reward } of errors)
      expect([error, reward]).toEqual([`odd: ${response[0]}`, undefined]);
  });

  it("stops where numbers are none, with the last good checkpoint kept", async () => {
    const dir = join(folder, "diverging");
    const settings = { ...grpo, reward, steps: 8, checkpointEvery: 1, learningRate: 1e38 };
    await expect(train(grpoAlgorithm, dir, settings)).rejects.toThrow(/became|are no numbers/);
    expect(runSummary({ dir })?.status).toBe("failed");
    for (const [, { data }] of loadLatestCheckpoint(openRun(dir))?.tensors ?? []) {
      for (const value of data) expect(Number.isFinite(Number(value))).toBe(true);
    }
  });

  it("trains low-rank pairs beside a model's weights, with layers computed again, and leaves them merged", async () => {
    const start = join(folder, "lora start");
    await train(sftAlgorithm, start, { ...sft, steps: 2 });
    const settings = {
      ...grpo,
      reward,
      model: start,
      loraRank: 2,
      steps: 3,
      learningRate: 0.02,
      checkpointLayers: true,
    };
    const [whole, parts] = [join(folder, "lora"), join(folder, "lora parts")];
    await train(grpoAlgorithm, whole, settings);
    await trainInterrupted(grpoAlgorithm, parts, settings, [1]);
    expect(trace(parts)).toEqual(trace(whole));
    const names = [...(loadLatestCheckpoint(openRun(whole))?.tensors.keys() ?? [])];
    expect(names).toContain("lora.model.layers.0.self_attn.q_proj.lora_A.weight");
    expect(names.filter((name) => !/lora|optimizer/.test(name))).toEqual([]);
    const [before, after] = await Promise.all([start, whole].map((dir) => readModel(join(dir, "model"))));
    const changed = Object.keys(before?.weights ?? {}).filter(
      (name) => String(before?.weights[name]?.data) !== String(after?.weights[name]?.data),
    );
    expect(changed).toHaveLength(7);

    // Another start is another base: what the pairs were trained beside.
    await train(sftAlgorithm, `${start} 2`, { ...sft, steps: 1 });
    rmSync(join(start, "model"), { recursive: true });
    cpSync(join(`${start} 2`, "model"), join(start, "model"), { recursive: true });
    const resumed = train(grpoAlgorithm, whole, { ...settings, steps: 4 }, { isResumed: true });
    await expect(resumed).rejects.toThrow("the model that it started from (--model) has other weights now");
  }, 180_000);

  it("trains on problems of a file, some of them held out, and says which prompts are too long", async () => {
    const data = join(folder, "sums.jsonl");
    const lines = Array.from({ length: 12 }, (_, i) => ({ question: `${i}+${i}=`, answer: `${2 * i}` }));
    const long = { question: "1+".repeat(40), answer: "0" };
    writeFileSync(data, [...lines, long].map((line) => JSON.stringify(line)).join("\n"));
    const settings = { ...sft, data, steps: 2, evalProblems: 3, maxNewTokens: 4, maxPromptTokens: 20 };
    const refused = await sftAlgorithm.settings({}, settings);
    await expect(Promise.resolve(sftAlgorithm.check(refused))).rejects.toThrow(
      "has 80 tokens, of which 20 fit beside --max-new-tokens 4; leave such problems out with --long-prompts skip",
    );
    const skipping = { ...settings, longPrompts: "skip" };
    expect(await sftAlgorithm.notes?.(await sftAlgorithm.settings({}, skipping))).toEqual([
      "sums: 1 problems are left out, whose prompts are too long",
    ]);
    const dir = join(folder, "of a file");
    await train(sftAlgorithm, dir, skipping);
    const { responses } = await evaluateRun(dir, { samples: 2 });
    expect(responses.length).toBeGreaterThanOrEqual(4);
    expect(responses.map(({ problem }) => problem.text)).not.toContain(long.question);

    const further = await sftAlgorithm.settings({}, { ...skipping, model: dir, evalProblems: 4 });
    await expect(Promise.resolve(sftAlgorithm.check(further))).rejects.toThrow(
      `--eval-problems 4: --model ${dir} held out only 3 of these problems; it was trained on the others`,
    );
  });

  it.each([
    [{ width: 24 }, "--width 24: must be divisible by 16 times --heads 1"],
    [{ loraRank: 4 }, "--lora-rank 4: needs --model"],
    [{ maxNewTokens: 300 }, "--max-new-tokens 300: with prompts of 11 tokens they exceed the model's context of 256"],
    [{ eraLow: 4 }, "--era-low 4 must be less than --era-high 3"],
    [{ reward: "nothing" }, 'unknown reward "nothing"'],
    [{ model: join(folder, "nowhere") }, "there is no such model"],
  ])("refuses %j in one line", async (given, message) => {
    const config = await grpoAlgorithm.settings({}, { ...grpo, reward, ...given });
    const error = await Promise.resolve(grpoAlgorithm.check(config)).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: "UsageError", message: expect.stringContaining(message) });
  });
});
