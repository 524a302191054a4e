/** Prompts with responses as rows of a fixed length, as compiled programs take them. */
import { input, type Tensor } from "@era/tensor";

/** Tokens that were read and tokens that follow them. */
export interface Sequence {
  readonly prompt: readonly number[];
  readonly response: readonly number[];
}

/**
 * Sequences that go through a program at once, with room for the longest prompt and the longest response. Prompts end in the same column, padded
 * at the left, and responses begin in the next: so only columns of responses need be scored, and the vocabulary's matrix is left out elsewhere.
 */
export interface RowShape {
  readonly rows: number;
  /** Columns of prompts, at least one. */
  readonly promptLength: number;
  /** Columns of responses. */
  readonly responseLength: number;
}

/** Sequences as numbers: what {@link rowInputs} are fed with. */
export interface Rows {
  /** `[rows, promptLength + responseLength]`. */
  readonly tokens: BigInt64Array;
  /** As `tokens`: 1 for tokens, 0 for padding. */
  readonly mask: Float32Array;
}

/** The inputs of a program that takes {@link Rows}. */
export function rowInputs({ rows, promptLength, responseLength }: RowShape): { tokens: Tensor; mask: Tensor } {
  const shape = [rows, promptLength + responseLength];
  return { tokens: input("tokens", shape, "int64"), mask: input("mask", shape) };
}

/**
 * Sequences as rows; rows without one have padding only.
 * @throws RangeError where a prompt or a response is longer than its columns
 */
export function packRows(sequences: readonly Sequence[], shape: RowShape, padToken: number): Rows {
  const { rows, promptLength, responseLength } = shape;
  const length = promptLength + responseLength;
  const tokens = new BigInt64Array(rows * length).fill(BigInt(padToken));
  const mask = new Float32Array(rows * length);
  for (const [row, { prompt, response }] of sequences.entries()) {
    if (prompt.length > promptLength || response.length > responseLength) {
      throw new RangeError(
        `a prompt of ${prompt.length} and a response of ${response.length} tokens do not fit into ${promptLength} and ${responseLength}`,
      );
    }
    const first = row * length + promptLength - prompt.length;
    for (const [at, token] of [...prompt, ...response].entries()) {
      tokens[first + at] = BigInt(token);
      mask[first + at] = 1;
    }
  }
  return { tokens, mask };
}

/** Numbers for each response's tokens, or one for all of them: `[rows, responseLength]`, 0 behind a response's end. */
export function packValues(
  sequences: readonly Sequence[],
  values: (sequence: number, token: number) => number,
  { rows, responseLength }: RowShape,
): Float32Array {
  const packed = new Float32Array(rows * responseLength);
  for (const [row, { response }] of sequences.entries()) {
    const first = row * responseLength;
    for (let token = 0; token < response.length; token++) packed[first + token] = values(row, token);
  }
  return packed;
}
