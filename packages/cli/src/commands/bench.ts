/** `era bench`: speed, always beside others in the same invocation. */
import { join } from "node:path";
import { UsageError, unknownName } from "@era/lab";
import { models } from "@era/vision";
import type { Command } from "commander";
import { benchEnv, benchEnvIds, envTable } from "../bench/envBench.ts";
import { benchHeads, headTable } from "../bench/headBench.ts";
import { benchGeneration, benchGrpo, generationTable, grpoTable } from "../bench/languageBench.ts";
import { benchLanguageMemory, languageMemoryTable } from "../bench/languageMemoryBench.ts";
import { benchMemory, memoryTable } from "../bench/memoryBench.ts";
import { defaultThreads, setUpPeers, type UpdateSize } from "../bench/peers.ts";
import { benchTraining, trainMatches, trainTable } from "../bench/trainBench.ts";
import { benchUpdates, updateTable } from "../bench/updateBench.ts";
import { benchOverhead, benchVector, vectorTable } from "../bench/vectorBench.ts";
import { benchVision, visionTable } from "../bench/visionBench.ts";
import { wholeNumber } from "./eval.ts";

const say = (line: string) => process.stderr.write(`${line}\n`);

/** The -plain forms are the update as one first writes it in that library; the others work around what is slow there. */
const competitors = ["torch-eager", "torch-compile", "jax", "jax-js", "jax-js-plain", "tfjs", "tfjs-plain"];

interface UpdateOptions {
  readonly widths: string;
  readonly rounds: string;
  readonly threads: string;
  readonly only?: string;
  readonly setup: boolean;
  readonly json?: boolean;
}

interface TrainOptions {
  readonly env: string;
  readonly steps: string;
  readonly seeds: string;
  readonly threads: string;
  readonly out?: string;
  readonly setup: boolean;
  readonly json?: boolean;
}

interface VisionBenchOptions {
  readonly model: string;
  readonly batch?: string;
  readonly imageSize?: string;
  readonly classes?: string;
  readonly rounds: string;
  readonly threads: string;
  readonly only?: string;
  readonly setup: boolean;
  readonly json?: boolean;
}

interface LanguageBenchOptions {
  readonly grpo?: boolean;
  readonly batches: string;
  readonly prompt?: string;
  readonly tokens: string;
  readonly rounds: string;
  readonly threads: string;
  readonly setup: boolean;
  readonly json?: boolean;
}

interface VectorBenchOptions {
  readonly envs: string;
  readonly copies: string;
  readonly workers: string;
  readonly rounds: string;
  readonly steps: string;
  readonly json?: boolean;
}

const torchForms = ["torch-eager-nchw", "torch-eager-nhwc", "torch-compile-nchw", "torch-compile-nhwc"];

/** Batch, image size and classes that each network is measured with: CIFAR-10, or ImageNet with what fits a small machine. */
const visionSizes = (model: string) =>
  /^resnet(18|34|50|101)$/.test(model)
    ? { batch: 8, imageSize: 224, classes: 1000 }
    : { batch: 128, imageSize: 32, classes: 10 };

/** The update that the paper's tasks have: observations of h1 (HumanoidBench), batch and actions of the official code. */
const sizeOf = (width: number, threads: number): UpdateSize => ({ width, obs: 51, act: 19, batch: 256, threads });

