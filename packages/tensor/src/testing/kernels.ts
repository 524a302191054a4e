/** What every operation computes, by its name, in float64 and with no regard to how it is lowered. */
import { erf } from "@era/activation";
import type { Node, Tensor } from "../tensor.ts";
import { alongAxis, at, build, indices, reshaped, type Value } from "./value.ts";

/** Computes the outputs of a node from its inputs. */
export type Kernel = (inputs: readonly Value[], node: Node) => readonly Value[];

const nothing: Value = { shape: [0], data: new Float64Array() };
const shapeOf = (tensor: Tensor): readonly number[] => tensor.shape as readonly number[];
const attribute = <T>(node: Node, name: string): T => node.attributes[name] as T;
const outputShape = (node: Node): readonly number[] => shapeOf(node.output());
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const average = (values: readonly number[]): number => total(values) / values.length;

const elementwise =
  (f: (a: number, b: number, c: number) => number): Kernel =>
  ([a = nothing, b = nothing, c = nothing], node) => [
    build(outputShape(node), (index) => f(at(a, index), at(b, index), at(c, index))),
  ];

/** Reduces the elements over the node's axes. */
const reduction =
  (f: (values: readonly number[]) => number): Kernel =>
  ([x = nothing], node) => {
    const axes = attribute<readonly number[]>(node, "axes");
    const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
    const size = (list: readonly number[]) => list.map((axis) => x.shape[axis] ?? 1);
    const ordered = transposed(x, [...kept, ...axes]);
    const rows = reshaped(ordered, [...size(kept), size(axes).reduce((p, n) => p * n, 1)]);
    return [
      reshaped(
        alongAxis(rows, kept.length, (line) => [f(line)]),
        outputShape(node),
      ),
    ];
  };

/** Replaces each line along the node's axis. */
const byLine =
  (f: (line: readonly number[], node: Node) => readonly number[]): Kernel =>
  ([x = nothing], node) => [
    reshaped(
      alongAxis(x, attribute<number>(node, "axis"), (line) => f(line, node)),
      outputShape(node),
    ),
  ];

const transposed = (x: Value, permutation: readonly number[]): Value =>
  build(
    permutation.map((axis) => x.shape[axis] ?? 0),
    (index) =>
      at(
        x,
        permutation.map((_, axis) => index[permutation.indexOf(axis)] ?? 0),
      ),
  );

const matrix = (x: Value, row: number, column: number, lead: readonly number[], transpose: boolean): number =>
  at(x, transpose ? [...lead, column, row] : [...lead, row, column]);

function product(a: Value, b: Value, node: Node, transposeA: boolean, transposeB: boolean): Value {
  const inner = a.shape.at(transposeA ? -2 : -1) ?? 0;
  return build(outputShape(node), (index) => {
    const lead = index.slice(0, -2);
    const [row = 0, column = 0] = index.slice(-2);
    const terms = Array.from(
      { length: inner },
      (_, k) => matrix(a, row, k, lead, transposeA) * matrix(b, k, column, lead, transposeB),
    );
    return total(terms);
  });
}

/** A softmax's logarithm, less the largest element first. */
function logSoftmax(line: readonly number[]): number[] {
  const peak = Math.max(...line);
  const normalizer = Math.log(total(line.map((value) => Math.exp(value - peak))));
  return line.map((value) => value - peak - normalizer);
}

/** Positions in order of their values, equal ones in order of position. */
const ranking = (line: readonly number[], descending: boolean): number[] =>
  line
    .map((value, position) => ({ value, position }))
    .sort((p, q) => (descending ? q.value - p.value : p.value - q.value) || p.position - q.position)
    .map(({ position }) => position);

/** A row index counted from the end when negative. */
const row = (index: number, count: number | undefined): number => (index < 0 ? index + (count ?? 0) : index);

const numberOf = (condition: boolean): number => (condition ? 1 : 0);
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

type Two = readonly [number, number];
interface WindowAttributes {
  readonly kernel: Two;
  readonly stride: Two;
  readonly padding: Two;
  readonly dilation: Two;
}

