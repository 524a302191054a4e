/** Prompts with responses as rows of a fixed length, as compiled programs take them. */

/** Tokens that were read and tokens that follow them. */
export interface Sequence {
  readonly prompt: readonly number[];
  readonly response: readonly number[];
}

export interface Rows {
  /** `[rows, length]`, padded right: causal attention keeps what follows from what came before. */
  readonly tokens: BigInt64Array;
  /** `[rows, length − 1]`: 1 where the token after this place is one of the response, else 0. */
  readonly responseMask: Float32Array;
}

/**
 * Sequences as rows; rows without one have padding only.
 * @throws RangeError where a sequence is longer than a row
 */
export function packRows(sequences: readonly Sequence[], rows: number, length: number, padToken: number): Rows {
  const tokens = new BigInt64Array(rows * length).fill(BigInt(padToken));
  const responseMask = new Float32Array(rows * (length - 1));
  for (const [row, { prompt, response }] of sequences.entries()) {
    const all = [...prompt, ...response];
    if (all.length > length) throw new RangeError(`a sequence of ${all.length} tokens does not fit into ${length}`);
    for (const [at, token] of all.entries()) tokens[row * length + at] = BigInt(token);
    const first = row * (length - 1) + prompt.length - 1;
    responseMask.fill(1, first, first + response.length);
  }
  return { tokens, responseMask };
}

/** Numbers for each response's tokens, or one for all of them, at their places among rows `[rows, length − 1]`; 0 elsewhere. */
export function packValues(
  sequences: readonly Sequence[],
  values: (sequence: number, token: number) => number,
  rows: number,
  length: number,
): Float32Array {
  const packed = new Float32Array(rows * (length - 1));
  for (const [row, { prompt, response }] of sequences.entries()) {
    const first = row * (length - 1) + prompt.length - 1;
    for (let token = 0; token < response.length; token++) packed[first + token] = values(row, token);
  }
  return packed;
}
