import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeSafetensors } from "@era/tensor";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { CheckpointError } from "./checkpoint.ts";
import { FailureError, NonFiniteError, UsageError } from "./errors.ts";
import { createRun, type Run, resumeRun } from "./run.ts";
import { loadLatestCheckpoint, openRun, runMetrics, runPath, runSummary } from "./runFolder.ts";
import { summarize } from "./summary.ts";

const folder = mkdtempSync(join(tmpdir(), "era-run-"));
afterAll(() => rmSync(folder, { recursive: true }));
let dir: string;
let count = 0;
beforeEach(() => {
  dir = join(folder, `run-${count++}`);
});

const create = () => createRun({ dir, kind: "sac", config: { env: "Hopper-v5", gamma: 0.99 } });
const weights = (value: number) => ({ w: { dtype: "F32", shape: [2], data: Float32Array.of(value, -value) } }) as const;
const save = (run: Run, step: number) =>
  run.saveCheckpoint({ step, tensors: weights(step), metadata: { rng: `${step}` } });
const steps = () => runMetrics({ dir }).map((row) => row.step);
/** Everything in the folder, to show that nothing was touched. */
const contents = () =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [join(entry.parentPath, entry.name), readFileSync(join(entry.parentPath, entry.name), "base64")]);
const checkpointFile = (step: number) => join(dir, "checkpoints", `step-00000000${step}.safetensors`);

describe("createRun", () => {
  it("records the configuration and where it comes from", () => {
    create().close();
    const { record } = openRun(dir);
    expect(record).toMatchObject({ format: 1, kind: "sac", config: { env: "Hopper-v5", gamma: 0.99 } });
    expect(record.sessions).toHaveLength(1);
    expect(record.sessions[0]).toMatchObject({ fromStep: 0, node: process.version, packages: { "@era/lab": "0.1.0" } });
  });

  it("never overwrites a run", () => {
    create().close();
    const before = contents();
    expect(create).toThrow(UsageError);
    expect(create).toThrow(`${dir} already holds a run: choose another folder, or continue it with --resume ${dir}`);
    expect(contents()).toEqual(before);
  });

  it("refuses a folder with something else in it, and takes an empty one", () => {
    mkdirSync(dir);
    writeFileSync(join(dir, "thesis.tex"), "");
    expect(create).toThrow("is not empty (thesis.tex)");
    rmSync(join(dir, "thesis.tex"));
    create().close();
  });

  it("keeps others out while it is open", () => {
    const run = create();
    expect(() => resumeRun(dir)).toThrow(UsageError);
    run.close();
    resumeRun(dir).run.close();
  });
});

describe("metrics", () => {
  it("are lines of JSON, there at once", () => {
    const run = create();
    run.log(1, { "train/return": -3.5 });
    run.log(1, { "eval/return": 4 });
    expect(runMetrics(run).map(({ step, metrics }) => [step, metrics])).toEqual([
      [1, { "train/return": -3.5 }],
      [1, { "eval/return": 4 }],
    ]);
    run.close();
  });

  it("name what became non-finite, and the step, and write nothing then", () => {
    const run = create();
    const log = () => run.log(7, { "loss/actor": 1, "loss/critic": Number.NaN });
    expect(log).toThrow(NonFiniteError);
    expect(log).toThrow("loss/critic became NaN at step 7");
    expect(steps()).toEqual([]);
    run.close();
  });

  it("can't run backwards or be called step", () => {
    const run = create();
    run.log(2, {});
    expect(() => run.log(1, {})).toThrow("metrics of step 1 can't follow those of step 2");
    expect(() => run.log(2, { step: 1 })).toThrow('can\'t be named "step"');
    run.close();
  });

  it("are read up to a line that a kill cut short, and refused where one is damaged", () => {
    const run = create();
    run.log(1, { a: 1 });
    run.close();
    const path = runPath(run, "metrics.jsonl");
    appendFileSync(path, '{"step":2,"wallT');
    expect(steps()).toEqual([1]);
    appendFileSync(path, "\n");
    expect(steps).toThrow(`${path}:2: not a line of metrics`);
  });
});