/** Elements of a window that starts at an output position: [row, column] in the input, with the element's place in the kernel. */
function windowAt(node: Node, row: number, column: number): { at: Two; place: Two }[] {
  const { kernel, stride, padding, dilation } = node.attributes as unknown as WindowAttributes;
  return Array.from({ length: kernel[0] * kernel[1] }, (_, i) => {
    const place: Two = [Math.floor(i / kernel[1]), i % kernel[1]];
    const along = (axis: 0 | 1, start: number) => start * stride[axis] + place[axis] * dilation[axis] - padding[axis];
    return { at: [along(0, row), along(1, column)], place };
  });
}

const inImage = ({ shape }: Value, [row, column]: Two): boolean =>
  row >= 0 && column >= 0 && row < (shape[2] ?? 0) && column < (shape[3] ?? 0);

/** The bias of a channel, where there is one. */
const biasAt = (bias: Value | undefined, channel: number): number => (bias ? at(bias, [channel]) : 0);

/** y += x·w over every meeting of an input, an output and an element of the kernel of `conv2d`. */
function eachMeeting(
  node: Node,
  large: readonly number[],
  small: readonly number[],
  weight: Value,
  meet: (large: readonly number[], small: readonly number[], weight: readonly number[]) => void,
): void {
  const [, inputs = 0] = weight.shape;
  const outputsOfGroup = (small[1] ?? 0) / attribute<number>(node, "groups");
  for (const [n = 0, o = 0, row = 0, column = 0] of indices(small)) {
    for (const { at: place, place: element } of windowAt(node, row, column)) {
      if (!inImage({ shape: large, data: nothing.data }, place)) continue;
      for (let c = 0; c < inputs; c++) {
        const channel = Math.floor(o / outputsOfGroup) * inputs + c;
        meet([n, channel, ...place], [n, o, row, column], [o, c, ...element]);
      }
    }
  }
}

/** An array that is added to. */
function accumulator(shape: readonly number[], initial: (index: readonly number[]) => number) {
  const value = build(shape, initial);
  return {
    value,
    add: (index: readonly number[], term: number) => {
      const offset = index.reduce((sum, i, axis) => sum * (shape[axis] ?? 0) + i, 0);
      value.data[offset] = (value.data[offset] ?? Number.NaN) + term;
    },
  };
}

/** lowbias32, by JavaScript's own 32-bit arithmetic. */
function hashed(word: number): number {
  let x = word >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97) >>> 0;
  return (x ^ (x >>> 15)) >>> 0;
}

