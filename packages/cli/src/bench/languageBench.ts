/** `era bench language`: text of a language model, and steps of GRPO, beside other libraries on the same weights. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FailureError, median } from "@era/lab";
import { type LanguageModel, readModel, writeModelFolder } from "@era/language";
import { Random } from "@era/tensor";
import { type Peer, type PeerCommand, startPeers } from "./peer.ts";
import { type GenerationSize, type GrpoSize, generationPeers, grpoPeers } from "./peers.ts";
import { short } from "./statistics.ts";

export interface LanguagePeerResult {
  readonly name: string;
  readonly version?: string;
  readonly compileSeconds?: number;
  /** Medians of the repetitions, in milliseconds, and of the processor time of all threads: of the first part and of the second. */
  readonly parts?: readonly [Part, Part];
  /** Largest difference of our numbers from this competitor's; see `checkGeneration` and `checkGrpo`. */
  readonly deviation?: number;
  /** Why there is nothing else. */
  readonly error?: string;
}

interface Part {
  readonly milliseconds: number;
  readonly cpuMilliseconds: number;
}

export interface LanguageBenchResult<Size> {
  readonly size: Size;
  readonly rounds: number;
  readonly results: readonly LanguagePeerResult[];
}

type Sizes = Omit<GenerationSize, "model">;

/**
 * Reading prompts and growing texts at each batch size, every side in turn in a process of its own.
 * @throws FailureError where transformers does not compute the same log-probabilities
 */
export async function benchGeneration(
  path: string,
  sizes: readonly Sizes[],
  rounds: number,
  log: (line: string) => void,
): Promise<LanguageBenchResult<Sizes>[]> {
  return withFolder(path, async (folder, model) => {
    const results: LanguageBenchResult<Sizes>[] = [];
    for (const size of sizes) {
      const commands = generationPeers({ ...size, model: folder }, path.endsWith(".gguf") ? path : undefined);
      const check = (ours: Peer, theirs: Peer) => checkGeneration(ours, theirs, model.config.vocabularySize, size);
      log(`batch ${size.batch}`);
      results.push({ size, rounds, results: await measure(commands, rounds, { transformers: check }, log) });
    }
    return results;
  });
}

/**
 * Steps of GRPO, rollout and update, one side after the other in a process of its own: with weights, gradients and moments of all sides at once, a
 * machine of 24 GB runs out of memory.
 * @throws FailureError where PyTorch does not compute the same loss and gradient
 */
export async function benchGrpo(
  path: string,
  size: Omit<GrpoSize, "model">,
  rounds: number,
  log: (line: string) => void,
): Promise<LanguageBenchResult<Omit<GrpoSize, "model">>> {
  return withFolder(path, async (folder, model) => {
    const request = grpoRequest(model.config.vocabularySize, size);
    const results: LanguagePeerResult[] = [];
    let own: GrpoAnswer | undefined;
    for (const command of grpoPeers({ ...size, model: folder })) {
      const { peers, failed } = await startPeers([command], log);
      results.push(...failed);
      try {
        for (const peer of peers) {
          const answer = (await peer.check(request)) as unknown as GrpoAnswer;
          // ERA's loss is another; the first side is ours without it.
          const deviation = own && peer.name === "torch" ? required(deviationOf(own, answer), peer.name) : undefined;
          own ??= answer;
          const times = new PartTimes();
          for (let round = 0; round < rounds; round++) {
            log(`${peer.name}: round ${round + 1} of ${rounds}`);
            await times.take(peer);
          }
          results.push(resultOf(peer, times, deviation));
        }
      } finally {
        for (const peer of peers) peer.stop();
      }
    }
    return { size, rounds, results };
  });
}

