import { type GaussianSpec, resolveGaussian } from "@era/activation";
import { compile, Random } from "@era/tensor";
import { describe, expect, it } from "vitest";
import { eraHead } from "./heads.ts";
import { initialActor, initialCritics } from "./networks.ts";
import { sacConfigSchema, sacGraph } from "./sac.ts";

const sizes = { observationSize: 3, actionSize: 2, hidden: [16] };
const batchSize = 8;

/** Updates of SAC with a learned δ on random batches; what was logged at each. */
async function train(perDim: number, updates: number) {
  const spec: Omit<GaussianSpec, "kind"> = { actionDim: 2, entropy: { perDim, of: "gaussian" }, delta: "learned" };
  const random = new Random(1);
  const graph = sacGraph(
    sizes,
    eraHead(spec),
    {
      batchSize,
      discount: 0.9,
      tau: 0.01,
      actorLearningRate: 1e-3,
      criticLearningRate: 1e-3,
      criticWeightDecay: 0,
      deltaLearningRate: 0.05,
    },
    { actor: initialActor(random, sizes), critics: initialCritics(random, sizes) },
  );
  const update = await compile(graph.update, { threads: 1 });
  const act = await compile(graph.act, { threads: 1 });
  const uniform = (length: number) => random.fillUniform(new Float32Array(length));
  const observation = uniform(3);
  const rows: { delta: number; entropy: number }[] = [];
  for (let i = 0; i < updates; i++) {
    const outputs = await update.run({
      observations: Float32Array.from({ length: batchSize * 3 }, (_, j) => observation[j % 3] ?? 0),
      actions: uniform(batchSize * 2),
      rewards: uniform(batchSize),
      masks: new Float32Array(batchSize).fill(1),
      nextObservations: uniform(batchSize * 3),
      noise: uniform(batchSize * 2),
      nextNoise: uniform(batchSize * 2),
    });
    const { entropy } = await act.run({ observation, noise: uniform(2) });
    rows.push({ delta: Number(outputs["train/delta"]?.[0]), entropy: Number(entropy[0]) });
  }
  await update.dispose();
  await act.dispose();
  return { rows, gaussian: resolveGaussian({ ...spec, kind: "truncated" }) };
}

describe("SAC with a learned δ", () => {
  it("raises δ until the acting policy has the entropy that was asked of its Gaussian", async () => {
    const { rows, gaussian } = await train(0.25, 150);
    const [first, last] = [rows[0], rows.at(-1)];
    expect(first?.delta).toBeCloseTo(0.05, 3);
    expect(first?.entropy).toBeLessThan(gaussian.target - 0.01);
    expect(Math.abs((last?.entropy ?? Number.NaN) - gaussian.target)).toBeLessThan(0.05);
    expect(last?.delta).toBeGreaterThan(first?.delta ?? Number.NaN);
  });

  it("keeps δ within the range where it has an effect", async () => {
    // 1.3 nat a dimension are more than any bounded policy has: δ rises to its end and stays there.
    const { rows, gaussian } = await train(1.3, 20);
    expect(rows.at(-1)?.delta).toBeCloseTo(gaussian.maxDelta, 5);
    for (const { delta } of rows) expect(delta).toBeLessThanOrEqual(Math.fround(gaussian.maxDelta));
  });

  it("belongs to ERA of the Gaussian alone, and is constant or learned", () => {
    const problem = (config: object) => sacConfigSchema.safeParse(config).error?.issues[0]?.message;
    expect(problem({ learnDelta: true })).toBeUndefined();
    expect(problem({ delta: 2 })).toBeUndefined();
    expect(problem({ learnDelta: true, entropyOf: "policy" })).toMatch(/--entropy-of policy solves for δ itself/);
    expect(problem({ delta: 1, head: "maxent" })).toMatch(/belong to --head era/);
    expect(problem({ delta: 1, learnDelta: true })).toMatch(/not both/);
  });
});