export const kernels: Readonly<Record<string, Kernel>> = {
  add: elementwise((a, b) => a + b),
  sub: elementwise((a, b) => a - b),
  mul: elementwise((a, b) => a * b),
  div: (inputs, node) =>
    elementwise(node.output().dtype.startsWith("int") ? (a, b) => Math.trunc(a / b) : (a, b) => a / b)(inputs, node),
  maximum: elementwise((a, b) => Math.max(a, b)),
  minimum: elementwise((a, b) => Math.min(a, b)),
  clip: (inputs, node) => {
    const [low, high] = [attribute<number>(node, "low"), attribute<number>(node, "high")];
    return elementwise((x) => Math.min(Math.max(x, low), high))(inputs, node);
  },
  pow: elementwise((a, b) => a ** b),
  less: elementwise((a, b) => numberOf(a < b)),
  lessEqual: elementwise((a, b) => numberOf(a <= b)),
  greater: elementwise((a, b) => numberOf(a > b)),
  greaterEqual: elementwise((a, b) => numberOf(a >= b)),
  equal: elementwise((a, b) => numberOf(a === b)),
  and: elementwise((a, b) => numberOf(a !== 0 && b !== 0)),
  or: elementwise((a, b) => numberOf(a !== 0 || b !== 0)),
  not: elementwise((a) => numberOf(a === 0)),
  where: elementwise((condition, a, b) => (condition !== 0 ? a : b)),

  exp: elementwise(Math.exp),
  log: elementwise(Math.log),
  sqrt: elementwise(Math.sqrt),
  abs: elementwise(Math.abs),
  sign: elementwise(Math.sign),
  floor: elementwise(Math.floor),
  sin: elementwise(Math.sin),
  cos: elementwise(Math.cos),
  tanh: elementwise(Math.tanh),
  sigmoid: elementwise(sigmoid),
  erf: elementwise(erf),
  log1p: elementwise(Math.log1p),
  expm1: elementwise(Math.expm1),
  softplus: elementwise((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  mish: elementwise((x) => x * Math.tanh(Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))))),
  relu: elementwise((x) => Math.max(x, 0)),
  elu: elementwise((x) => (x > 0 ? x : Math.expm1(x))),
  gelu: elementwise((x) => (x / 2) * (1 + erf(x * Math.SQRT1_2))),
  polynomial: (inputs, node) =>
    elementwise((x) => total(attribute<readonly number[]>(node, "coefficients").map((c, power) => c * x ** power)))(
      inputs,
      node,
    ),
  cast: (inputs, node) => {
    const to = node.output().dtype;
    const convert =
      to === "bool" ? (x: number) => numberOf(x !== 0) : to.startsWith("int") ? Math.trunc : (x: number) => x;
    return elementwise(convert)(inputs, node);
  },
  stopGradient: ([x = nothing]) => [x],
  withDerivatives: ([x = nothing]) => [x],
  withVjp: (inputs, node) => inputs.slice(0, node.outputs.length),
  after: ([x = nothing]) => [x],

  sum: reduction(total),
  mean: reduction(average),
  prod: reduction((values) => values.reduce((p, value) => p * value, 1)),
  max: reduction((values) => Math.max(...values)),
  min: reduction((values) => Math.min(...values)),
  softmax: byLine((line) => logSoftmax(line).map(Math.exp)),
  logSoftmax: byLine(logSoftmax),
  argmax: byLine((line) => [line.indexOf(Math.max(...line))]),
  argmin: byLine((line) => [line.indexOf(Math.min(...line))]),
  cumSum: byLine((line, node) => {
    const [exclusive, reverse] = [attribute<boolean>(node, "exclusive"), attribute<boolean>(node, "reverse")];
    return line.map((_, i) =>
      total(reverse ? line.slice(exclusive ? i + 1 : i) : line.slice(0, exclusive ? i : i + 1)),
    );
  }),
  standardize: ([x = nothing], node) => {
    const epsilon = attribute<number>(node, "epsilon");
    const deviation = (line: readonly number[]) =>
      Math.sqrt(average(line.map((value) => (value - average(line)) ** 2)) + epsilon);
    const axis = x.shape.length - 1;
    return [
      alongAxis(x, axis, (line) => line.map((value) => (value - average(line)) / deviation(line))),
      alongAxis(x, axis, (line) => [1 / deviation(line)]),
    ];
  },

  reshape: ([x = nothing], node) => [reshaped(x, outputShape(node))],
  transpose: ([x = nothing], node) => [transposed(x, attribute<readonly number[]>(node, "permutation"))],
  expand: elementwise((x) => x),
  concat: (parts, node) => {
    const axis = attribute<number>(node, "axis");
    return [
      build(outputShape(node), (index) => {
        let position = index[axis] ?? 0;
        const part = parts.find(({ shape }) => {
          const inside = position < (shape[axis] ?? 0);
          if (!inside) position -= shape[axis] ?? 0;
          return inside;
        });
        return at(part ?? nothing, index.with(axis, position));
      }),
    ];
  },
  split: ([x = nothing], node) => {
    const axis = attribute<number>(node, "axis");
    let start = 0;
    return node.outputs.map((output) => {
      const from = start;
      start += shapeOf(output)[axis] ?? 0;
      return build(shapeOf(output), (index) => at(x, index.with(axis, from + (index[axis] ?? 0))));
    });
  },
  slice: ([x = nothing], node) => {
    const [axis, start, step] = ["axis", "start", "step"].map((name) => attribute<number>(node, name)) as [
      number,
      number,
      number,
    ];
    return [build(outputShape(node), (index) => at(x, index.with(axis, start + step * (index[axis] ?? 0))))];
  },
  pad: ([x = nothing], node) => {
    const before = attribute<readonly number[]>(node, "before");
    const inside = (index: readonly number[]) => index.every((i, axis) => i >= 0 && i < (x.shape[axis] ?? 0));
    return [
      build(outputShape(node), (index) => {
        const source = index.map((i, axis) => i - (before[axis] ?? 0));
        return inside(source) ? at(x, source) : attribute<number>(node, "value");
      }),
    ];
  },

  matmul: ([a = nothing, b = nothing], node) => [
    product(a, b, node, attribute<boolean>(node, "transposeA"), attribute<boolean>(node, "transposeB")),
  ],
  linear: ([x = nothing, weight = nothing, bias = nothing], node) => {
    const xw = product(x, weight, node, false, false);
    return [build(xw.shape, (index) => at(xw, index) + at(bias, index))];
  },

  gather: ([x = nothing, indices = nothing], node) => {
    const axis = attribute<number>(node, "axis");
    const rank = indices.shape.length;
    return [
      build(outputShape(node), (index) => {
        const chosen = row(at(indices, index.slice(axis, axis + rank)), x.shape[axis]);
        return at(x, [...index.slice(0, axis), chosen, ...index.slice(axis + rank)]);
      }),
    ];
  },
  scatterAdd: ([x = nothing, indices = nothing, updates = nothing]) => {
    const rows = Array.from(indices.data, (index) => row(index, x.shape[0]));
    const flat = reshaped(updates, [rows.length, ...x.shape.slice(1)]);
    return [
      build(x.shape, (index) =>
        rows.reduce(
          (sum, target, i) => (target === index[0] ? sum + at(flat, [i, ...index.slice(1)]) : sum),
          at(x, index),
        ),
      ),
    ];
  },
  takeAlong: ([x = nothing, indices = nothing], node) => {
    const axis = attribute<number>(node, "axis");
    return [build(outputShape(node), (index) => at(x, index.with(axis, row(at(indices, index), x.shape[axis]))))];
  },
  addAlong: ([base = nothing, indices = nothing, updates = nothing], node) => {
    const axis = attribute<number>(node, "axis");
    const length = indices.shape[axis] ?? 0;
    return [
      build(base.shape, (index) => {
        const sources = Array.from({ length }, (_, i) => index.with(axis, i));
        const added = sources.filter((source) => row(at(indices, source), base.shape[axis]) === index[axis]);
        return total([at(base, index), ...added.map((source) => at(updates, source))]);
      }),
    ];
  },
  topK: ([x = nothing], node) => {
    const [axis, k] = [attribute<number>(node, "axis"), attribute<number>(node, "k")];
    const ranked = (line: readonly number[]) => ranking(line, attribute<boolean>(node, "largest")).slice(0, k);
    return [
      alongAxis(x, axis, (line) => ranked(line).map((position) => line[position] ?? Number.NaN)),
      alongAxis(x, axis, ranked),
    ];
  },

  flip: ([x = nothing], node) => {
    const axes = attribute<readonly number[]>(node, "axes");
    return [
      build(x.shape, (index) =>
        at(
          x,
          index.map((i, axis) => (axes.includes(axis) ? (x.shape[axis] ?? 0) - 1 - i : i)),
        ),
      ),
    ];
  },
  conv2d: ([x = nothing, weight = nothing, bias], node) => {
    const y = accumulator(outputShape(node), ([, o = 0]) => biasAt(bias, o));
    eachMeeting(node, x.shape, y.value.shape, weight, (large, small, w) => y.add(small, at(x, large) * at(weight, w)));
    return [y.value];
  },
  convTranspose2d: ([x = nothing, weight = nothing, bias], node) => {
    const y = accumulator(outputShape(node), ([, o = 0]) => biasAt(bias, o));
    eachMeeting(node, y.value.shape, x.shape, weight, (large, small, w) => y.add(large, at(x, small) * at(weight, w)));
    return [y.value];
  },
  conv2dInputGradient: ([g = nothing, weight = nothing], node) => {
    const y = accumulator(outputShape(node), () => 0);
    eachMeeting(node, y.value.shape, g.shape, weight, (large, small, w) => y.add(large, at(g, small) * at(weight, w)));
    return [y.value];
  },
  conv2dWeightGradient: ([x = nothing, g = nothing], node) => {
    const y = accumulator(outputShape(node), () => 0);
    eachMeeting(node, x.shape, g.shape, y.value, (large, small, w) => y.add(w, at(x, large) * at(g, small)));
    return [y.value];
  },
  maxPool2d: ([x = nothing], node) => {
    const best = (index: readonly number[]): Two => {
      const [n = 0, c = 0, row = 0, column = 0] = index;
      const inside = windowAt(node, row, column).filter(({ at: place }) => inImage(x, place));
      const values = inside.map(({ at: place }) => at(x, [n, c, ...place]));
      return inside[values.indexOf(Math.max(...values))]?.at ?? [Number.NaN, Number.NaN];
    };
    const [, channels = 0, height = 0, width = 0] = x.shape;
    return [
      build(outputShape(node), (index) => at(x, [...index.slice(0, 2), ...best(index)])),
      build(outputShape(node), (index) => {
        const [row, column] = best(index);
        return (((index[0] ?? 0) * channels + (index[1] ?? 0)) * height + row) * width + column;
      }),
    ];
  },
  avgPool2d: ([x = nothing], node) => [
    build(outputShape(node), (index) => {
      const [n = 0, c = 0, row = 0, column = 0] = index;
      return average(
        windowAt(node, row, column).map(({ at: place }) => (inImage(x, place) ? at(x, [n, c, ...place]) : 0)),
      );
    }),
  ],
  channelAffine: ([x = nothing, scale = nothing, shift = nothing]) => [
    build(x.shape, (index) => at(x, index) * at(scale, [index[1] ?? 0]) + at(shift, [index[1] ?? 0])),
  ],
  channelShift: ([x = nothing, shift = nothing]) => [
    build(x.shape, (index) => at(x, index) + at(shift, [index[1] ?? 0])),
  ],
  batchNorm: ([x = nothing, scale = nothing, shift = nothing], node) => {
    const channels = Array.from({ length: x.shape[1] ?? 0 }, (_, c) =>
      [...indices(x.shape)].filter((index) => index[1] === c).map((index) => at(x, index)),
    );
    const means = channels.map(average);
    const variances = channels.map((values, c) => average(values.map((value) => (value - (means[c] ?? 0)) ** 2)));
    const epsilon = attribute<number>(node, "epsilon");
    return [
      build(x.shape, (index) => {
        const c = index[1] ?? 0;
        const normal = (at(x, index) - (means[c] ?? 0)) / Math.sqrt((variances[c] ?? 0) + epsilon);
        return normal * at(scale, [c]) + at(shift, [c]);
      }),
      { shape: [means.length], data: Float64Array.from(means) },
      { shape: [means.length], data: Float64Array.from(variances) },
    ];
  },
  counterUniform: ([state = nothing], node) => {
    const weyl = 0x61c88647;
    const ofStep = hashed(at(state, [0]) + Math.imul(at(state, [1]), weyl));
    const ofDraw = hashed(ofStep + Math.imul(attribute<number>(node, "draw") + 1, weyl));
    const second = hashed(ofDraw + weyl);
    const shape = outputShape(node);
    const data = Float64Array.from(indices(shape), (_, i) => {
      const word = hashed(hashed(ofDraw + Math.imul(i, weyl)) ^ second);
      return (word >>> 8) * 2 ** -24;
    });
    return [{ shape, data }];
  },
};
