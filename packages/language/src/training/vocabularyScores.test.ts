/** Scores in parts of the vocabulary against the plain expressions, and their gradients against finite differences. */
import { topKLogProb } from "@era/activation";
import {
  add,
  compile,
  exp,
  grad,
  input,
  less,
  logSoftmax,
  matmul,
  mul,
  neg,
  pick,
  Random,
  reshape,
  sum,
  type Tensor,
  tensorOps,
  unsqueeze,
  where,
} from "@era/tensor";
import { describe, expect, it } from "vitest";
import { type VocabularyScoreOptions, type VocabularyScores, vocabularyScores } from "./vocabularyScores.ts";

const [rows, width, vocabulary] = [6, 5, 23];
const hidden = input("hidden", [rows, width]);
const matrix = input("matrix", [vocabulary, width]);
const targets = input("targets", [rows], "int64");

const random = new Random(7);
const normal = (size: number, scale: number) => random.fillNormal(new Float32Array(size)).map((x) => x * scale);
const feeds = {
  hidden: normal(rows * width, 1),
  matrix: normal(vocabulary * width, 1),
  targets: BigInt64Array.from([0, 22, 7, 8, 15, 3], BigInt),
};

/** Sharpens rows of low entropy, flattens those of high. */
const factor = {
  values: [0.5, 1, 2],
  of: (entropy: Tensor) => where(less(entropy, 1.7), 2, where(less(entropy, 2), 1, 0.5)),
};

function plainScores({ topK, factor: scaling }: VocabularyScoreOptions): VocabularyScores {
  const logits = matmul(hidden, matrix, { transposeB: true });
  const logP = logSoftmax(logits);
  const entropy = neg(sum(mul(exp(logP), logP), -1));
  const scaled = scaling ? mul(logits, scaling.of(unsqueeze(entropy, -1))) : logits;
  const own = unsqueeze(pick(scaled, targets), -1);
  const logProb =
    topK > 0 ? reshape(topKLogProb(tensorOps, scaled, own, topK), [rows]) : pick(logSoftmax(scaled), targets);
  return { logProb, entropy };
}

/** A loss in which each row and either score weighs otherwise. */
function lossOf({ logProb, entropy }: VocabularyScores, weights: readonly [logProb: number, entropy: number]): Tensor {
  const rowWeights = input("weights", [rows]);
  const [first, second] = [mul(logProb, weights[0]), mul(entropy, weights[1])];
  return sum(mul(weights[1] === 0 ? first : weights[0] === 0 ? second : add(first, second), rowWeights));
}
const weights = Float32Array.of(0.7, -1.2, 0.4, 1.5, -0.3, 0.9);

async function run(scores: VocabularyScores, of: readonly [number, number]) {
  const [byHidden, byMatrix] = grad(lossOf(scores, of), [hidden, matrix]);
  const outputs = { ...scores, byHidden: byHidden as Tensor, byMatrix: byMatrix as Tensor };
  const program = await compile({ outputs });
  const results = await program.run({ ...feeds, weights });
  await program.dispose();
  return results;
}

const cases: readonly [string, VocabularyScoreOptions][] = [
  ["the whole vocabulary", { topK: 0 }],
  ["the largest four logits", { topK: 4 }],
  ["scaled logits", { topK: 0, factor }],
  ["the largest four of scaled logits", { topK: 4, factor }],
];

describe.each(cases)("scores of %s", (_name, options) => {
  it.each([1000, 30, 6])("are those of the plain expressions, with their gradients, in parts of %i", async (chunk) => {
    const rates =
      chunk === 30
        ? ([
            [1, 0.3],
            [1, 0],
            [0, 1],
          ] as const)
        : ([[1, 0.3]] as const);
    for (const of of rates) {
      const expected = await run(plainScores(options), of);
      const actual = await run(vocabularyScores(hidden, matrix, targets, { ...options, chunk }), of);
      for (const name of ["logProb", "entropy", "byHidden", "byMatrix"] as const) {
        const [a, b] = [Array.from(actual[name], Number), Array.from(expected[name], Number)];
        for (const [i, value] of b.entries()) {
          expect(Math.abs((a[i] ?? Number.NaN) - value), `${name}[${i}] for ${of}`).toBeLessThan(
            2e-5 * (1 + Math.abs(value)),
          );
        }
      }
    }
  });
});

describe("vocabularyScores", () => {
  it("covers all three factors, and targets inside and outside of the top, in these tests", async () => {
    const scores = plainScores({ topK: 4 });
    const program = await compile({ outputs: { ...scores, factor: factor.of(scores.entropy) } });
    const { factor: factors, logProb } = await program.run(feeds);
    await program.dispose();
    expect(new Set(Array.from(factors, Number))).toEqual(new Set([0.5, 1, 2]));
    const outside = Array.from(logProb, Number).filter((value) => value < -9999).length;
    expect(outside).toBeGreaterThan(0);
    expect(outside).toBeLessThan(rows);
  });

  it("has the derivatives that differences show", async () => {
    const scores = vocabularyScores(hidden, matrix, targets, { topK: 0, factor, chunk: 30 });
    const loss = lossOf(scores, [1, 0.5]);
    const [byHidden, byMatrix] = grad(loss, [hidden, matrix]);
    const program = await compile({ outputs: { loss, hidden_: byHidden as Tensor, matrix_: byMatrix as Tensor } });
    const direction = { hidden: normal(rows * width, 1), matrix: normal(vocabulary * width, 0.3) };
    const at = async (step: number) => {
      const moved = (name: "hidden" | "matrix") => feeds[name].map((x, i) => x + step * (direction[name][i] ?? 0));
      return program.run({ ...feeds, hidden: moved("hidden"), matrix: moved("matrix"), weights });
    };
    const here = await at(0);
    const product = (name: "hidden" | "matrix") =>
      Array.from(here[`${name}_`], Number).reduce((total, g, i) => total + g * (direction[name][i] ?? 0), 0);
    const slope = product("hidden") + product("matrix");
    const [more, fewer] = [await at(1e-2), await at(-1e-2)];
    await program.dispose();
    expect(Math.abs((Number(more.loss[0]) - Number(fewer.loss[0])) / 2e-2 / slope - 1)).toBeLessThan(2e-3);
  });

  it("refuses shapes that do not fit", () => {
    expect(() => vocabularyScores(hidden, input("m", [vocabulary, 4]), targets, { topK: 0 })).toThrow(/do not fit/);
  });
});