describe("resumeRun", () => {
  it("continues from the newest checkpoint, with the metrics cut to it", () => {
    const run = create();
    for (const step of [1, 2, 3]) run.log(step, { a: step });
    save(run, 3);
    run.log(3, { b: 3 });
    run.log(4, { a: 4 });
    run.close();

    const { run: resumed, checkpoint } = resumeRun(dir);
    expect(checkpoint?.step).toBe(3);
    expect(checkpoint?.tensors.get("w")).toEqual(weights(3).w);
    expect(checkpoint?.metadata).toEqual(new Map([["rng", "3"]]));
    expect(resumed.wallTime).toBeGreaterThan(checkpoint?.wallTime ?? 0);
    resumed.log(4, { a: 4 });
    expect(steps()).toEqual([1, 2, 3, 4]);
    expect(openRun(dir).record.sessions.map((session) => session.fromStep)).toEqual([0, 3]);
    resumed.close();
  });

  it("changes nothing until the run writes: the checkpoint may yet be refused", () => {
    const run = create();
    run.log(1, { a: 1 });
    save(run, 1);
    run.log(2, { a: 2 });
    run.close();
    writeFileSync(join(dir, "summary.json.77.tmp"), "half");
    const before = contents();
    resumeRun(dir, { config: { gamma: 0 } }).run.close();
    expect(contents()).toEqual(before);
  });

  it("starts over where no checkpoint was reached", () => {
    const run = create();
    run.log(1, { a: 1 });
    run.close();
    const { run: resumed, checkpoint } = resumeRun(dir, { config: { env: "Hopper-v5", gamma: 0.9 } });
    expect(checkpoint).toBeUndefined();
    resumed.log(0, {});
    expect(steps()).toEqual([0]);
    expect(openRun(dir).record.config).toEqual({ env: "Hopper-v5", gamma: 0.9 });
    resumed.close();
  });

  it("keeps two checkpoints, and never overwrites one, at the same step neither", () => {
    const run = create();
    for (const step of [1, 2, 3, 3]) save(run, step);
    run.close();
    expect(readdirSync(join(dir, "checkpoints")).sort()).toEqual([
      "latest.json",
      "step-000000003.1.safetensors",
      "step-000000003.safetensors",
    ]);
    expect(loadLatestCheckpoint(openRun(dir))?.step).toBe(3);
  });

  it("falls back to the one before where the newest was deleted", () => {
    const run = create();
    run.log(1, { a: 1 });
    save(run, 1);
    run.log(2, { a: 2 });
    save(run, 2);
    run.close();
    rmSync(checkpointFile(2));
    const { run: resumed, checkpoint } = resumeRun(dir);
    expect(checkpoint?.step).toBe(1);
    resumed.log(3, { a: 3 });
    expect(steps()).toEqual([1, 3]);
    resumed.close();
  });

  it("removes what a kill left half-written", () => {
    const run = create();
    save(run, 1);
    run.close();
    for (const name of [
      "checkpoints/step-000000002.safetensors.77.tmp",
      "checkpoints/step-000000002.safetensors",
      "summary.json.77.tmp",
    ]) {
      writeFileSync(join(dir, name), "half");
    }
    const { run: resumed } = resumeRun(dir);
    resumed.log(1, {});
    resumed.close();
    expect(readdirSync(join(dir, "checkpoints")).sort()).toEqual(["latest.json", "step-000000001.safetensors"]);
    expect(existsSync(join(dir, "summary.json.77.tmp"))).toBe(false);
  });

  it("refuses what isn't a run, or a damaged one", () => {
    expect(() => resumeRun(dir)).toThrow(UsageError);
    expect(() => resumeRun(dir)).toThrow(`${dir} is not a run folder: it has no config.json`);
    mkdirSync(dir);
    writeFileSync(join(dir, "config.json"), '{"name":"something else"}');
    expect(() => resumeRun(dir)).toThrow(FailureError);
    expect(() => resumeRun(dir)).toThrow("is damaged, or not the config of a run");
  });
});

describe("append-only files", () => {
  it("continue where the checkpoint left them", () => {
    const run = create();
    const replay = run.appendFile("replay/1.bin");
    replay.append(Uint8Array.of(1, 2, 3));
    run.saveCheckpoint({ step: 1, tensors: {}, files: [replay.position()] });
    replay.append(Uint8Array.of(4));
    run.close();

    const { run: resumed } = resumeRun(dir);
    const again = resumed.appendFile("replay/1.bin");
    const content = new Uint8Array(8);
    expect(again.read(content)).toBe(3);
    expect(content.slice(0, 3)).toEqual(Uint8Array.of(1, 2, 3));
    again.append("five");
    expect(again.bytes).toBe(7);
    expect(readFileSync(join(dir, "replay/1.bin"))).toEqual(Buffer.from("\x01\x02\x03five"));
    resumed.saveCheckpoint({ step: 2, tensors: {}, files: [again.position()] });
    resumed.close();
    resumeRun(dir).run.close();
  });

  it("are deleted once no kept checkpoint needs them", () => {
    const run = create();
    const first = run.appendFile("replay/1.bin");
    run.saveCheckpoint({ step: 1, tensors: {}, files: [first.position()] });
    run.saveCheckpoint({ step: 2, tensors: {} });
    expect(existsSync(join(dir, "replay/1.bin"))).toBe(true);
    run.saveCheckpoint({ step: 3, tensors: {} });
    expect(existsSync(join(dir, "replay/1.bin"))).toBe(false);
    expect(steps()).toEqual([]);
    run.close();
  });

  it("don't reuse a name that an older checkpoint still needs", () => {
    const run = create();
    run.saveCheckpoint({ step: 1, tensors: {}, files: [run.appendFile("1.bin").position()] });
    run.saveCheckpoint({ step: 2, tensors: {} });
    expect(() => run.appendFile("1.bin")).toThrow("1.bin belongs to an earlier checkpoint");
    run.close();
  });
});

