/**
 * Log-probabilities and entropies of rows of hidden states, without all their logits at once: 4,096 rows of a vocabulary of 152k would take 2.5 GB for
 * each of the five or so intermediate values. The vocabulary goes through in parts, from each of which a few numbers a row are kept; the gradient
 * computes the logits of each part again. (By rows instead, each part would add to the gradient of the whole output matrix.)
 */
import { topKLogProb } from "@era/activation";
import {
  add,
  addAlong,
  after,
  and,
  concat,
  div,
  equal,
  exp,
  greaterEqual,
  less,
  log,
  logSumExp,
  matmul,
  max,
  maximum,
  minimum,
  mul,
  neg,
  reshape,
  ShapeError,
  slice,
  sub,
  sum,
  type Tensor,
  takeAlong,
  tensorOps,
  topK,
  unsqueeze,
  viewRows,
  where,
  withVjp,
} from "@era/tensor";

export interface VocabularyScoreOptions {
  /** Log-probabilities are over that many of the largest logits, −10⁴ for a target outside; 0: over all. */
  readonly topK: number;
  /** Factors on the logits before log-probabilities are taken of them: `of` gives each row's `[rows, 1]` from the entropies `[rows, 1]`, one of `values`. */
  readonly factor?: { readonly values: readonly number[]; readonly of: (entropy: Tensor) => Tensor };
  /** The most logits that are computed at once; default 4 million (16 MB), or a 64th of all where that is more. */
  readonly chunk?: number;
}

/** Of each row, `[rows]`, in nats. */
export interface VocabularyScores {
  readonly logProb: Tensor;
  readonly entropy: Tensor;
}

interface Part {
  readonly start: number;
  readonly end: number;
}

function parts(rows: number, vocabulary: number, chunk: number | undefined): Part[] {
  const most = chunk ?? Math.max(2 ** 22, (rows * vocabulary) / 64);
  const width = Math.max(1, Math.min(vocabulary, Math.floor(most / rows)));
  return Array.from({ length: Math.ceil(vocabulary / width) }, (_, i) => ({
    start: i * width,
    end: Math.min((i + 1) * width, vocabulary),
  }));
}

/**
 * The log-probability of each row's target under softmax(factor·hidden·matrixᵀ), and the entropy of softmax(hidden·matrixᵀ). Both are differentiable in
 * `hidden` and `matrix`.
 * @param hidden `[rows, width]`, divided by the temperature
 * @param matrix `[vocabulary, width]`
 * @param targets `[rows]` int64
 */
