/** Elementwise operations: each entry holds its shape rule, its ONNX lowering and its derivative. Binary ones broadcast as NumPy does. */
import { type DType, isFloat, isModerate, requireFloat, requireNumber } from "../dtype.ts";
import type { Emitter } from "../emitter.ts";
import { broadcast, sameShape } from "../shape.ts";
import { type Attributes, apply, constant, type Node, type Operation, scalarOf, Tensor } from "../tensor.ts";
import { added, elementwise, rectified } from "./blockedImages.ts";
import { lowerErf64 } from "./erf64.ts";
import { sumTo } from "./reduce.ts";

/** A tensor, or a number that takes the element type of the other operand. */
export type Operand = Tensor | number;

const none = {} as const;
type None = typeof none;

/** Two operands as tensors of one element type. Throws TypeError, naming the operation, where the types differ. */
function pair(name: string, a: Operand, b: Operand): [Tensor, Tensor] {
  const dtype = a instanceof Tensor ? a.dtype : b instanceof Tensor ? b.dtype : "float32";
  const [left, right] = [lift(a, dtype), lift(b, dtype)];
  if (left.dtype !== right.dtype)
    throw new TypeError(`${name}: operands are ${left.dtype} and ${right.dtype}; cast one of them`);
  return [left, right];
}

const lift = (value: Operand, dtype: DType): Tensor => (value instanceof Tensor ? value : constant(value, [], dtype));

/** The gradient of the operand; undefined where it is zero. */
type UnaryRule = (g: Tensor, x: Tensor, y: Tensor) => Tensor | undefined;
type UnaryLowering = (emit: Emitter, x: string, dtype: DType) => string;

function unary(name: string, lowering: string | UnaryLowering, rule?: UnaryRule): (x: Tensor) => Tensor {
  const operation: Operation<None> = {
    name,
    isElementwise: true,
    lower: (emit, inputs, node) =>
      elementwise(emit, inputs, node as unknown as Node, ([x = ""]) =>
        typeof lowering === "string" ? emit.node(lowering, [x]) : lowering(emit, x, node.input(0).dtype),
      ),
    ...(rule && { vjp: ([g], node) => [g && rule(g, node.input(0), node.output())] }),
  };
  return (x) => {
    requireFloat(name, x.dtype);
    return apply(operation, [x], none, { shape: x.shape, dtype: x.dtype });
  };
}