describe("a damaged checkpoint is named and refused, and nothing is changed", () => {
  function damaged(damage: () => void): string {
    const run = create();
    const replay = run.appendFile("replay/1.bin");
    for (const step of [1, 2]) {
      replay.append("abc");
      run.log(step, { a: step });
      run.saveCheckpoint({ step, tensors: weights(step), files: [replay.position()] });
    }
    run.log(3, { a: 3 });
    run.close();
    damage();
    const before = contents();
    let message = "";
    try {
      resumeRun(dir);
    } catch (error) {
      expect(error).toBeInstanceOf(CheckpointError);
      message = (error as Error).message;
    }
    expect(message).not.toContain("\n");
    expect(contents()).toEqual(before);
    return message;
  }
  const rewrite = (path: string, change: (bytes: Buffer) => Uint8Array | string) =>
    writeFileSync(path, change(readFileSync(path)));
  const older =
    "the one before, step-000000001.safetensors, is intact: delete step-000000002.safetensors to continue from it";

  it("a flipped bit", () => {
    const flip = (bytes: Buffer) => bytes.fill((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1);
    expect(damaged(() => rewrite(checkpointFile(2), flip))).toBe(
      `${dir}: checkpoints/step-000000002.safetensors is damaged or not the file that this run wrote: its SHA-256 differs; ${older}`,
    );
  });

  it("a truncated file", () => {
    const message = damaged(() => rewrite(checkpointFile(2), (bytes) => bytes.subarray(0, 100)));
    expect(message).toContain(
      `checkpoints/step-000000002.safetensors is truncated: 100 bytes of ${readFileSync(checkpointFile(1)).length}`,
    );
    expect(message).toContain(older);
  });

  it("another file in its place", () => {
    const message = damaged(() => writeFileSync(checkpointFile(2), encodeSafetensors(weights(5))));
    expect(message).toContain("checkpoints/step-000000002.safetensors is");
  });

  it("another run's checkpoints", () => {
    const message = damaged(() =>
      rewrite(join(dir, "checkpoints/latest.json"), (bytes) => bytes.toString().replace(/"run": "./, '"run": "z')),
    );
    expect(message).toContain("checkpoints/latest.json belongs to another run (z");
  });

  it("a damaged manifest, and one that points outside", () => {
    expect(damaged(() => rewrite(join(dir, "checkpoints/latest.json"), (bytes) => bytes.subarray(5)))).toContain(
      "checkpoints/latest.json is damaged",
    );
    dir = `${dir}-outside`;
    const outside = (bytes: Buffer) => bytes.toString().replace("replay/1.bin", "../../precious.bin");
    expect(damaged(() => rewrite(join(dir, "checkpoints/latest.json"), outside))).toContain(
      "checkpoints/latest.json is damaged",
    );
  });

  it("both files gone", () => {
    const message = damaged(() => [1, 2].map((step) => rmSync(checkpointFile(step))));
    expect(message).toContain(
      "names step-000000002.safetensors and step-000000001.safetensors, and no such file is there",
    );
  });

  it("a shortened replay segment", () => {
    expect(damaged(() => rewrite(join(dir, "replay/1.bin"), () => "abcab"))).toBe(
      `${dir}: replay/1.bin: truncated to 5 bytes, the checkpoint needs 6; ${older}`,
    );
  });

  it("edited metrics", () => {
    const message = damaged(() =>
      rewrite(join(dir, "metrics.jsonl"), (bytes) => bytes.toString().replace('"a":1', '"a":9')),
    );
    expect(message).toContain("metrics.jsonl: its first");
    expect(message).toContain(
      "have changed since the checkpoint was written; the one before, step-000000001.safetensors, is no better",
    );
  });
});

describe("summary", () => {
  it("is written and read, and comes from the metrics alone", () => {
    const run = create();
    run.log(10, { "eval/return": 5, "policy/entropyMin": -1 });
    run.log(20, { "eval/return": 9, "policy/entropyMin": -2 });
    run.log(30, { "eval/return": 7 });
    const entropy = { metric: "policy/entropyMin", target: 1, floor: -3 };
    const summary = summarize(runMetrics(run), { kind: "sac", status: "finished", score: "eval/return", entropy });
    run.writeSummary(summary);
    run.close();
    expect(runSummary({ dir })).toEqual(summary);
    expect(summary).toMatchObject({
      status: "finished",
      steps: 30,
      score: { metric: "eval/return", final: 7, best: 9, bestStep: 20 },
      entropy: { target: 1, floor: -3, min: -2 },
    });
    writeFileSync(join(dir, "summary.json"), "{}");
    expect(() => runSummary({ dir })).toThrow("is damaged, or not the summary of a run");
  });

  it("says so where nothing was measured", () => {
    const summary = summarize([], { kind: "sac", status: "failed", error: "no luck", score: "eval/return" });
    expect(summary).toMatchObject({
      error: "no luck",
      steps: 0,
      stepsPerSecond: 0,
      score: { final: null, best: null },
    });
  });
});
