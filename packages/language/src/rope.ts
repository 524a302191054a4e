/**
 * Rotary position embedding (Su et al. 2021, arXiv 2104.09864): the pairs of a head's numbers are rotated by the position times a frequency
 * each. The scalings of the frequencies are those of transformers' `modeling_rope_utils.py`.
 */

/** How the frequencies are stretched for contexts longer than the model was first trained on. */
export type RopeScaling =
  | { readonly type: "default" }
  /** All frequencies divided by the factor. */
  | { readonly type: "linear"; readonly factor: number }
  /** Llama 3.1: long wavelengths divided by the factor, short ones kept, those between interpolated. */
  | {
      readonly type: "llama3";
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalLength: number;
    }
  /** YaRN (Peng et al. 2023, arXiv 2309.00071): as llama3, by the number of rotations, with the attention's logits scaled too. */
  | {
      readonly type: "yarn";
      readonly factor: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly originalLength: number;
      /** What cosines and sines are multiplied by; by default 0.1·ln(factor) + 1. */
      readonly attentionFactor?: number;
    };

export interface Rope {
  readonly theta: number;
  readonly scaling: RopeScaling;
}

/** The angle per position of each pair of a head of `width` numbers, in radians: `[width / 2]`. */
export function ropeFrequencies({ theta, scaling }: Rope, width: number): Float64Array {
  const pairs = width / 2;
  const plain = Float64Array.from({ length: pairs }, (_, i) => theta ** (-i / pairs));
  switch (scaling.type) {
    case "default":
      return plain;
    case "linear":
      return plain.map((frequency) => frequency / scaling.factor);
    case "llama3": {
      const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalLength } = scaling;
      return plain.map((frequency) => {
        const rotations = (originalLength * frequency) / (2 * Math.PI);
        const kept = Math.min(1, Math.max(0, (rotations - low) / (high - low)));
        return frequency * (kept + (1 - kept) / factor);
      });
    }
    case "yarn": {
      const { factor, betaFast, betaSlow, originalLength } = scaling;
      // The (fractional) pair that makes so many rotations within the original context.
      const pairOf = (rotations: number) =>
        (pairs * Math.log(originalLength / (rotations * 2 * Math.PI))) / Math.log(theta);
      const first = Math.max(Math.floor(pairOf(betaFast)), 0);
      const last = Math.min(Math.ceil(pairOf(betaSlow)), width - 1);
      const span = last === first ? 0.001 : last - first;
      return plain.map((frequency, i) => {
        const stretched = Math.min(1, Math.max(0, (i - first) / span));
        return frequency * (1 - stretched + stretched / factor);
      });
    }
  }
}

/** Cosines and sines of positions 0 to `length` − 1, each row-major `[length, width / 2]`. */
export function ropeTables(rope: Rope, width: number, length: number): { cos: Float32Array; sin: Float32Array } {
  const frequencies = ropeFrequencies(rope, width);
  const { scaling } = rope;
  const scale = scaling.type === "yarn" ? (scaling.attentionFactor ?? yarnAttentionFactor(scaling.factor)) : 1;
  const table = (of: (angle: number) => number) =>
    Float32Array.from(
      { length: length * frequencies.length },
      (_, i) => scale * of(Math.floor(i / frequencies.length) * (frequencies[i % frequencies.length] ?? 0)),
    );
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

const yarnAttentionFactor = (factor: number): number => (factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1);
