/** Attention with a cache of keys and values, for generation: ONNX Runtime's own operator, without derivatives. */
import { formatShape, ShapeError, sameShape } from "../shape.ts";
import { type Attributes, Node, type Operation, type Tensor } from "../tensor.ts";

interface CachedAttentionAttributes extends Attributes {
  readonly heads: number;
  readonly keyValueHeads: number;
}

const cachedAttentionOperation: Operation<CachedAttentionAttributes> = {
  name: "cachedAttention",
  lower: (emit, inputs, { attributes }) =>
    emit.nodes(
      "com.microsoft.GroupQueryAttention",
      inputs,
      { num_heads: attributes.heads, kv_num_heads: attributes.keyValueHeads, do_rotary: 1 },
      3,
    ),
};

export interface CachedAttentionInputs {
  /** `[batch, length, heads · width]`, before rotation. */
  readonly query: Tensor;
  /** `[batch, length, keyValueHeads · width]`, before rotation. */
  readonly key: Tensor;
  readonly value: Tensor;
  /** Keys (rotated) and values so far, `[batch, keyValueHeads, capacity, width]`; what lies beyond a row's tokens is not read. */
  readonly pastKey: Tensor;
  readonly pastValue: Tensor;
  /** The position of each row's last token, int32 `[batch]`: with `length` 1 that of the token at hand. */
  readonly last: Tensor;
  /** Tokens of the longest row, those at hand included, int32 `[1]`. Equal to `length`: the cache is empty, and rows may be padded at the right. */
  readonly total: Tensor;
  /** Cosines and sines of the rotary embedding, `[positions, width / 2]`; first halves of heads are rotated against second halves. */
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/**
 * Causal grouped-query attention of the tokens at hand to themselves and to all before them: `attended` `[batch, length, heads · width]` and the
 * cache with the new keys and values in it. A program that `overwrites` the past with the present adds to it in place, without a copy.
 * Attended values of padding are undefined. float32 only; throws ShapeError where the shapes do not fit.
 */
export function cachedAttention(
  inputs: CachedAttentionInputs,
  heads: number,
  keyValueHeads: number,
): { attended: Tensor; key: Tensor; value: Tensor } {
  const { query, key, value, pastKey, pastValue, last, total, cos, sin } = inputs;
  const width = Number(pastKey.shape.at(-1));
  const rows = query.shape.slice(0, -1);
  const fits =
    query.rank === 3 &&
    sameShape(query.shape, [...rows, heads * width]) &&
    sameShape(key.shape, [...rows, keyValueHeads * width]) &&
    sameShape(value.shape, key.shape) &&
    pastKey.rank === 4 &&
    pastKey.shape[0] === rows[0] &&
    pastKey.shape[1] === keyValueHeads &&
    sameShape(pastValue.shape, pastKey.shape) &&
    sameShape(last.shape, rows.slice(0, 1)) &&
    sameShape(total.shape, [1]) &&
    cos.rank === 2 &&
    cos.shape[1] === width / 2 &&
    sameShape(sin.shape, cos.shape);
  if (!fits) {
    throw new ShapeError(
      `cachedAttention: query ${formatShape(query.shape)}, key ${formatShape(key.shape)}, value ${formatShape(value.shape)}, past ${formatShape(pastKey.shape)}, cosines ${formatShape(cos.shape)} do not fit ${heads} heads and ${keyValueHeads} of keys and values`,
    );
  }
  // ONNX Runtime's kernel refuses others when it runs.
  if (width % 16 !== 0) throw new ShapeError(`cachedAttention: heads must have a multiple of 16 numbers, not ${width}`);
  if (heads % keyValueHeads !== 0) {
    throw new ShapeError(`cachedAttention: ${heads} heads are no multiple of ${keyValueHeads}`);
  }
  for (const tensor of [query, key, value, pastKey, pastValue, cos, sin]) {
    if (tensor.dtype !== "float32") throw new TypeError(`cachedAttention: needs float32, not ${tensor}`);
  }
  for (const tensor of [last, total]) {
    if (tensor.dtype !== "int32") throw new TypeError(`cachedAttention: positions must be int32, not ${tensor}`);
  }
  const cache = { shape: pastKey.shape, dtype: pastKey.dtype };
  const node = new Node(
    cachedAttentionOperation,
    [query, key, value, pastKey, pastValue, last, total, cos, sin],
    { heads, keyValueHeads },
    [{ shape: query.shape, dtype: query.dtype }, cache, cache],
  );
  return { attended: node.output(0), key: node.output(1), value: node.output(2) };
}
