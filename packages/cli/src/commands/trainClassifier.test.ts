import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runMetrics, runSummary } from "@era/lab";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { era, savedStep, start, temporaryFolder, until } from "../cli.fixture.ts";

const folder = temporaryFolder();
const shared = "--data digits --model mlp --batch-size 10 --entropy 0.6 --threads 1 --learning-rate 0.05".split(" ");

/** MNIST's files with 60 training and 20 test images of 6 × 6: a bright row or column says the class. */
beforeAll(() => {
  const dir = join(folder, "digits");
  mkdirSync(dir);
  const word = (value: number) => [0, 0, value >> 8, value & 255];
  for (const [prefix, count] of [
    ["train", 60],
    ["t10k", 20],
  ] as const) {
    const pixels = Array.from({ length: count * 36 }, (_, i) => {
      const [label, row, column] = [Math.floor(i / 36) % 10, Math.floor(i / 6) % 6, i % 6];
      return (label < 5 ? row === label : column === label - 5) ? 220 : (i * 7) % 40;
    });
    const images = [0, 0, 8, 3, ...word(count), ...word(6), ...word(6), ...pixels];
    const labels = [0, 0, 8, 1, ...word(count), ...Array.from({ length: count }, (_, i) => i % 10)];
    writeFileSync(join(dir, `${prefix}-images-idx3-ubyte`), Uint8Array.from(images));
    writeFileSync(join(dir, `${prefix}-labels-idx1-ubyte`), Uint8Array.from(labels));
  }
});

it("trains, says what was reached, and exports", async () => {
  const { code, stdout, stderr } = await era(
    folder,
    "train",
    "classifier",
    ...shared,
    "--epochs",
    "8",
    "--run",
    "made",
  );
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^made: Classifier \(era\) on digits, seed 1, 48 steps\n/);
  expect(stdout).toContain(
    "entropy: asked for 0.600 nat of the prediction; the prediction cannot fall below 0.600 nat\n",
  );
  expect(stdout).toMatch(/^final evaluation accuracy [01]\.\d{4}, best /m);
  expect(stdout).toContain("next: npx era eval made\n");
  const exported = await era(folder, "export", "made", "--out", "again.onnx", "--json");
  expect(exported.code, exported.stderr).toBe(0);
  expect(JSON.parse(exported.stdout)).toMatchObject({ file: "again.onnx", step: 48 });

  const flags = "--images 20 --ood digits --corruptions gaussian-noise,jpeg --severities 1,5 --html page.html".split(
    " ",
  );
  const text = await era(folder, "eval", "made", ...flags);
  expect(text.code, text.stderr).toBe(0);
  expect(text.stdout).toMatch(/^digits \(test\): 20 images\ntop-1 [\d.]+ %, top-5 [\d.]+ %\n/);
  expect(text.stdout).toContain("told apart by entropy with AUROC 0.5000");
  expect(readFileSync(join(folder, "page.html"), "utf8")).toContain("floor 0.60");
  const json = await era(folder, "eval", "made", "--json");
  const summary = runSummary({ dir: join(folder, "made") });
  expect(JSON.parse(json.stdout).measures.accuracy).toBe(summary?.score.final);
  for (const [args, message] of [
    [["made", "--episodes", "2"], "era: --episodes: made is a classifier, not a policy\n"],
    [["made", "--corruptions", "frost"], 'era: unknown corruption "frost"; allowed: all, gaussian-noise,'],
    [["made", "--ood", "nowhere"], "era: nowhere: there is no such file or folder\n"],
  ] as const) {
    const { code, stderr } = await era(folder, "eval", ...args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  }

  const picture = join(folder, "picture.png");
  await sharp(new Uint8Array(900), { raw: { width: 30, height: 30, channels: 1 } }).toFile(picture);
  const seen = await era(folder, "predict", "made", picture, "--top", "2");
  expect(seen.stdout).toMatch(/picture\.png: \d [\d.]+ %, \d [\d.]+ %; entropy \d\.\d{3} nat\n$/);
});

it("saves a checkpoint at Ctrl-C and goes on from there", async () => {
  const { child, ended } = start(folder, ["train", "classifier", ...shared, "--epochs", "100000", "--run", "long"]);
  await until(() => savedStep(join(folder, "long")) > 0 || child.exitCode !== null);
  child.kill("SIGINT");
  const { code, stderr } = await ended;
  expect(code, stderr).toBe(130);
  const step = savedStep(join(folder, "long"));
  expect(stderr).toContain(`Continue with: npx era train classifier --resume long\n`);
  expect(runSummary({ dir: join(folder, "long") })).toMatchObject({ status: "interrupted", steps: step });
  const more = await era(folder, ..."train classifier --resume long --json --steps".split(" "), `${step + 3}`);
  expect(more.code, more.stderr).toBe(0);
  expect(JSON.parse(more.stdout)).toMatchObject({ status: "finished", steps: step + 3 });
});

