/** What stands between the actor's outputs and its actions: the entropy methods that SAC can be run with. */
import {
  boundedGaussian,
  calibrate,
  deltaLoss,
  float32Margin,
  type GaussianSpec,
  type LocationScale,
  ndArray,
  referenceOps,
  resolveGaussian,
  tanhNormal,
  truncatedNormal,
} from "@era/activation";
import { add, clip, mul, split, type Tensor, tanh, tensorOps } from "@era/tensor";

/** The distribution of actions at each state of a batch, on [−1, 1] in every dimension. */
export interface Policy {
  /** Actions `[batch, D]` from noise of that shape, differentiable; `logProb()` is their log-density in nats `[batch, 1]`. */
  sample(noise: Tensor): { action: Tensor; logProb: () => Tensor };
  /** The action for evaluation `[batch, D]`. */
  mode(): Tensor;
  /** Differential entropy in nats `[batch, 1]`. */
  entropy(): Tensor;
  /** The normal that is bounded to [−1, 1], by truncation or by tanh: location and log deviation `[batch, D]`. */
  readonly normal: LocationScale<Tensor>;
}

/** A policy that also tells how likely actions are that it did not draw just now, as importance ratios need it. */
export interface DensityPolicy extends Policy {
  /** Log-density in nats `[batch, 1]` of given actions `[batch, D]`. */
  logProb(action: Tensor): Tensor;
}

export interface Head<P extends Policy = Policy> {
  /** What `sample` is fed: uniform on [0, 1) or standard normal. */
  readonly noise: "uniform" | "normal";
  /** The policy of the actor's raw outputs `[batch, 2·D]`, and of δ̂ `[1]` where the head learns it. */
  policy(raw: Tensor, delta?: Tensor): P;
  /** The entropy asked for and the lowest that any network can reach, in float32 too; both in nats over all dimensions; null: none is guaranteed. */
  readonly entropy: { readonly target: number | null; readonly floor: number | null };
  /** Where δ̂ is learned: its largest useful value in nats, and its loss `[batch, 1]` from the policy's entropy at each state. */
  readonly delta?: { readonly max: number; loss(delta: Tensor, entropy: Tensor): Tensor };
}

/** The means and raw log deviations of the actor's outputs. */
function halves(raw: Tensor): { mean: Tensor; logStd: Tensor } {
  const width = Number(raw.shape.at(-1)) / 2;
  const [mean, logStd] = split(raw, [width, width], -1) as [Tensor, Tensor];
  return { mean, logStd };
}

function truncatedPolicy(normal: LocationScale<Tensor>): DensityPolicy {
  const distribution = truncatedNormal(tensorOps, normal);
  return {
    normal,
    sample: (noise) => {
      const action = distribution.sample(noise);
      return { action, logProb: () => distribution.logProb(action) };
    },
    logProb: (action) => distribution.logProb(action),
    mode: () => distribution.mode(),
    entropy: () => distribution.entropy(),
  };
}

/** Actions tanh(x), x normal. */
export function squashedPolicy(normal: LocationScale<Tensor>): Policy {
  const distribution = tanhNormal(tensorOps, normal);
  return {
    normal,
    sample: (noise) => {
      const { action, logProb } = distribution.sample(noise);
      return { action, logProb: () => logProb };
    },
    mode: () => distribution.mode(),
    entropy: () => distribution.entropy(),
  };
}

/**
 * The entropy regularizing activation: a truncated normal whose log deviations share a fixed sum. Asked for the policy's own entropy, it keeps that in float32
 * too: the spec is calibrated with the margin for it.
 * @throws Error naming the feasible interval where no such policy has the entropy asked for
 */
export function eraHead(given: Omit<GaussianSpec, "kind">): Head<DensityPolicy> {
  const asked: GaussianSpec = { ...given, kind: "truncated" };
  const spec = asked.entropy.of === "policy" ? calibrate(asked, "float32") : asked;
  const gaussian = resolveGaussian(spec);
  return {
    noise: "uniform",
    policy: (raw, delta) => truncatedPolicy(boundedGaussian(tensorOps, gaussian, halves(raw), delta)),
    entropy: { target: asked.actionDim * asked.entropy.perDim, floor: gaussian.floor - float32Margin(spec) },
    ...(gaussian.learnsDelta && {
      delta: {
        max: gaussian.maxDelta,
        loss: (delta: Tensor, entropy: Tensor) => deltaLoss(tensorOps, gaussian, delta, entropy),
      },
    }),
  };
}

/** Bounds of log deviations that a head merely clamps. */
export interface LogStdBounds {
  readonly logStdMin: number;
  readonly logStdMax: number;
}