/** The model as a folder that every side reads, deleted afterwards. */
async function withFolder<T>(path: string, work: (folder: string, model: LanguageModel) => Promise<T>): Promise<T> {
  const model = await readModel(path);
  const folder = mkdtempSync(join(tmpdir(), "era-bench-language-"));
  try {
    writeModelFolder(folder, model, { files: model.tokenizer.files });
    return await work(folder, model);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Turns of one repetition each. The first command is ours; checks are by the names of those that it is compared with. */
async function measure(
  commands: readonly PeerCommand[],
  rounds: number,
  checks: Readonly<Record<string, (ours: Peer, theirs: Peer) => Promise<number>>>,
  log: (line: string) => void,
): Promise<LanguagePeerResult[]> {
  const { peers, failed } = await startPeers(commands, log);
  try {
    const [ours] = peers;
    if (ours?.name !== "era") throw new FailureError(failed[0]?.error ?? "era did not start");
    const deviations = new Map<string, number>();
    for (const peer of peers) {
      const check = checks[peer.name];
      if (check) deviations.set(peer.name, await check(ours, peer));
    }
    const times = new Map(peers.map((peer) => [peer, new PartTimes()]));
    for (let round = 0; round < rounds; round++) {
      log(`round ${round + 1} of ${rounds}`);
      for (const [peer, own] of times) await own.take(peer);
    }
    const measured = [...times].map(([peer, own]) => resultOf(peer, own, deviations.get(peer.name)));
    return [...measured, ...failed];
  } finally {
    for (const peer of peers) peer.stop();
  }
}

function resultOf({ name, ready }: Peer, times: PartTimes, deviation: number | undefined): LanguagePeerResult {
  const { version, compileSeconds } = ready;
  return {
    name,
    version,
    ...(compileSeconds !== undefined && { compileSeconds }),
    parts: times.medians,
    ...(deviation !== undefined && { deviation }),
  };
}

/** Times of a side's two parts. */
class PartTimes {
  readonly #first = new Times();
  readonly #second = new Times();

  /** Those of one repetition. */
  async take(peer: Peer): Promise<void> {
    const turn = await peer.turn(1);
    const [wall = Number.NaN, cpu = Number.NaN] = [turn.milliseconds[0], turn.cpuMilliseconds?.[0]];
    const [firstWall = Number.NaN, firstCpu = Number.NaN] = [
      turn.firstPartMilliseconds?.[0],
      turn.firstPartCpuMilliseconds?.[0],
    ];
    this.#first.add(firstWall, firstCpu);
    this.#second.add(wall - firstWall, cpu - firstCpu);
  }

  get medians(): readonly [Part, Part] {
    return [this.#first.medians, this.#second.medians];
  }
}

/** Times of one part. */
class Times {
  readonly #wall: number[] = [];
  readonly #cpu: number[] = [];

  add(wall: number, cpu: number): void {
    this.#wall.push(wall);
    this.#cpu.push(cpu);
  }

  get medians(): Part {
    return { milliseconds: median(this.#wall), cpuMilliseconds: median(this.#cpu) };
  }
}

const rowsOf = (random: Random, count: number, length: number, vocabularySize: number): number[][] =>
  Array.from({ length: count }, () => Array.from({ length }, () => random.integer(vocabularySize)));

/** What log-probabilities (nats), or a loss and a gradient's norm (relative), may differ by. */
const largestDeviation = 2e-3;

/** The largest difference of log-probabilities of greedy texts, as long as both take the same tokens. */
async function checkGeneration(ours: Peer, theirs: Peer, vocabularySize: number, { batch, prompt }: Sizes) {
  const request = { prompts: rowsOf(new Random(7), batch, prompt, vocabularySize), tokens: 8 };
  type Answer = { readonly tokens: number[][]; readonly logProbabilities: number[][] };
  const [own, other] = [await ours.check(request), await theirs.check(request)] as unknown as [Answer, Answer];
  let deviation = 0;
  own.tokens.forEach((tokens, row) => {
    for (const [at, token] of tokens.entries()) {
      const [a, b] = [own.logProbabilities[row]?.[at] ?? Number.NaN, other.logProbabilities[row]?.[at] ?? Number.NaN];
      deviation = Math.max(deviation, Math.abs(a - b));
      // Two tokens may be equally likely up to rounding; from there on the texts differ.
      if (token !== other.tokens[row]?.[at]) break;
    }
  });
  return required(deviation, theirs.name);
}

interface GrpoAnswer {
  readonly loss: number;
  readonly gradientNorm: number;
}

/** Rows whose loss and gradient every side computes. */
function grpoRequest(vocabularySize: number, { rows, prompt, tokens }: Omit<GrpoSize, "model">) {
  const random = new Random(7);
  return {
    tokens: rowsOf(random, rows, prompt + tokens, vocabularySize),
    start: prompt,
    advantages: Array.from({ length: rows }, () => random.uniform(-1, 1)),
  };
}

/** The relative difference of the gradient's norm or the difference of the loss, whichever is larger. */
const deviationOf = (own: GrpoAnswer, other: GrpoAnswer): number =>
  Math.max(Math.abs(own.loss - other.loss), Math.abs(own.gradientNorm / other.gradientNorm - 1));

function required(deviation: number, name: string): number {
  if (deviation <= largestDeviation) return deviation;
  throw new FailureError(`${name} computes something else on the same weights: it differs by ${deviation}`);
}

/** Tokens per second of reading and growing, as Markdown. */
export function generationTable(results: readonly LanguageBenchResult<Sizes>[]): string {
  return results
    .map(({ size: { batch, prompt, tokens, threads }, results }) => {
      const rate = (count: number, part: Part | undefined) => (1000 * count) / (part?.milliseconds ?? Number.NaN);
      const cpu = (count: number, part: Part | undefined) => (part?.cpuMilliseconds ?? Number.NaN) / count;
      const [ours] = results;
      const counts = [batch * prompt, batch * (tokens - 1)] as const;
      const row = ({ name, version, parts, error }: LanguagePeerResult) => {
        if (!parts) return `| ${name} | ${error} | | | |`;
        const cells = parts.flatMap((part, i) => {
          const count = counts[i] ?? 0;
          const own = ours?.parts?.[i];
          return [
            `${short(rate(count, part))} (${short(cpu(count, part))} ms)`,
            short(rate(count, own) / rate(count, part)),
          ];
        });
        return `| ${name} (${version}) | ${cells.join(" | ")} |`;
      };
      return [
        `Batch ${batch}, prompts of ${prompt} tokens, ${tokens} new ones, ${threads} threads; tokens/s (processor time a token)`,
        ``,
        `| | reading | ours ÷ theirs | growing | ours ÷ theirs |`,
        `| --- | ---: | ---: | ---: | ---: |`,
        ...results.map(row),
      ].join("\n");
    })
    .join("\n\n");
}

/** Seconds of rollout and update, as Markdown. */
export function grpoTable({ size, results }: LanguageBenchResult<Omit<GrpoSize, "model">>): string {
  const { prompts, responses, prompt, tokens, rows, threads } = size;
  const [ours] = results;
  const whole = (parts: LanguagePeerResult["parts"], of: keyof Part) =>
    (parts?.[0][of] ?? Number.NaN) + (parts?.[1][of] ?? Number.NaN);
  const seconds = (part: Part) => `${short(part.milliseconds / 1000)} (${short(part.cpuMilliseconds / 1000)})`;
  return [
    `One step of GRPO: ${prompts} prompts of ${prompt} tokens, ${responses} responses of ${tokens} tokens each, ${rows} rows at once, ${threads} threads; seconds (processor time)`,
    ``,
    `| | rollout | update | whole | whole ÷ ours |`,
    `| --- | ---: | ---: | ---: | ---: |`,
    ...results.map(({ name, version, parts, error }) =>
      parts
        ? `| ${name} (${version}) | ${parts.map(seconds).join(" | ")} | ${short(whole(parts, "milliseconds") / 1000)} (${short(whole(parts, "cpuMilliseconds") / 1000)}) | ${short(whole(parts, "milliseconds") / whole(ours?.parts, "milliseconds"))} |`
        : `| ${name} | ${error} | | | |`,
    ),
  ].join("\n");
}
