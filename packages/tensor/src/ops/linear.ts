/** Matrix products. */
import { requireFloat } from "../dtype.ts";
import { broadcast, dimAt, formatShape, ShapeError, sameShape, sizeOf } from "../shape.ts";
import { type Attributes, apply, type Operation, type Tensor } from "../tensor.ts";
import { add } from "./elementwise.ts";
import { reshape } from "./layout.ts";
import { sumTo } from "./reduce.ts";

/** Which operands are taken with their last two axes swapped. */
export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

interface MatmulAttributes extends Attributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

const matmulOperation: Operation<MatmulAttributes> = {
  name: "matmul",
  lower: (emit, [a = "", b = ""], node) => {
    const { transposeA, transposeB } = node.attributes;
    if (node.inputs.every((operand) => operand.rank === 2)) {
      if (!transposeA && !transposeB) return [emit.node("MatMul", [a, b])];
      return [emit.node("Gemm", [a, b], { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 })];
    }
    // ONNX Runtime fuses these Transposes into the product.
    const operand = (name: string, index: number, swap: boolean) => {
      const { rank } = node.input(index);
      const perm = Array.from({ length: rank }, (_, i) => (i === rank - 1 ? i - 1 : i === rank - 2 ? i + 1 : i));
      return swap ? emit.node("Transpose", [name], { perm }) : name;
    };
    return [emit.node("MatMul", [operand(a, 0, transposeA), operand(b, 1, transposeB)])];
  },
  vjp: ([g], node, wanted) => {
    if (!g) return [];
    const [a, b] = [node.input(0), node.input(1)];
    const { transposeA, transposeB } = node.attributes;
    // With A' and B' the operands as multiplied: dA' = g·B'ᵀ, dB' = A'ᵀ·g, transposed back where the operand was.
    const gradientA = () =>
      transposeA
        ? matmul(b, g, { transposeA: transposeB, transposeB: true })
        : matmul(g, b, { transposeB: !transposeB });
    const gradientB = () => {
      if (!transposeA && !transposeB && b.rank === 2 && a.rank > 2) {
        // A shared matrix: one product over all rows instead of a batch of products and their sum.
        const rows = sizeOf(a.shape.slice(0, -1));
        const flat = (x: Tensor) => reshape(x, [rows, dimAt(x.shape, x.rank - 1)]);
        return matmul(flat(a), flat(g), { transposeA: true });
      }
      return transposeB
        ? matmul(g, a, { transposeA: true, transposeB: transposeA })
        : matmul(a, g, { transposeA: !transposeA });
    };
    return [wanted[0] ? sumTo(gradientA(), a.shape) : undefined, wanted[1] ? sumTo(gradientB(), b.shape) : undefined];
  },
};

/**
 * The matrix product over the last two axes, `[…, m, k] · […, k, n] → […, m, n]`; leading axes broadcast.
 * Throws ShapeError naming both shapes where they do not fit.
 */
export function matmul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false }: MatmulOptions = {}): Tensor {
  const both = `${formatShape(a.shape)}${transposeA ? "ᵀ" : ""} and ${formatShape(b.shape)}${transposeB ? "ᵀ" : ""}`;
  if (a.rank < 2 || b.rank < 2) throw new ShapeError(`matmul: both operands need two axes: ${both}`);
  requireFloat("matmul", a.dtype);
  if (a.dtype !== b.dtype) throw new TypeError(`matmul: operands are ${a.dtype} and ${b.dtype}`);
  const [m, k] = transposeA ? [a.shape.at(-1), a.shape.at(-2)] : [a.shape.at(-2), a.shape.at(-1)];
  const [inner, n] = transposeB ? [b.shape.at(-1), b.shape.at(-2)] : [b.shape.at(-2), b.shape.at(-1)];
  if (k !== inner || m === undefined || n === undefined)
    throw new ShapeError(`matmul: inner dimensions differ: ${both}`);
  const shape = [...broadcast("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n];
  return apply(matmulOperation, [a, b], { transposeA, transposeB }, { shape, dtype: a.dtype });
}

const linearOperation: Operation<Attributes> = {
  name: "linear",
  lower: (emit, inputs) => [emit.node("Gemm", inputs)],
  vjp: ([g], node, wanted) => {
    if (!g) return [];
    const [x, weight, bias] = [node.input(0), node.input(1), node.input(2)];
    return [
      wanted[0] ? matmul(g, weight, { transposeB: true }) : undefined,
      wanted[1] ? matmul(x, g, { transposeA: true }) : undefined,
      wanted[2] ? sumTo(g, bias.shape) : undefined,
    ];
  },
};

/** x·weight + bias: x `[…, in]`, weight `[in, out]`, bias `[out]` (or a stack of layers, `[k, in, out]` and `[k, 1, out]`). */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  if (x.rank < 2 || weight.rank < 2 || x.shape.at(-1) !== weight.shape.at(-2)) {
    throw new ShapeError(`linear: x ${formatShape(x.shape)} does not fit weight ${formatShape(weight.shape)}`);
  }
  const product = matmul(x, weight);
  if (!bias) return product;
  if (!sameShape(broadcast("linear", product.shape, bias.shape), product.shape)) {
    throw new ShapeError(`linear: bias ${formatShape(bias.shape)} does not fit weight ${formatShape(weight.shape)}`);
  }
  if (bias.dtype !== x.dtype) throw new TypeError(`linear: operands are ${x.dtype} and ${bias.dtype}`);
  if (x.rank !== 2 || weight.rank !== 2 || bias.rank !== 1) return add(product, bias);
  return apply(linearOperation, [x, weight, bias], {}, { shape: product.shape, dtype: x.dtype });
}