/** Each method's bounds of log σ: official SAC-ERA (policies.py), Haarnoja et al. 2018, TD-MPC2 (config.yaml). */
const ownBounds = { era: [-8, 0], clamped: [-8, 0], maxent: [-20, 2], baseline: [-10, 2] } as const;

/** Settings of an algorithm whose `--log-std-min` and `--log-std-max` may be left out. */
export interface LogStdSettings {
  readonly head: keyof typeof ownBounds;
  readonly logStdMin?: number | undefined;
  readonly logStdMax?: number | undefined;
}

/** The bounds of log σ: as set, else each method's own. */
export function logStdBounds({ head, logStdMin, logStdMax }: LogStdSettings): LogStdBounds {
  const [lowest, highest] = ownBounds[head];
  return { logStdMin: logStdMin ?? lowest, logStdMax: logStdMax ?? highest };
}

/** The arguments of a schema's `refine` that refuses bounds which leave nothing between them. */
export const logStdInOrder: [
  (settings: LogStdSettings) => boolean,
  { path: string[]; error: (issue: { input?: unknown }) => string },
] = [
  (settings) => {
    const { logStdMin, logStdMax } = logStdBounds(settings);
    return logStdMin < logStdMax;
  },
  {
    path: ["logStdMin"],
    error: ({ input }) => {
      const { logStdMin, logStdMax } = logStdBounds(input as LogStdSettings);
      return `the smallest log deviation, ${logStdMin}, must be below the largest, ${logStdMax}`;
    },
  },
];

/** Log deviations that approach the bounds smoothly: free numbers through tanh. */
export const smoothlyBounded = (free: Tensor, { logStdMin, logStdMax }: LogStdBounds): Tensor =>
  add(mul(add(tanh(free), 1), (logStdMax - logStdMin) / 2), logStdMin);

function checkBounds({ logStdMin, logStdMax }: LogStdBounds): void {
  if (!(logStdMin < logStdMax)) {
    throw new Error(`log σ: the smallest, ${logStdMin}, must be below the largest, ${logStdMax}`);
  }
}

/**
 * The same distribution with log deviations merely clamped: ERA's head without the activation.
 * @throws Error where the bounds leave nothing between them
 */
export function clampedHead(bounds: LogStdBounds): Head {
  checkBounds(bounds);
  const { logStdMin, logStdMax } = bounds;
  return {
    noise: "uniform",
    policy: (raw) => {
      const { mean, logStd } = halves(raw);
      return truncatedPolicy({ location: tensorOps.tanh(mean), logStd: clip(logStd, logStdMin, logStdMax) });
    },
    entropy: { target: null, floor: null },
  };
}

/**
 * The squashed Gaussian of maximum-entropy SAC (Haarnoja et al. 2018): its entropy is rewarded, not guaranteed.
 * @param settings.target entropy that the temperature is learned towards, in nats over all dimensions
 * @param settings.smooth log σ approaches its bounds by {@link smoothlyBounded}; left out: it is clipped
 * @throws Error where the bounds leave nothing between them, or no policy within them has that entropy: the temperature would
 *   grow without end
 */
export function maximumEntropyHead(
  settings: LogStdBounds & { actionDim: number; target: number; smooth?: boolean },
): Head {
  checkBounds(settings);
  const { actionDim, target, logStdMin, logStdMax } = settings;
  const highest = actionDim * highestTanhNormalEntropy(settings);
  if (!(target <= highest)) {
    throw new Error(
      `with log σ in [${logStdMin}, ${logStdMax}] the entropy of ${actionDim} squashed actions is at most ${Math.floor(highest * 1e4) / 1e4} nats`,
    );
  }
  return {
    noise: "normal",
    policy: (raw) => {
      const { mean, logStd } = halves(raw);
      const bounded = settings.smooth ? smoothlyBounded(logStd, settings) : clip(logStd, logStdMin, logStdMax);
      return squashedPolicy({ location: mean, logStd: bounded });
    },
    entropy: { target, floor: null },
  };
}

/** The largest entropy of one squashed dimension, in nats: its mean is then 0, and its deviation is looked for on a grid. */
function highestTanhNormalEntropy({ logStdMin, logStdMax }: LogStdBounds): number {
  const points = 512;
  const logStd = Float64Array.from(
    { length: points },
    (_, i) => logStdMin + ((logStdMax - logStdMin) * i) / (points - 1),
  );
  const shape = [points, 1];
  const location = ndArray(new Float64Array(points), shape);
  return Math.max(...tanhNormal(referenceOps, { location, logStd: ndArray(logStd, shape) }).entropy().data);
}