export function vocabularyScores(
  hidden: Tensor,
  matrix: Tensor,
  targets: Tensor,
  { topK: k, factor, chunk }: VocabularyScoreOptions,
): VocabularyScores {
  const [rows, width] = hidden.shape as readonly number[];
  const vocabulary = Number(matrix.shape[0]);
  if (rows === undefined || matrix.shape[1] !== width || targets.shape.join() !== String(rows)) {
    throw new ShapeError(
      `vocabularyScores: hidden [${hidden.shape}], matrix [${matrix.shape}] and targets [${targets.shape}] do not fit`,
    );
  }
  const all = parts(rows, vocabulary, chunk);
  const target = unsqueeze(targets, -1);
  const count = Math.min(k, vocabulary);
  const scales = k === 0 && factor ? factor.values.filter((value) => value !== 1) : [];

  const kept: PartSums[] = [];
  for (const part of all) {
    const previous = kept.at(-1);
    const logits = partLogits(previous ? after(hidden, valuesOf(previous)) : hidden, matrix, part);
    kept.push(partSums(logits, target, part, scales, count));
  }
  const peaks = concat(
    kept.map(({ peak }) => peak),
    -1,
  );
  const peak = max(peaks, -1, true);
  // Σ exp(f·(z − peak)) of all parts, each from its sum relative to its own peak.
  const total = (of: (sums: PartSums) => Tensor, scale: number) =>
    sum(mul(concat(kept.map(of), -1), exp(mul(sub(peaks, peak), scale))), -1, true);
  const mass = total((sums) => sums.mass, 1);
  const below = mul(
    sub(peaks, peak),
    concat(
      kept.map((sums) => sums.mass),
      -1,
    ),
  );
  const weighted = sum(
    mul(
      add(
        concat(
          kept.map((sums) => sums.weighted),
          -1,
        ),
        below,
      ),
      exp(sub(peaks, peak)),
    ),
    -1,
    true,
  );
  const logTotal = add(log(mass), peak);
  const entropy = sub(log(mass), div(weighted, mass));

  const factors = factor?.of(entropy);
  const logit = kept.map(({ target: own }) => own).reduce((a, b) => add(a, b));
  const scaled = (x: Tensor) => (factors ? mul(x, factors) : x);
  const top =
    k > 0
      ? topK(
          concat(
            kept.flatMap((sums) => sums.top ?? []),
            -1,
          ),
          count,
        ).values
      : undefined;
  const scaledTotal = top
    ? logSumExp(scaled(top), -1, true)
    : scales.reduce(
        (known, scale, i) =>
          where(
            equal(factors ?? logTotal, scale),
            add(log(total((sums) => sums.scaled[i] as Tensor, scale)), mul(peak, scale)),
            known,
          ),
        logTotal,
      );
  const least = top && slice(top, -1, count - 1, count);
  const logProb = top ? topKLogProb(tensorOps, scaled(top), scaled(logit), count) : sub(scaled(logit), scaledTotal);

  const values = [reshape(logProb, [rows]), reshape(entropy, [rows])];
  const [ownLogProb, ownEntropy] = withVjp(values, [hidden, matrix], ([byLogProb, byEntropy], wanted) => {
    const column = (g: Tensor | undefined) => g && unsqueeze(g, -1);
    // d logProb / dz = factor·(one at the target − softmax of the scaled logits), within the top; 0 for a target outside.
    const flowing = byLogProb && scaled(column(byLogProb) as Tensor);
    const rate = flowing && least ? where(less(logit, least), 0, flowing) : flowing;
    const byLogits = (logits: Tensor, part: Part): Tensor => {
      const terms: Tensor[] = [];
      if (byEntropy || (rate && !factors && !least)) {
        // d entropy / dz = −p·(log p + entropy), and where nothing is scaled, the same p is the softmax.
        const logP = sub(logits, logTotal);
        const slope = byEntropy && mul(add(logP, entropy), column(byEntropy) as Tensor);
        const own = !factors && !least ? rate : undefined;
        const weight = slope && own ? add(slope, own) : (slope ?? own);
        if (weight) terms.push(neg(mul(exp(logP), weight)));
      }
      if (rate && (factors || least)) {
        const q = exp(sub(scaled(logits), scaledTotal));
        terms.push(neg(mul(least ? where(greaterEqual(logits, least), q, 0) : q, rate)));
      }
      const dense = terms.reduce((a, b) => add(a, b));
      return rate ? addAlong(dense, indexIn(part, target), where(isIn(part, target), rate, 0)) : dense;
    };
    const given = [byLogProb, byEntropy].filter((g) => g !== undefined);
    let byHidden: Tensor | undefined;
    const byMatrix: Tensor[] = [];
    for (const part of all) {
      const late = after(hidden, [byHidden, byMatrix.at(-1)].filter((x) => x !== undefined).concat(given));
      const gradient = byLogits(partLogits(late, matrix, part), part);
      if (wanted[1]) byMatrix.push(matmul(gradient, hidden, { transposeA: true }));
      if (wanted[0]) {
        const own = matmul(gradient, viewRows(matrix, part.start, part.end));
        byHidden = byHidden ? add(byHidden, own) : own;
      }
    }
    const whole = wanted[1] ? concat(byMatrix) : undefined;
    return [byHidden && whole ? after(byHidden, [whole]) : byHidden, whole];
  });
  return { logProb: ownLogProb as Tensor, entropy: ownEntropy as Tensor };
}

/** Logits `[rows, end − start]` of a part of the vocabulary. */
const partLogits = (hidden: Tensor, matrix: Tensor, { start, end }: Part): Tensor =>
  matmul(hidden, viewRows(matrix, start, end), { transposeB: true });

/** What is kept of a part's logits z, `[rows, 1]` each. */
interface PartSums {
  readonly peak: Tensor;
  /** Σ exp(z − peak). */
  readonly mass: Tensor;
  /** Σ exp(z − peak)·(z − peak). */
  readonly weighted: Tensor;
  /** Σ exp(f·(z − peak)) for each further factor f. */
  readonly scaled: readonly Tensor[];
  /** The target's logit, 0 where it is in another part. */
  readonly target: Tensor;
  /** The largest logits `[rows, …]`. */
  readonly top: Tensor | undefined;
}

const valuesOf = ({ peak, mass, weighted, scaled, target, top }: PartSums): Tensor[] => [
  peak,
  mass,
  weighted,
  ...scaled,
  target,
  ...(top ? [top] : []),
];

function partSums(logits: Tensor, target: Tensor, part: Part, scales: readonly number[], count: number): PartSums {
  const peak = max(logits, -1, true);
  const shifted = sub(logits, peak);
  const weights = exp(shifted);
  return {
    peak,
    mass: sum(weights, -1, true),
    weighted: sum(mul(weights, shifted), -1, true),
    scaled: scales.map((scale) => sum(exp(mul(shifted, scale)), -1, true)),
    target: where(isIn(part, target), takeAlong(logits, indexIn(part, target)), 0),
    top: count > 0 ? topK(logits, Math.min(count, part.end - part.start)).values : undefined,
  };
}

const isIn = ({ start, end }: Part, target: Tensor): Tensor => and(greaterEqual(target, start), less(target, end));

/** The target's place in the part, or some place. */
const indexIn = ({ start, end }: Part, target: Tensor): Tensor =>
  minimum(maximum(sub(target, start), 0), end - start - 1);
