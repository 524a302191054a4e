import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mean, runSummary } from "@era/lab";
import { decodeSafetensors, exportOnnx, input, mul, slice } from "@era/tensor";
import { decodeReplay } from "@era/viewer";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { era, small, temporaryFolder } from "../cli.fixture.ts";
import { findBrowser } from "../record/browser.ts";

const folder = temporaryFolder();

beforeAll(async () => {
  const { code, stderr } = await era(
    folder,
    ..."train sac --env Hopper-v5 --steps 200 --run run --json".split(" "),
    ...small,
  );
  if (code !== 0) throw new Error(stderr);
  mkdirSync(join(folder, "language"));
  const settings = JSON.parse(readFileSync(join(folder, "run/config.json"), "utf8"));
  writeFileSync(join(folder, "language/config.json"), JSON.stringify({ ...settings, kind: "grpo" }));
  // Action 0, always.
  writeFileSync(
    join(folder, "still.onnx"),
    exportOnnx({ action: mul(slice(input("observation", ["batch", 4]), 1, 0, 1), 0) }),
  );
});

const browser = (() => {
  try {
    return findBrowser(undefined);
  } catch {
    console.warn("\n*** NOT TESTED: pictures of a recorded episode. There is no Chromium on this machine. ***\n");
    return undefined;
  }
})();

const record = async (...args: string[]) => {
  const { code, stdout, stderr } = await era(folder, "record", ...args, "--json");
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
};

async function replayIn(page: string) {
  const html = readFileSync(join(folder, page), "utf8");
  const text = /<script type="text\/plain" id="replay">([^<]*)<\/script>/.exec(html)?.[1];
  return { html, replay: await decodeReplay(text ?? "") };
}

describe.concurrent("era record", () => {
  it("writes a page that holds the model, the episode and the viewer, and needs nothing else", async () => {
    const result = await record("run", "--out", "page/hopper.html");
    expect(result.files).toEqual({ page: "page/hopper.html", states: "page/hopper.safetensors" });
    const { html, replay } = await replayIn(result.files.page);
    expect(html.length).toBeLessThan(1_500_000);
    // Nothing is fetched: no address but the namespaces' and those in the libraries' messages.
    expect(html).not.toMatch(/<(script|link|img)[^>]*(src|href)=/);
    expect(html.match(/<\/script>/g)).toHaveLength(2);
    expect(replay).toMatchObject({
      title: "Hopper-v5",
      entropyFloor: runSummary({ dir: join(folder, "run") })?.entropy?.floor,
    });
    expect(replay.scene.bodies.map(({ name }) => name)).toEqual(["world", "torso", "thigh", "shin", "foot"]);
    expect(replay.scene.shapes.map(({ type }) => type)).toEqual(["plane", ...Array(4).fill("capsule")]);
    expect(replay.moving).toEqual([1, 2, 3, 4]);
    expect(replay.poses).toHaveLength((result.steps + 1) * 4 * 7);
    expect(replay.entropies).toHaveLength(result.steps);
    expect(Math.min(...(replay.entropies ?? []))).toBeGreaterThan(replay.entropyFloor ?? 0);
    expect(replay.rewards.reduce((sum, reward) => sum + reward, 0)).toBeCloseTo(result.return, 2);
  });

  it("plays what era eval plays, and keeps the states without loss", async () => {
    const { files, ...result } = await record("run", "--seed", "5", "--out", "same.html");
    const { stdout } = await era(folder, ..."eval run --episodes 1 --seed 5 --json".split(" "));
    expect(result.return).toBe(JSON.parse(stdout).returns[0]);
    const { tensors, metadata } = decodeSafetensors(readFileSync(join(folder, files.states)));
    const rewards = Array.from(tensors.get("reward")?.data as Float64Array);
    expect(rewards.reduce((sum, reward) => sum + reward, 0)).toBe(result.return);
    const shapes = Object.fromEntries(Array.from(tensors, ([name, { shape }]) => [name, shape]));
    const { steps } = result;
    expect(shapes).toEqual({
      time: [steps + 1],
      qpos: [steps + 1, 6],
      qvel: [steps + 1, 6],
      xpos: [steps + 1, 5, 3],
      xquat: [steps + 1, 5, 4],
      action: [steps, 3],
      reward: [steps],
      entropy: [steps],
    });
    expect(Object.fromEntries(metadata)).toMatchObject({ env: "Hopper-v5", seed: "5", end: result.end });
  });

  it("keeps the best of several episodes", async () => {
    const { stdout } = await era(folder, ..."eval run --episodes 4 --seed 9 --json".split(" "));
    const returns: number[] = JSON.parse(stdout).returns;
    const best = await record(..."run --best-of 4 --seed 9 --out best.html".split(" "));
    expect(best.return).toBe(Math.max(...returns));
    expect(best.seed).toBe(9 + returns.indexOf(best.return));
  });

  it("writes the page where no browser is found, and says so", async () => {
    const { code, stderr } = await era(
      folder,
      ..."record run --steps 5 --out alone.html --png --browser nowhere".split(" "),
    );
    expect({ code, stderr }).toEqual({ code: 1, stderr: "era: --browser nowhere: there is no such program\n" });
    expect(existsSync(join(folder, "alone.html"))).toBe(true);
    expect(() => findBrowser(undefined, folder)).toThrow(/^pictures need Chromium or Chrome, and none was found: /);
  });

  it.each([
    [
      "still.onnx --env CartPole-v1 --out no.html",
      1,
      "CartPole-v1: no MuJoCo simulation in it, so there is nothing to draw",
    ],
    ["still.onnx", 2, "--env is required with a model file: the environment to play in"],
    ["language", 2, 'language is a run of "grpo", not of a policy in an environment'],
    ["run --out page.htm", 2, "--out page.htm: the page's name must end in .html"],
    ["run --size 10x", 2, "--size 10x: must be <width>x<height> in pixels, such as 960x540, from 16 to 4096"],
    ["run --gif --from 3 --to 2", 2, "--to 2: must be later than --from 3"],
    ["run --at soon", 2, "--at soon: must be a number of seconds, 0 or more"],
  ])("refuses %s", async (args, exitCode, message) => {
    const { code, stdout, stderr } = await era(folder, "record", ...args.split(" "));
    expect({ code, stdout, stderr }).toEqual({ code: exitCode, stdout: "", stderr: `era: ${message}\n` });
  });

  it.runIf(browser !== undefined)("draws pictures through the browser", { timeout: 180_000 }, async () => {
    const { files } = await record(..."run --steps 20 --out drawn.html --png --gif --size 160x90 --to 0.1".split(" "));
    const png = sharp(join(folder, files.png));
    expect(await png.metadata()).toMatchObject({ format: "png", width: 160, height: 90 });
    /** The mean brightness of a part of the picture, 0 to 255. */
    const brightness = async (left: number, top: number, width: number, height: number) =>
      mean(Array.from(await png.clone().extract({ left, top, width, height }).greyscale().raw().toBuffer()));
    // The sky above the ground, beside the panel.
    expect(await brightness(120, 1, 40, 4)).toBeGreaterThan(180);
    expect(await brightness(120, 80, 40, 4)).toBeLessThan(130);
    const gif = await sharp(join(folder, files.gif), { animated: true }).metadata();
    expect(gif).toMatchObject({ format: "gif", width: 160, pageHeight: 90, pages: 2, loop: 0, delay: [50, 50] });
  });
});
