/** Evaluations by the hundred million: float32 activations of specs calibrated for float32, whose exact entropies must keep what was asked. */
import { calibrate, type GaussianSpec } from "@era/activation";
import { compile, input, type Tensor } from "@era/tensor";
import { type Claim, gaussianClaim, softmaxClaim } from "./claim.ts";
import { Scatter } from "./random.ts";
import { scatterRows } from "./starts.ts";

export interface ThoroughResult {
  readonly family: Claim["family"];
  readonly name: string;
  readonly size: number;
  /** What was asked of `calibrate(spec, "float32")`: no evaluation may be below it. */
  readonly asked: number;
  /** The smallest exact entropy of any evaluation, less what was asked, in nats. */
  readonly lowest: number;
  /** Evaluations of the activation, and those below what was asked. */
  readonly evaluations: number;
  readonly below: number;
}

export interface ThoroughCase {
  readonly claim: Claim;
  readonly asked: number;
  readonly evaluations: number;
}

/** The cases and their shares of the evaluations; all together at least `total`. */
export function thoroughCases(total: number): ThoroughCase[] {
  const gaussian = (actionDim: number, perDim: number, share: number): ThoroughCase => {
    const spec: GaussianSpec = { kind: "truncated", actionDim, entropy: { perDim, of: "policy" } };
    const claim = gaussianClaim(`${perDim} per dim of the policy, calibrated for float32`, calibrate(spec, "float32"));
    return { claim, asked: actionDim * perDim, evaluations: Math.ceil(share * total) };
  };
  const squashed = (actionDim: number, perDim: number, share: number): ThoroughCase => {
    const spec: GaussianSpec = { kind: "squashed", actionDim, meanBound: 1, entropy: { perDim, of: "policy" } };
    const claim = gaussianClaim(`${perDim} per dim of the policy, calibrated for float32`, calibrate(spec, "float32"));
    return { claim, asked: actionDim * perDim, evaluations: Math.ceil(share * total) };
  };
  const softmax = (classes: number, entropy: number, inverse: "lambert" | "paper", share: number): ThoroughCase => {
    const spec = { kind: "softmax", classes, entropy, inverse } as const;
    const claim = softmaxClaim(
      `${entropy} nat, ${inverse} inverse, calibrated for float32`,
      calibrate(spec, "float32"),
    );
    return { claim, asked: entropy, evaluations: Math.ceil(share * total) };
  };
  return [
    gaussian(1, 0.25, 0.2),
    gaussian(2, -2, 0.15),
    gaussian(6, 0.25, 0.08),
    gaussian(19, 0.25, 0.01),
    gaussian(61, -2, 0.002),
    squashed(2, -1.2, 0.01),
    softmax(2, 0.3, "lambert", 0.25),
    softmax(2, 0.3, "paper", 0.1),
    softmax(10, 0.6, "lambert", 0.12),
    softmax(10, 0.6, "paper", 0.07),
    softmax(100, 1, "lambert", 0.01),
    softmax(1000, 0.6, "lambert", 0.001),
    softmax(50257, 2, "lambert", 0.00002),
  ];
}

/** Elements of one program run: large enough for two threads to share, small enough for the caches. */
const BATCH_ELEMENTS = 1 << 16;

/** Evaluates one case. `onRows` hears how many evaluations each run has added. */
export async function evaluateThoroughly(
  { claim, asked, evaluations }: ThoroughCase,
  seed: number,
  onRows: (rows: number) => void,
): Promise<ThoroughResult> {
  const rows = Math.max(4, Math.floor(BATCH_ELEMENTS / claim.size));
  const inputs = Object.entries(claim.inputs);
  const raw: Record<string, Tensor> = {};
  for (const [name, width] of inputs) raw[name] = input(name, [rows, width]);
  const program = await compile({ outputs: { quantity: claim.quantity(raw) } });
  const random = new Scatter(seed);
  const feeds = Object.fromEntries(inputs.map(([name, width]) => [name, new Float32Array(rows * width)]));
  let [lowest, below, done] = [Number.POSITIVE_INFINITY, 0, 0];
  try {
    for (; done < evaluations; done += rows) {
      for (const [name, width] of inputs) scatterRows(name, feeds[name] ?? new Float32Array(), width, random);
      const { quantity } = await program.run(feeds);
      for (const value of quantity as Float64Array) {
        const surplus = value - asked;
        // Written so that a NaN counts as below.
        if (!(surplus >= -claim.slack.float64)) below++;
        if (!(surplus >= lowest)) lowest = surplus;
      }
      onRows(rows);
    }
  } finally {
    await program.dispose();
  }
  const { family, name, size } = claim;
  return { family, name, size, asked, lowest, evaluations: done, below };
}
