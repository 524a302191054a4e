import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runMetrics, runSummary } from "@era/lab";
import { describe, expect, it } from "vitest";
import { type Ended, era, savedStep, small, start, temporaryFolder, until } from "../cli.fixture.ts";

const folder = temporaryFolder();
const train = ["train", "sac", "--env", "InvertedPendulum-v5", ...small];

/** Starts a run that would go on for ever, waits until it is at work, and sends it a signal. */
async function interrupted(run: string, signal: "SIGINT" | "SIGTERM", flags: readonly string[]): Promise<Ended> {
  const { child, ended } = start(folder, [...train, "--steps", "1000000", "--run", run, ...flags]);
  await until(() => savedStep(join(folder, run)) > 0 || child.exitCode !== null);
  child.kill(signal);
  return ended;
}

describe.concurrent("a run that is stopped saves a checkpoint and says how to go on:", () => {
  it.each([
    ["by Ctrl-C", "SIGINT", 130, ["--checkpoint-every", "70"]],
    ["by Ctrl-C while actions are random", "SIGINT", 130, ["--checkpoint-every", "70", "--start-steps", "1000000"]],
    ["by a job scheduler", "SIGTERM", 143, ["--checkpoint-every", "70", "--head", "maxent"]],
  ] as const)("%s", async (name, signal, exitCode, flags) => {
    const run = name.replaceAll(" ", "-");
    const { code, stdout, stderr } = await interrupted(run, signal, flags);
    expect(code, stderr).toBe(exitCode);
    const dir = join(folder, run);
    const step = savedStep(dir);
    expect(stderr.trimEnd().split("\n").at(-1)).toBe(
      `stopped at step ${step}; a checkpoint is saved. Continue with: npx era train sac --resume ${run}`,
    );
    expect(stdout).toMatch(/^\S+: SAC \(\w+\) on InvertedPendulum-v5, seed 3, 1000000 steps\n/);
    expect(runSummary({ dir })).toMatchObject({ status: "interrupted", steps: step });
    expect(existsSync(join(dir, "policy.onnx"))).toBe(true);

    const more = await era(folder, "train", "sac", "--resume", run, "--steps", `${step + 20}`, "--json");
    expect(more.code, more.stderr).toBe(0);
    expect(JSON.parse(more.stdout)).toMatchObject({ status: "finished", steps: step + 20 });
  });

  it("and with --json its summary is the one JSON object on standard output", async () => {
    const { code, stdout, stderr } = await interrupted("json", "SIGINT", ["--checkpoint-every", "70", "--json"]);
    expect(code).toBe(130);
    expect(stdout).toMatch(/^\{[^\n]*\}\n$/);
    expect(JSON.parse(stdout)).toMatchObject({
      run: "json",
      status: "interrupted",
      steps: savedStep(join(folder, "json")),
    });
    expect(stderr).toContain("Continue with: npx era train sac --resume json\n");
  });
});

describe.concurrent("a run that fails", () => {
  it("names the quantity and the step, ends with exit code 1, and leaves a checkpoint to look at", async () => {
    // A decay under which the critics' parameters grow beyond float32 in a few updates.
    const flags = ["--steps", "200", "--critic-weight-decay", "1e20", "--checkpoint-every", "20", "--json"];
    const { code, stdout, stderr } = await era(folder, ...train, ...flags, "--run", "diverging");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    const message = /^era: (.*)$/.exec(stderr.trimEnd().split("\n").at(-1) ?? "")?.[1];
    expect(message).toMatch(
      /^(loss|gradient)\/\w+ became -?(NaN|Infinity) at step 6\d: the run stops here, and its last checkpoint is untouched$/,
    );
    const dir = join(folder, "diverging");
    expect(runSummary({ dir })).toMatchObject({ status: "failed", error: message });
    expect(savedStep(dir)).toBe(60);
    expect(readFileSync(join(dir, "report.html"), "utf8")).toContain(message);
    const exported = await era(folder, "export", "diverging", "--json");
    expect(exported.code, exported.stderr).toBe(0);
    expect(JSON.parse(exported.stdout)).toMatchObject({ step: 60, observationSize: 4, actionSize: 1 });
  });
});

describe.concurrent("a run", () => {
  it("goes on to its end where nobody reads its output any more", async () => {
    const { child, ended } = start(folder, [...train, "--steps", "100", "--run", "unread"]);
    child.stdout?.destroy();
    child.stderr?.destroy();
    expect((await ended).code).toBe(0);
    expect(runSummary({ dir: join(folder, "unread") })).toMatchObject({ status: "finished", steps: 100 });
  });

  it("whose replay buffer no memory can hold says so", async () => {
    // More numbers than one array may have, whatever the machine.
    const flags = ["--env", "Humanoid-v5", "--buffer-size", "4294967296", "--run", "huge"];
    const { code, stderr } = await era(folder, ...train, ...flags);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^era: there is no memory for a replay buffer of 4294967296 transitions \(.*\): choose a smaller one\n$/,
    );
  });

  it("says what it did, and that too few steps teach nothing", async () => {
    const { code, stdout, stderr } = await era(folder, ...train, "--steps", "50", "--run", "short");
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("note: nothing is learned before step 60 (--start-steps)\n");
    expect(stdout).toMatch(
      /^entropy: asked for 0\.250 nat of the gaussian; the policy cannot fall below -0\.443 nat$/m,
    );
    expect(stdout).toMatch(/^next: npx era eval short$/m);
    expect(runMetrics({ dir: join(folder, "short") }).at(-1)?.step).toBe(50);
  });

  it("takes settings from a file, a run's config.json too, and flags win", async () => {
    const first = await era(folder, ...train, "--steps", "70", "--discount", "0.9", "--run", "first", "--json");
    expect(first.code, first.stderr).toBe(0);
    const again = await era(
      folder,
      ..."train sac --config first/config.json --run second --json --eval-episodes 1".split(" "),
    );
    expect(again.code, again.stderr).toBe(0);
    const config = (run: string) => JSON.parse(readFileSync(join(folder, run, "config.json"), "utf8")).config;
    expect(config("second")).toEqual({ ...config("first"), evalEpisodes: 1 });
    expect(config("second")).toMatchObject({ discount: 0.9, steps: 70, hidden: [16, 16] });
    expect(first.stdout).toMatch(/^\{[^\n]*\}\n$/);
    expect(JSON.parse(first.stdout)).toEqual({ run: "first", ...runSummary({ dir: join(folder, "first") }) });
  });
});
