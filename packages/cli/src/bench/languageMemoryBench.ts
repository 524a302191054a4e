/** `era bench language-memory`: peak memory and time of a policy update of a language model, of all weights and of low-rank additions. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { FailureError } from "@era/lab";
import {
  type DecoderConfig,
  entropyMethod,
  entropyMethodSchema,
  initialLora,
  loraParameters,
  methodScoring,
  parameterShapes,
  parseConfig,
  policyLoss,
  tokenScores,
} from "@era/language";
import {
  adam,
  clipByGlobalNorm,
  compile,
  flatGradient,
  globalNorm,
  input,
  type NamedArray,
  Random,
  State,
  sizeOf,
} from "@era/tensor";

/** SmolLM2-135M's `config.json`, as far as shapes depend on it. The numbers in its weights do not matter here. */
const smolLm2 = {
  model_type: "llama",
  vocab_size: 49152,
  hidden_size: 576,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  intermediate_size: 1536,
  max_position_embeddings: 8192,
  rms_norm_eps: 1e-5,
  rope_theta: 100_000,
  tie_word_embeddings: true,
};

export interface LanguageStepSize {
  readonly responses: number;
  /** Tokens of each row, prompt and response. */
  readonly length: number;
  readonly layers: number;
  /** Of the low-rank additions; 0: all weights are trained. */
  readonly rank: number;
  readonly checkpoint: boolean;
  /** All logits at once. */
  readonly whole: boolean;
  readonly threads: number;
}

export interface LanguageStep extends LanguageStepSize {
  readonly peakMebibytes: number;
  /** Of them before the update was compiled: weights and Node. */
  readonly startMebibytes: number;
  /** CPU seconds of compiling, and of the second update. */
  readonly compileSeconds: number;
  readonly updateSeconds: number;
  readonly nodes: number;
}

const peak = (): number => Math.round(process.resourceUsage().maxRSS / 1024);

const cpuSeconds = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
  const start = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(start);
  return [value, (user + system) / 1e6];
};

/** Weights that are views of one array, so that before the state copies them there is no copy of the whole model that would count. */
function someWeights(config: DecoderConfig, random: Random): Record<string, NamedArray> {
  const shapes = Object.entries(parameterShapes(config));
  const numbers = random.fillUniform(new Float32Array(Math.max(...shapes.map(([, shape]) => sizeOf(shape)))));
  for (let i = 0; i < numbers.length; i++) numbers[i] = 0.07 * ((numbers[i] ?? 0) - 0.5);
  return Object.fromEntries(
    shapes.map(([name, shape]): [string, NamedArray] => {
      const data = shape.length === 1 ? new Float32Array(sizeOf(shape)).fill(1) : numbers.subarray(0, sizeOf(shape));
      return [name, { shape, dtype: "float32", data }];
    }),
  );
}

/** Two updates by GRPO's loss with ERA and AdamW, compiled as `era train grpo` compiles its own, in this process, whose peak of memory is then theirs. */
export async function measureLanguageStep(size: LanguageStepSize): Promise<LanguageStep> {
  const { responses, length, layers, rank, checkpoint, whole, threads } = size;
  const config = parseConfig({ ...smolLm2, num_hidden_layers: layers });
  const state = new State();
  const random = new Random(1);
  const base = (rank > 0 ? new State() : state).parameters("model", someWeights(config, random));
  const lora = { rank, alpha: 2 * rank };
  const trained = rank > 0 ? state.parameters("lora", initialLora(config, random, lora)) : base;
  const parameters = rank > 0 ? loraParameters(config, base.tensors, trained.tensors, lora) : base.tensors;

  const shape = [responses, length - 1];
  const tokens = input("tokens", [responses, length], "int64");
  const batch = { responseMask: input("responseMask", shape), advantages: input("advantages", shape) };
  const method = entropyMethod(entropyMethodSchema.parse({}));
  const scores = tokenScores(config, parameters, tokens, undefined, {
    ...methodScoring(method, batch),
    checkpoint,
    ...(whole && { chunk: responses * length * config.vocabularySize }),
  });
  const { loss } = policyLoss(method, { ...scores, ...batch });
  const gradient = flatGradient(loss, trained);
  const gradientNorm = globalNorm(gradient);
  const { updates } = adam({ state, name: "optimizer" }, trained.flat, clipByGlobalNorm(gradient, 1), {
    learningRate: 1e-6,
  });

  const startMebibytes = peak();
  const outputs = { loss, gradientNorm };
  const [program, compileSeconds] = await cpuSeconds(() =>
    compile({ outputs, updates }, { threads, memoryPattern: false }),
  );
  const feeds = {
    tokens: BigInt64Array.from({ length: responses * length }, () => BigInt(random.integer(config.vocabularySize))),
    responseMask: new Float32Array(responses * (length - 1)).fill(1),
    advantages: Float32Array.from({ length: responses * (length - 1) }, (_, i) => (i < length - 1 ? 1 : -1)),
  };
  await program.run(feeds);
  const [, updateSeconds] = await cpuSeconds(() => program.run(feeds));
  const nodes = program.nodeCount;
  await program.dispose();
  return { ...size, peakMebibytes: peak(), startMebibytes, compileSeconds, updateSeconds, nodes };
}

/** Each case in a process of its own: all weights and low-rank additions, with and without gradient checkpointing. */
export function benchLanguageMemory(
  size: Pick<LanguageStepSize, "responses" | "length" | "layers" | "threads">,
  rank: number,
  log: (line: string) => void,
): LanguageStep[] {
  const cases = [0, rank].flatMap((own) => [
    { rank: own, checkpoint: false, whole: true },
    { rank: own, checkpoint: false, whole: false },
    { rank: own, checkpoint: true, whole: false },
  ]);
  const main = fileURLToPath(new URL("./languageMemoryMain.js", import.meta.url));
  return cases.map((own) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, JSON.stringify({ ...size, ...own })], {
      encoding: "utf8",
    });
    if (status !== 0) throw new FailureError(`language-memory: a case failed: ${stderr.trim().split("\n").at(-1)}`);
    const result = JSON.parse(stdout) as LanguageStep;
    log(`${caseName(result)}: ${result.peakMebibytes} MiB, ${result.updateSeconds.toFixed(1)} s`);
    return result;
  });
}

const caseName = ({ rank, checkpoint, whole }: LanguageStep): string =>
  [
    rank > 0 ? `LoRA of rank ${rank}` : "all weights",
    ...(whole ? ["all logits at once"] : []),
    ...(checkpoint ? ["layers computed again"] : []),
  ].join(", ");

export function languageMemoryTable(steps: readonly LanguageStep[]): string {
  const [first] = steps;
  return [
    `An update of SmolLM2-135M's shapes (${first?.layers} layers) by ${first?.responses} responses of ${first?.length} tokens: GRPO with ERA, AdamW`,
    ``,
    `| trained | peak MiB | of them at the start | update, CPU s | compile, CPU s | nodes |`,
    `| :--- | ---: | ---: | ---: | ---: | ---: |`,
    ...steps.map(
      (step) =>
        `| ${caseName(step)} | ${step.peakMebibytes} | ${step.startMebibytes} | ${step.updateSeconds.toFixed(1)} | ${step.compileSeconds.toFixed(1)} | ${step.nodes} |`,
    ),
  ].join("\n");
}
