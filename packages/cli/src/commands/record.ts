/** `era record <run>`: an episode of a trained policy, as numbers, as a page that replays it in 3D, and as pictures. */
import { basename, dirname, join, resolve } from "node:path";
import { algorithms, type Env, type LoadedPolicy, type RecordedEpisode, recordEpisode } from "@era/control";
import { runSummary, UsageError, writeFileAtomic } from "@era/lab";
import type { Command } from "commander";
import { findBrowser } from "../record/browser.ts";
import { replayPage } from "../record/page.ts";
import { clip, type Size, still } from "../record/pictures.ts";
import { statesFile } from "../record/statesFile.ts";
import { wholeNumber } from "./eval.ts";
import { locatePolicy, type TrainedPolicy, withPolicy } from "./trainedPolicy.ts";

interface RecordCommandOptions {
  readonly env?: string;
  readonly seed?: string;
  readonly bestOf: string;
  readonly steps?: string;
  readonly out?: string;
  readonly png?: string | true;
  readonly gif?: string | true;
  readonly at?: string;
  readonly from: string;
  readonly to?: string;
  readonly rate: string;
  readonly size: string;
  readonly browser?: string;
  readonly json?: boolean;
}

export function addRecordCommand(program: Command): void {
  program
    .command("record")
    .description("record an episode of a trained policy: a page that replays it in 3D, its states, pictures")
    .argument("<run>", "a run folder, or an exported policy (.onnx) together with --env")
    .option("--env <id>", "environment to play in, or a file of one; a run's own if left out")
    .option("--seed <number>", "seed of the first episode; if left out, the one that training evaluates with")
    .option("--best-of <number>", "episodes to play, of which the one with the highest return is kept", "1")
    .option("--steps <number>", "end the recording after so many steps; if left out, at the episode's end")
    .option("--out <file>", "the page to write; if left out, episode.html in the run folder")
    .option("--png [file]", "also draw a picture")
    .option("--at <seconds>", "moment of that picture in simulated time; if left out, the middle")
    .option("--gif [file]", "also draw a moving picture")
    .option("--from <seconds>", "where it begins", "0")
    .option("--to <seconds>", "where it ends; if left out, 8 seconds later")
    .option("--rate <number>", "its pictures a second", "20")
    .option("--size <width>x<height>", "size of the pictures in pixels", "960x540")
    .option("--browser <program>", "Chromium or Chrome to draw them with; if left out, the one that is installed")
    .option("--json", "print what was written as one JSON object")
    .addHelpText(
      "after",
      `
The page needs no network and no other file. Beside it, with the ending .safetensors, lie the states: qpos, qvel, xpos, xquat, action, reward
and entropy of each step, without loss. The page contains the geometry of the environment's model, meshes included: where the model is
somebody else's, its licence says what you may do with the page.`,
    )
    .action(recordCommand);
}

async function recordCommand(target: string, options: RecordCommandOptions): Promise<void> {
  const found = await locatePolicy(target, options.env);
  const seed = options.seed === undefined ? found.seed : wholeNumber("--seed", options.seed, 0);
  const episodes = wholeNumber("--best-of", options.bestOf, 1);
  const steps = options.steps === undefined ? undefined : wholeNumber("--steps", options.steps, 1);
  const size = pictureSize(options.size);
  const from = seconds("--from", options.from);
  const to = options.to === undefined ? from + 8 : seconds("--to", options.to);
  if (to <= from) throw new UsageError(`--to ${to}: must be later than --from ${from}`);
  const at = options.at === undefined ? undefined : seconds("--at", options.at);
  const rate = wholeNumber("--rate", options.rate, 1);
  const page = options.out ?? join(found.run?.dir ?? dirname(found.model), "episode.html");
  if (!page.endsWith(".html")) throw new UsageError(`--out ${page}: the page's name must end in .html`);
  const beside = (ending: string) => page.replace(/html$/, ending);

  const episode = await withPolicy(found, (env, policy) => recordBest(env, policy, seed, episodes, steps));
  const duration = (episode.states.at(-1)?.time ?? 0) - (episode.states[0]?.time ?? 0);
  if (options.gif !== undefined && from >= duration) {
    throw new UsageError(`--from ${from}: the recorded episode lasts ${duration.toFixed(2)} s`);
  }
  const entropyFloor = found.run && runSummary(found.run)?.entropy?.floor;
  writeFileAtomic(beside("safetensors"), statesFile(episode));
  writeFileAtomic(page, await replayPage(episode, { subtitle: subtitle(found, episode), entropyFloor }));
  const files: Record<string, string> = { page, states: beside("safetensors") };

  const wanted = (name: "png" | "gif") => (options[name] === true ? beside(name) : options[name]);
  const [png, gif] = [wanted("png"), wanted("gif")];
  if (png !== undefined || gif !== undefined) {
    const browser = findBrowser(options.browser);
    if (png !== undefined) {
      writeFileAtomic(png, await still(page, browser, size, at));
      files.png = png;
    }
    if (gif !== undefined) {
      writeFileAtomic(gif, await clip(page, browser, size, { from, to, rate }));
      files.gif = gif;
    }
  }

  const { env, end } = episode;
  const summary = { env, seed: episode.seed, steps: episode.steps.length, return: episode.return, end, files };
  if (options.json) console.log(JSON.stringify(summary));
  else {
    console.log(`${env}: ${summary.steps} steps, return ${episode.return.toFixed(1)}, seed ${episode.seed}`);
    for (const [name, file] of Object.entries(files)) console.log(`${name}: ${file}`);
  }
}

async function recordBest(
  env: Env,
  policy: LoadedPolicy,
  seed: number,
  episodes: number,
  steps: number | undefined,
): Promise<RecordedEpisode> {
  let best = await recordEpisode(env, policy, seed, steps);
  for (let i = 1; i < episodes; i++) {
    const episode = await recordEpisode(env, policy, seed + i, steps);
    if (episode.return > best.return) best = episode;
  }
  return best;
}

/** What was played, in a line. */
function subtitle({ model, run }: TrainedPolicy, { seed }: RecordedEpisode): string {
  if (run === undefined) return `${basename(model)} · seed ${seed}`;
  const { kind, config } = run.record;
  const title = algorithms.find(({ name }) => name === kind)?.title ?? kind;
  const head = typeof config.head === "string" ? ` (${config.head})` : "";
  return `${title}${head} · ${basename(resolve(run.dir))} · seed ${seed}`;
}

function seconds(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0) || !Number.isFinite(value)) {
    throw new UsageError(`${flag} ${text}: must be a number of seconds, 0 or more`);
  }
  return value;
}

function pictureSize(text: string): Size {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  const size = { width: Number(width), height: Number(height) };
  if (!(size.width >= 16 && size.height >= 16 && size.width <= 4096 && size.height <= 4096)) {
    throw new UsageError(`--size ${text}: must be <width>x<height> in pixels, such as 960x540, from 16 to 4096`);
  }
  return size;
}