export function addBenchCommand(program: Command): void {
  const bench = program
    .command("bench")
    .description("measure speed beside other libraries, interleaved in one invocation");

  bench
    .command("update")
    .description(
      "one SAC-ERA update: this project, PyTorch (eager and compiled), JAX, jax-js and TensorFlow.js (tuned and plain)",
    )
    .option("--widths <numbers>", "widths of the hidden layers, separated by commas", "256,512")
    .option("--rounds <number>", "turns that each competitor gets", "9")
    .option("--threads <number>", "threads for every competitor", `${defaultThreads}`)
    .option("--only <names>", `competitors to run, separated by commas (${competitors.join(", ")})`)
    .option("--no-setup", "do not install missing competitors")
    .option("--json", "print the result as one JSON object")
    .action(async (options: UpdateOptions) => {
      const widths = options.widths.split(",").map((width) => wholeNumber("--widths", width, 1));
      const rounds = wholeNumber("--rounds", options.rounds, 1);
      const threads = wholeNumber("--threads", options.threads, 1);
      const only = names(options.only, competitors);
      if (options.setup) setUpPeers({ javascript: true });
      const results = [];
      for (const width of widths) {
        const result = await benchUpdates(sizeOf(width, threads), rounds, only, say);
        results.push(result);
        if (!options.json) console.log(`${updateTable(result)}\n`);
      }
      if (options.json) console.log(JSON.stringify({ bench: "update", results }));
    });

  bench
    .command("head")
    .description("what ERA's activation costs: the same update with it and with clamped log deviations")
    .option("--width <number>", "width of the hidden layers", "512")
    .option("--pairs <number>", "pairs of turns, ten timed updates each", "80")
    .option("--threads <number>", "threads", `${defaultThreads}`)
    .option("--json", "print the result as one JSON object")
    .action(async (options: { width: string; pairs: string; threads: string; json?: boolean }) => {
      const size = sizeOf(wholeNumber("--width", options.width, 1), wholeNumber("--threads", options.threads, 1));
      const result = await benchHeads(size, wholeNumber("--pairs", options.pairs, 20));
      console.log(options.json ? JSON.stringify({ bench: "head", ...result }) : headTable(result));
    });

  bench
    .command("env")
    .description("steps per second of each environment, beside Python Gymnasium")
    .option("--envs <ids>", "environments, separated by commas; all if left out")
    .option("--rounds <number>", "turns that each side gets", "7")
    .option("--steps <number>", "environment steps per turn", "1000")
    .option("--no-setup", "do not install Python Gymnasium where it is missing")
    .option("--json", "print the result as one JSON object")
    .action(async (options: { envs?: string; rounds: string; steps: string; setup: boolean; json?: boolean }) => {
      const ids = names(options.envs, benchEnvIds());
      if (options.setup) setUpPeers({ javascript: false });
      const results = [];
      for (const id of ids.length > 0 ? ids : benchEnvIds()) {
        say(`stepping ${id}`);
        results.push(
          await benchEnv(id, wholeNumber("--rounds", options.rounds, 1), wholeNumber("--steps", options.steps, 1)),
        );
      }
      console.log(options.json ? JSON.stringify({ bench: "env", results }) : envTable(results));
    });

  bench
    .command("vector")
    .description("steps per second of many copies of an environment, by the number of worker threads")
    .option("--envs <ids>", "environments, separated by commas: a light and a heavy one", "HalfCheetah-v5,Humanoid-v5")
    .option("--copies <number>", "copies that are stepped together", "8")
    .option("--workers <numbers>", "numbers of worker threads, separated by commas, beside none", "1,2")
    .option("--rounds <number>", "turns that each number of workers gets", "7")
    .option("--steps <number>", "vector steps per turn", "200")
    .option("--json", "print the result as one JSON object")
    .action(async (options: VectorBenchOptions) => {
      const ids = names(options.envs, benchEnvIds());
      const copies = wholeNumber("--copies", options.copies, 1);
      const workers = options.workers.split(",").map((number) => wholeNumber("--workers", number, 1));
      const rounds = wholeNumber("--rounds", options.rounds, 1);
      const steps = wholeNumber("--steps", options.steps, 1);
      const results = [];
      for (const id of ids) {
        say(`stepping ${copies} copies of ${id}`);
        results.push(await benchVector(id, copies, workers, rounds, steps));
      }
      const overhead = await benchOverhead(rounds);
      console.log(
        options.json ? JSON.stringify({ bench: "vector", results, overhead }) : vectorTable(results, overhead),
      );
    });

  bench
    .command("train")
    .description("whole training runs beside the library that people would use instead, one at a time, in turn")
    .argument("<algorithm>", trainMatches.map(({ algorithm, peer }) => `${algorithm} (beside ${peer})`).join(", "))
    .option("--env <id>", "environment", "HalfCheetah-v5")
    .option("--steps <number>", "environment steps of each run", "20000")
    .option("--seeds <numbers>", "seeds, separated by commas", "1,2,3")
    .option("--threads <number>", "threads for both sides", `${defaultThreads}`)
    .option("--out <folder>", "folder for this project's runs; runs/bench-<algorithm>-<time> if left out")
    .option("--no-setup", "do not install the peer where it is missing")
    .option("--json", "print the result as one JSON object")
    .action(async (algorithm: string, options: TrainOptions) => {
      const match = trainMatches.find((match) => match.algorithm === algorithm);
      if (!match) {
        throw unknownName(
          "algorithm to compare",
          algorithm,
          trainMatches.map((match) => match.algorithm),
        );
      }
      const time = new Date().toISOString().slice(0, 19).replaceAll(":", "");
      const request = {
        env: options.env,
        steps: wholeNumber("--steps", options.steps, 1),
        seeds: options.seeds.split(",").map((seed) => wholeNumber("--seeds", seed, 0)),
        threads: wholeNumber("--threads", options.threads, 1),
        out: options.out ?? join("runs", `bench-${algorithm}-${time}`),
      };
      if (options.setup) setUpPeers({ javascript: false });
      const result = await benchTraining(match, request, say);
      console.log(options.json ? JSON.stringify({ bench: "train", ...result }) : trainTable(result));
    });

  bench
    .command("vision")
    .description(
      "a classifier's training step: this project, with and without ERA's head, and PyTorch in all its forms",
    )
    .option("--model <name>", "network", "resnet20")
    .option("--batch <number>", "images of a step; 8 for networks of ImageNet, 128 for others")
    .option("--image-size <number>", "height and width of the images; 224 for networks of ImageNet, 32 for others")
    .option("--classes <number>", "classes; 1000 for networks of ImageNet, 10 for others")
    .option("--rounds <number>", "turns that each competitor gets", "20")
    .option("--threads <number>", "threads for every competitor", `${defaultThreads}`)
    .option("--only <names>", `PyTorch's forms to run, separated by commas (${torchForms.join(", ")})`)
    .option("--no-setup", "do not install PyTorch where it is missing")
    .option("--json", "print the result as one JSON object")
    .action(async (options: VisionBenchOptions) => {
      const { model } = options;
      if (!Object.keys(models).includes(model)) throw unknownName("network", model, Object.keys(models));
      const sizes = visionSizes(model);
      const size = {
        model,
        batch: wholeNumber("--batch", options.batch ?? `${sizes.batch}`, 1),
        imageSize: wholeNumber("--image-size", options.imageSize ?? `${sizes.imageSize}`, 1),
        classes: wholeNumber("--classes", options.classes ?? `${sizes.classes}`, 2),
        threads: wholeNumber("--threads", options.threads, 1),
      };
      const only = names(options.only, torchForms);
      if (options.setup) setUpPeers({ javascript: false });
      const result = await benchVision(size, wholeNumber("--rounds", options.rounds, 2), only, say);
      console.log(options.json ? JSON.stringify({ bench: "vision", ...result }) : visionTable(result));
    });

  bench
    .command("language")
    .description("text of a language model beside transformers and llama.cpp, or a step of GRPO beside plain PyTorch")
    .argument("<model>", "a folder in Hugging Face's format, or a GGUF file (llama.cpp takes only such)")
    .option("--grpo", "a step of GRPO (8 prompts, 4 responses each, full fine-tuning), also with ERA")
    .option("--batches <numbers>", "rows of text that grow at once, separated by commas", "1,16")
    .option("--prompt <number>", "tokens of each prompt; 128, for --grpo 64, if left out")
    .option("--tokens <number>", "new tokens of each row", "64")
    .option("--rounds <number>", "turns that each side gets", "5")
    .option("--threads <number>", "threads for every side", `${defaultThreads}`)
    .option("--no-setup", "do not install missing competitors")
    .option("--json", "print the result as one JSON object")
    .action(async (model: string, options: LanguageBenchOptions) => {
      const batches = options.batches.split(",").map((batch) => wholeNumber("--batches", batch, 1));
      const prompt = wholeNumber("--prompt", options.prompt ?? (options.grpo ? "64" : "128"), 1);
      const tokens = wholeNumber("--tokens", options.tokens, 2);
      const rounds = wholeNumber("--rounds", options.rounds, 1);
      const threads = wholeNumber("--threads", options.threads, 1);
      if (options.setup) setUpPeers({ javascript: false, llama: !options.grpo && model.endsWith(".gguf") });
      if (options.grpo) {
        const size = { prompts: 8, responses: 4, prompt, tokens, rows: 8, threads };
        const result = await benchGrpo(model, size, rounds, say);
        console.log(options.json ? JSON.stringify({ bench: "language-grpo", ...result }) : grpoTable(result));
        return;
      }
      const sizes = batches.map((batch) => ({ batch, prompt, tokens, threads }));
      const results = await benchGeneration(model, sizes, rounds, say);
      console.log(options.json ? JSON.stringify({ bench: "language", results }) : generationTable(results));
    });

  bench
    .command("memory")
    .description("resident memory of SAC with a full replay buffer, over many updates")
    .option("--env <id>", "environment", "Humanoid-v5")
    .option("--transitions <number>", "size of the buffer, which is filled first", "1000000")
    .option("--updates <number>", "updates, each after an environment step", "100000")
    .option("--hidden <numbers>", "widths of the hidden layers, separated by commas", "256,256")
    .option("--json", "print the result as one JSON object")
    .action(async (options: { env: string; transitions: string; updates: string; hidden: string; json?: boolean }) => {
      const hidden = options.hidden.split(",").map((width) => wholeNumber("--hidden", width, 1));
      const transitions = wholeNumber("--transitions", options.transitions, 1);
      const result = await benchMemory(
        options.env,
        transitions,
        wholeNumber("--updates", options.updates, 1),
        hidden,
        say,
      );
      console.log(options.json ? JSON.stringify({ bench: "memory", ...result }) : memoryTable(result));
    });

  bench
    .command("language-memory")
    .description(
      "peak memory of a policy update of a language model: all weights and LoRA, layers kept and computed again",
    )
    .option("--responses <number>", "rows of the batch", "4")
    .option("--length <number>", "tokens of each row", "256")
    .option("--layers <number>", "layers; all else has SmolLM2-135M's sizes", "30")
    .option("--rank <number>", "rank of the low-rank additions", "16")
    .option("--threads <number>", "threads inside an operation", String(defaultThreads))
    .option("--json", "print the result as one JSON object")
    .action((options: Record<"responses" | "length" | "layers" | "rank" | "threads", string> & { json?: boolean }) => {
      const number = (name: "responses" | "length" | "layers" | "rank" | "threads", least: number) =>
        wholeNumber(`--${name}`, options[name], least);
      const size = {
        responses: number("responses", 1),
        length: number("length", 2),
        layers: number("layers", 1),
        threads: number("threads", 1),
      };
      const steps = benchLanguageMemory(size, number("rank", 1), say);
      console.log(options.json ? JSON.stringify({ bench: "language-memory", steps }) : languageMemoryTable(steps));
    });
}

function names(text: string | undefined, allowed: readonly string[]): string[] {
  const list = text === undefined ? [] : text.split(",").map((name) => name.trim());
  const unknown = list.find((name) => !allowed.includes(name));
  if (unknown !== undefined) throw new UsageError(`${unknown} is not one of ${allowed.join(", ")}`);
  return list;
}