it("trains several seeds, each in a folder of its own", async () => {
  const { code, stdout, stderr } = await era(
    folder,
    ..."train classifier --seeds 1,2 --epochs 2 --run both --json".split(" "),
    ...shared,
  );
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ status: "finished", runs: [{ steps: 12 }, { steps: 12 }] });
  expect(existsSync(join(folder, "both/seed2/model.onnx"))).toBe(true);

  const table = await era(folder, ..."eval both --ood digits --markdown".split(" "));
  expect(table.code, table.stderr).toBe(0);
  expect(table.stdout).toContain("**digits: 20 images**");
  expect(table.stdout).toContain("| OOD AUROC | runs |");
  const scores = [1, 2].map((seed) => runSummary({ dir: join(folder, `both/seed${seed}`) })?.score.final ?? Number.NaN);
  const [low, high] = [Math.min(...scores), Math.max(...scores)].map((score) => (100 * score).toFixed(2));
  const mean = (50 * ((scores[0] ?? 0) + (scores[1] ?? 0))).toFixed(2);
  expect(table.stdout).toContain(`| Classifier era | ${mean} [${low}, ${high}] |`);
  const page = await era(folder, ..."eval both --html page.html".split(" "));
  expect([page.code, page.stderr]).toEqual([2, "era: --html: a page is of one run: give a single run folder\n"]);
});

describe("images that are decoded on the way, of which one is damaged while a run trains,", () => {
  const photos =
    "train classifier --data photos --model mlp --batch-size 10 --entropy 0.2 --threads 1 --epochs 100000".split(" ");
  const streamed = [...photos, ..."--in-memory 0 --workers 2 --head plain --log-every 3".split(" ")];
  const file = join(folder, "photos/train/dark/7.png");
  let good: Uint8Array;
  beforeAll(async () => {
    for (const [split, count] of [
      ["train", 30],
      ["test", 4],
    ] as const) {
      for (const [name, grey] of [
        ["dark", 40],
        ["light", 200],
      ] as const) {
        const dir = join(folder, "photos", split, name);
        mkdirSync(dir, { recursive: true });
        for (let i = 0; i < count; i++) {
          const background = { r: grey + i, g: grey, b: grey };
          const image = sharp({ create: { width: 6, height: 6, channels: 3, background } });
          await image.png().toFile(join(dir, `${i}.png`));
        }
      }
    }
    good = readFileSync(file);
  });

  /** Starts a run, and damages an image after its first checkpoint. */
  async function damaged(run: string, ...flags: readonly string[]) {
    const started = start(folder, [...streamed, "--run", run, ...flags]);
    await until(() => savedStep(join(folder, run)) > 0 || started.child.exitCode !== null);
    // Replaced at once: a half-written file would be damaged in another way.
    writeFileSync(`${file}.new`, good.subarray(0, 60));
    renameSync(`${file}.new`, file);
    return started;
  }

  it("end with its name and exit code 1, the last checkpoint kept", async () => {
    const { ended } = await damaged("cut");
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^era: photos\/train: dark\/7\.png can't be decoded: [^\n]*\n$/m);
    const step = savedStep(join(folder, "cut"));
    expect(step).toBeGreaterThan(0);
    expect(runSummary({ dir: join(folder, "cut") })).toMatchObject({ status: "failed" });
    writeFileSync(file, good);
    const more = await era(folder, ..."train classifier --resume cut --json --steps".split(" "), `${step + 6}`);
    expect(more.code, more.stderr).toBe(0);
    expect(JSON.parse(more.stdout)).toMatchObject({ status: "finished", steps: step + 6 });
  });

  it("go on with --skip-bad, which names and counts it", async () => {
    const { child, ended } = await damaged("skipping", "--skip-bad");
    let text = "";
    child.stderr?.on("data", (data) => {
      text += data;
    });
    await until(() => text.includes("damaged") || child.exitCode !== null);
    const seen = savedStep(join(folder, "skipping"));
    await until(() => savedStep(join(folder, "skipping")) > seen || child.exitCode !== null);
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    expect(code, stderr).toBe(130);
    expect(stderr.match(/another image stands for it \(--skip-bad\): dark\/7\.png can't be decoded/g)).toHaveLength(1);
    const counts = runMetrics({ dir: join(folder, "skipping") }).map(({ metrics }) => metrics["data/damaged"]);
    expect(counts.filter((count) => count !== undefined).at(-1)).toBe(1);
    writeFileSync(file, good);
  });
});