type BinaryRule = (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor | undefined;

interface Binary {
  readonly name: string;
  readonly onnx: string;
  readonly result?: DType;
  /** Throws TypeError where it does not take operands of this type; any but bool where left out. */
  readonly accepts?: (name: string, dtype: DType) => void;
  readonly vjp?: readonly [BinaryRule, BinaryRule];
  /** A cheaper expression of the same value and derivatives, or undefined. */
  readonly simplify?: (a: Tensor, b: Tensor) => Tensor | undefined;
  /** The value for two scalars, so that arithmetic on constants costs no node. */
  readonly fold?: (a: number, b: number) => number;
  /** Lowering of a float operand combined with a number, where it is not the plain ONNX operation. */
  readonly withNumber?: (emit: Emitter, x: string, value: number, dtype: DType) => string;
}

function binary(entry: Binary): (a: Operand, b: Operand) => Tensor {
  const { name, onnx, result, accepts = requireNumber, vjp, simplify, fold, withNumber } = entry;
  const operation: Operation<None> = {
    name,
    isElementwise: true,
    lower: (emit, inputs, node) => {
      const [a, b] = [node.input(0), node.input(1)];
      const [x, y] = [scalarOf(a), scalarOf(b)];
      return elementwise(emit, inputs, node as unknown as Node, (operands) => {
        const [p = "", q = ""] = operands;
        if (withNumber && isFloat(a.dtype)) {
          if (y !== undefined) return withNumber(emit, p, y, a.dtype);
          if (x !== undefined) return withNumber(emit, q, x, a.dtype);
        }
        return onnx === "Add" ? added(emit, p, q) : emit.node(onnx, operands);
      });
    },
    ...(vjp && {
      vjp: ([g], node, wanted) =>
        vjp.map((rule, i) => {
          const gradient = g && wanted[i] ? rule(g, node.input(0), node.input(1), node.output()) : undefined;
          return gradient && sumTo(gradient, node.input(i).shape);
        }),
    }),
  };
  return (p, q) => {
    const [a, b] = pair(name, p, q);
    accepts(name, a.dtype);
    const [x, y] = [scalarOf(a), scalarOf(b)];
    if (fold && x !== undefined && y !== undefined && isFloat(a.dtype)) return constant(fold(x, y), [], a.dtype);
    const shape = broadcast(name, a.shape, b.shape);
    const simpler = simplify?.(a, b);
    if (simpler && sameShape(simpler.shape, shape)) return simpler;
    return apply(operation, [a, b], none, { shape, dtype: result ?? a.dtype });
  };
}

/** a + b. */
export const add = binary({
  name: "add",
  onnx: "Add",
  vjp: [(g) => g, (g) => g],
  fold: (a, b) => a + b,
  simplify: (a, b) => (scalarOf(b) === 0 ? a : scalarOf(a) === 0 ? b : undefined),
});

/** a − b. */
export const sub = binary({
  name: "sub",
  onnx: "Sub",
  vjp: [(g) => g, (g) => neg(g)],
  fold: (a, b) => a - b,
  simplify: (a, b) => (scalarOf(b) === 0 ? a : undefined),
});

/** a · b. */
export const mul: (a: Operand, b: Operand) => Tensor = binary({
  name: "mul",
  onnx: "Mul",
  vjp: [(g, _a, b) => mul(g, b), (g, a) => mul(g, a)],
  fold: (a, b) => a * b,
  simplify: (a, b) => (scalarOf(b) === 1 ? a : scalarOf(a) === 1 ? b : undefined),
  withNumber: (emit, x, value, dtype) => emit.scaled(x, value, dtype),
});

/** a / b. A float division by a number is written as a product with its reciprocal, as compilers under fast-math do. */
export const div: (a: Operand, b: Operand) => Tensor = binary({
  name: "div",
  onnx: "Div",
  vjp: [(g, _a, b) => div(g, b), (g, _a, b, y) => neg(div(mul(g, y), b))],
  fold: (a, b) => a / b,
  simplify: (a, b) => {
    const q = scalarOf(b);
    return q !== undefined && isModerate(q) && isFloat(a.dtype) ? mul(a, 1 / q) : undefined;
  },
});

/** −x. */
export const neg = (x: Tensor): Tensor => mul(x, -1);

/** The larger of a and b; at a tie the derivative goes to a. */
export const maximum: (a: Operand, b: Operand) => Tensor = binary({
  name: "maximum",
  onnx: "Max",
  vjp: [(g, a, b) => where(greaterEqual(a, b), g, 0), (g, a, b) => where(greaterEqual(a, b), 0, g)],
  fold: Math.max,
});

/** The smaller of a and b; at a tie the derivative goes to a. */
export const minimum: (a: Operand, b: Operand) => Tensor = binary({
  name: "minimum",
  onnx: "Min",
  vjp: [(g, a, b) => where(lessEqual(a, b), g, 0), (g, a, b) => where(lessEqual(a, b), 0, g)],
  fold: Math.min,
});

/**
 * a to the power b, for a ≥ 0 where b is not a whole number (NaN else). Its derivative in b is that of a > 0, and 0 at a = 0, b ≥ 0; its
 * derivative in a at b = 0 is 0.
 */
export const pow: (a: Operand, b: Operand) => Tensor = binary({
  name: "pow",
  onnx: "Pow",
  vjp: [
    (g, a, b) => {
      const power = scalarOf(b);
      if (power === 0) return undefined;
      const slope = mul(b, pow(a, sub(b, 1)));
      return mul(g, power === undefined ? where(equal(b, 0), 0, slope) : slope);
    },
    (g, a, b, y) => {
      const base = scalarOf(a);
      if (base !== undefined && base > 0) return mul(g, mul(y, Math.log(base)));
      return mul(g, where(and(equal(a, 0), greaterEqual(b, 0)), 0, mul(y, log(a))));
    },
  ],
  fold: (a, b) => a ** b,
  simplify: (a, b) => {
    const power = scalarOf(b);
    return power === 1 ? a : power === 2 ? mul(a, a) : power === 0.5 ? sqrt(a) : undefined;
  },
});

const requireBool = (name: string, dtype: DType): void => {
  if (dtype !== "bool") throw new TypeError(`${name}: needs bools, not ${dtype}`);
};
const compare = (name: string, onnx: string, accepts = requireNumber) =>
  binary({ name, onnx, result: "bool", accepts });

/** a < b, elementwise, as bool. */
export const less = compare("less", "Less");
/** a ≤ b, elementwise, as bool. */
export const lessEqual = compare("lessEqual", "LessOrEqual");
/** a > b, elementwise, as bool. */
export const greater = compare("greater", "Greater");
/** a ≥ b, elementwise, as bool. */
export const greaterEqual = compare("greaterEqual", "GreaterOrEqual");
/** a = b, elementwise, as bool. */
export const equal = compare("equal", "Equal", () => {});
/** Whether both are true. */
export const and = compare("and", "And", requireBool);
/** Whether either is true. */
export const or = compare("or", "Or", requireBool);

const notOperation: Operation<None> = { name: "not", lower: (emit, inputs) => [emit.node("Not", inputs)] };
/** The negation of a bool tensor. */
export function not(x: Tensor): Tensor {
  requireBool("not", x.dtype);
  return apply(notOperation, [x], none, { shape: x.shape, dtype: "bool" });
}
/** a ≠ b, elementwise, as bool. */
export const notEqual = (a: Operand, b: Operand): Tensor => not(equal(a, b));

const whereOperation: Operation<None> = {
  name: "where",
  isElementwise: true,
  lower: (emit, inputs, node) =>
    elementwise(emit, inputs, node as unknown as Node, (operands) => emit.node("Where", operands)),
  vjp: ([g], node, wanted) => {
    if (!g) return [];
    const condition = node.input(0);
    return [
      undefined,
      wanted[1] ? sumTo(where(condition, g, 0), node.input(1).shape) : undefined,
      wanted[2] ? sumTo(where(condition, 0, g), node.input(2).shape) : undefined,
    ];
  },
};

/** Elements of a where the bool `condition` is true, of b elsewhere; the three broadcast. A gradient that is not chosen is exactly zero. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  if (condition.dtype !== "bool") throw new TypeError(`where: the condition must be bool, not ${condition.dtype}`);
  const [p, q] = pair("where", a, b);
  requireNumber("where", p.dtype);
  const shape = broadcast("where", condition.shape, broadcast("where", p.shape, q.shape));
  return apply(whereOperation, [condition, p, q], none, { shape, dtype: p.dtype });
}

interface ClipAttributes extends Attributes {
  readonly low: number;
  readonly high: number;
}
const clipOperation: Operation<ClipAttributes> = {
  name: "clip",
  isElementwise: true,
  lower: (emit, [x = ""], node) => [emit.clip(x, node.output().dtype, node.attributes.low, node.attributes.high)],
  vjp: ([g], node) => [g && where(equal(node.input(0), node.output()), g, 0)],
};

/** x limited to [low, high], either of which may be infinite; the derivative is 1 inside and at the limits, 0 outside. */
export function clip(x: Tensor, low: number, high: number): Tensor {
  requireNumber("clip", x.dtype);
  return apply(clipOperation, [x], { low, high }, { shape: x.shape, dtype: x.dtype });
}

/** eˣ. */
export const exp = unary("exp", "Exp", (g, _x, y) => mul(g, y));
/** Natural logarithm; −∞ at 0 (derivative ∞), NaN below. */
export const log = unary("log", "Log", (g, x) => div(g, x));
/** √x; its derivative at 0 is ∞, and NaN where nothing flows back (0·∞). NaN below 0. */
export const sqrt = unary("sqrt", "Sqrt", (g, _x, y) => div(mul(g, 0.5), y));
/** 1/x. */
export const reciprocal = (x: Tensor): Tensor => div(1, x);
/** x². */
export const square = (x: Tensor): Tensor => mul(x, x);
/** |x|; its derivative at 0 is 0. */
export const abs: (x: Tensor) => Tensor = unary("abs", "Abs", (g, x) => mul(g, sign(x)));
/** −1, 0 or 1; its derivative is 0. */
export const sign = unary("sign", "Sign", () => undefined);
/** The largest whole number not above x; its derivative is 0. */
export const floor = unary("floor", "Floor", () => undefined);
export const sin: (x: Tensor) => Tensor = unary("sin", "Sin", (g, x) => mul(g, cos(x)));
export const cos: (x: Tensor) => Tensor = unary("cos", "Cos", (g, x) => neg(mul(g, sin(x))));
export const tanh = unary("tanh", "Tanh", (g, _x, y) => mul(g, sub(1, mul(y, y))));
/** 1/(1 + e⁻ˣ). ONNX Runtime gives exactly 0 or 1 beyond ±18: for the logarithm of it use softplus. */
export const sigmoid = unary(
  "sigmoid",
  (emit, x, dtype) => {
    if (dtype === "float32") return emit.node("Sigmoid", [x]);
    // ONNX Runtime makes x·Sigmoid(x) one operation, which it has not for float64.
    const one = emit.scalar(dtype, 1);
    return emit.node("Div", [one, emit.node("Add", [one, emit.node("Exp", [emit.node("Neg", [x])])])]);
  },
  (g, _x, y) => mul(g, mul(y, sub(1, y))),
);

/** For what ONNX Runtime computes in float32 alone. */
const float32Only =
  (name: string, onnx: string): UnaryLowering =>
  (emit, x, dtype) => {
    if (dtype !== "float32")
      throw new TypeError(`${name}: ONNX Runtime has no ${dtype} kernel for it; cast to float32`);
    return emit.node(onnx, [x]);
  };
/** The error function 2/√π·∫₀ˣ e^(−t²) dt. */
export const erf = unary(
  "erf",
  (emit, x, dtype) => (dtype === "float64" ? lowerErf64(emit, x) : emit.node("Erf", [x])),
  (g, x) => mul(g, mul(2 / Math.sqrt(Math.PI), exp(neg(square(x))))),
);

/** log(1 + x), accurate near 0: with u = 1 + x as rounded, log(u) + (x − (u − 1))/u makes up for that rounding. */
export const log1p = unary(
  "log1p",
  (emit, x, dtype) => {
    const one = emit.scalar(dtype, 1);
    const u = emit.node("Add", [x, one]);
    const plain = emit.node("Log", [u]);
    const lost = emit.node("Div", [emit.node("Sub", [x, emit.node("Sub", [u, one])]), u]);
    // Far from 0 the rounding does not matter, but at −1 and ∞ the correction is NaN.
    const near = emit.node("Less", [emit.node("Abs", [x]), emit.scalar(dtype, 0.5)]);
    return emit.node("Where", [near, emit.node("Add", [plain, lost]), plain]);
  },
  (g, x) => div(g, add(x, 1)),
);

/** eˣ − 1, accurate near 0: (u − 1)·x/log(u) with u = eˣ as rounded (Kahan), which is plain u − 1 far from 0. */
export const expm1 = unary(
  "expm1",
  (emit, x, dtype) => {
    const one = emit.scalar(dtype, 1);
    const u = emit.node("Exp", [x]);
    const plain = emit.node("Sub", [u, one]);
    const near = emit.node("Less", [emit.node("Abs", [x]), one]);
    const kahan = emit.node("Mul", [plain, emit.node("Div", [x, emit.node("Log", [u])])]);
    const small = emit.node("Where", [emit.node("Equal", [u, one]), x, kahan]);
    return emit.node("Where", [near, small, plain]);
  },
  (g, _x, y) => mul(g, add(y, 1)),
);

/** log(1 + eˣ), without overflow. */
export const softplus = unary("softplus", float32Only("softplus", "Softplus"), (g, x) => mul(g, sigmoid(x)));

/** max(x, 0); its derivative, 0 at 0, is multiplied as 0 or 1, since ONNX Runtime's Where takes twice as long as Cast and Mul. */
export const relu = unary("relu", rectified, (g, _x, y) => mul(g, cast(greater(y, 0), y.dtype)));

/**
 * x for x > 0, eˣ − 1 below. Written as max(x, 0) + (min(eˣ, 1) − 1): five vectorized operations take a quarter of the time of ONNX
 * Runtime's Elu, which is not vectorized, and the derivative is that same min(eˣ, 1).
 */
export const elu = unary(
  "elu",
  (emit, x, dtype) => {
    const slope = emit.clip(emit.node("Exp", [x]), dtype, Number.NEGATIVE_INFINITY, 1);
    return emit.node("Add", [emit.node("Relu", [x]), emit.node("Sub", [slope, emit.scalar(dtype, 1)])]);
  },
  (g, x) => mul(g, clip(exp(x), Number.NEGATIVE_INFINITY, 1)),
);

/** x·sigmoid(x) (also called swish). */
export const silu = (x: Tensor): Tensor => mul(x, sigmoid(x));

/**
 * x·tanh(softplus(x)) (Misra 2019). With e = eˣ and w = e·(e + 2) that is x·w/(w + 2), and its derivative w/(w + 2) + x·4e·(e + 1)/(w + 2)²:
 * vectorized operations all, where ONNX Runtime's Softplus takes four times as long as they together. Beyond 20 it is x in either precision,
 * and e is kept from overflowing.
 */
export const mish = unary(
  "mish",
  (emit, x, dtype) => {
    const e = emit.node("Exp", [emit.clip(x, dtype, Number.NEGATIVE_INFINITY, mishLinear)]);
    const w = emit.node("Mul", [e, emit.node("Add", [e, emit.scalar(dtype, 2)])]);
    return emit.node("Mul", [x, emit.node("Div", [w, emit.node("Add", [w, emit.scalar(dtype, 2)])])]);
  },
  (g, x) => {
    const bent = clip(x, Number.NEGATIVE_INFINITY, mishLinear);
    const e = exp(bent);
    const w = mul(e, add(e, 2));
    const rise = div(mul(mul(e, 4), add(e, 1)), square(add(w, 2)));
    return mul(g, add(div(w, add(w, 2)), mul(bent, rise)));
  },
);
const mishLinear = 20;

/** x·Φ(x) with the exact normal distribution function. */
export const gelu = unary("gelu", float32Only("gelu", "Gelu"), (g, x) => {
  const cdf = mul(0.5, add(1, erf(mul(x, Math.SQRT1_2))));
  const density = mul(1 / Math.sqrt(2 * Math.PI), exp(mul(-0.5, square(x))));
  return mul(g, add(cdf, mul(x, density)));
});

interface CastAttributes extends Attributes {
  readonly to: DType;
}
const castOperation: Operation<CastAttributes> = {
  name: "cast",
  isElementwise: true,
  lower: (emit, inputs, node) =>
    elementwise(emit, inputs, node as unknown as Node, ([x = ""]) => emit.cast(x, node.attributes.to)),
  vjp: ([g], node) => [g && cast(g, node.input(0).dtype)],
};
/** The same values in another element type; bools become 0 and 1. Differentiable between float types. */
export const cast = (x: Tensor, to: DType): Tensor =>
  x.dtype === to ? x : apply(castOperation, [x], { to }, { shape: x.shape, dtype: to });

const stopGradientOperation: Operation<None> = {
  name: "stopGradient",
  isElementwise: true,
  lower: (_emit, inputs) => inputs.slice(0, 1),
  vjp: () => [],
};
/** The same value, through which no gradient flows. Costs nothing in the graph. */
export const stopGradient = (x: Tensor): Tensor =>
  apply(stopGradientOperation, [x], none, { shape: x.shape, dtype: x.dtype });

interface PolynomialAttributes extends Attributes {
  readonly coefficients: readonly number[];
}
const polynomialOperation: Operation<PolynomialAttributes> = {
  name: "polynomial",
  isElementwise: true,
  lower: (emit, [x = ""], node) => {
    const dtype = node.input(0).dtype;
    const { coefficients } = node.attributes;
    // Horner: two nodes a coefficient; each is cheap on the small tensors (distributions' quantiles) that this serves.
    return [
      coefficients
        .slice(0, -1)
        .reduceRight(
          (sum, coefficient) => emit.node("Add", [emit.node("Mul", [sum, x]), emit.scalar(dtype, coefficient)]),
          emit.scalar(dtype, coefficients.at(-1) ?? 0),
        ),
    ];
  },
  vjp: ([g], node) => {
    const derivative = node.attributes.coefficients.slice(1).map((c, i) => c * (i + 1));
    return [g && mul(g, polynomial(node.input(0), derivative))];
  },
};
/** Σ_i coefficients[i]·xⁱ (ascending powers). */
export function polynomial(x: Tensor, coefficients: readonly number[]): Tensor {
  if (coefficients.length < 2) return add(mul(x, 0), coefficients[0] ?? 0);
  requireFloat("polynomial", x.dtype);
  return apply(polynomialOperation, [x], { coefficients }, { shape: x.shape, dtype: x.dtype });
}
