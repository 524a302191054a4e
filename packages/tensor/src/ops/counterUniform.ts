/**
 * Uniform random numbers within a graph, by hashing counters: the same state gives the same numbers, so that a resumed run draws what the
 * uninterrupted one would. ONNX's own generators have a state that nobody can read.
 */
import type { Emitter } from "../emitter.ts";
import { formatShape, ShapeError, sameShape, sizeOf, staticShape } from "../shape.ts";
import { type Attributes, apply, type Operation, type Tensor } from "../tensor.ts";

interface CounterAttributes extends Attributes {
  readonly draw: number;
  readonly shape: readonly number[];
}

/** 2³² divided by the golden ratio squared, odd: multiples of it modulo 2³² are spread evenly. Below 2³¹, so that products stay in int64. */
const weyl = 0x61c88647;
const word = 2 ** 32;

/** Words are held as int64 from 0 to 2³² − 1, since ONNX Runtime multiplies no unsigned integers. */
const uint64Type = 13;
const int64Type = 7;
const number = (emit: Emitter, value: number) => emit.constant("int64", [], BigInt64Array.of(BigInt(value)));
const lowWord = (emit: Emitter, x: string) => emit.node("BitwiseAnd", [x, number(emit, word - 1)]);

/** x ⊕ (x ≫ bits). */
function shifted(emit: Emitter, x: string, bits: number): string {
  const unsigned = emit.node("Cast", [x], { to: uint64Type });
  const amount = emit.node("Cast", [number(emit, bits)], { to: uint64Type });
  const right = emit.node("BitShift", [unsigned, amount], { direction: "RIGHT" });
  return emit.node("BitwiseXor", [x, emit.node("Cast", [right], { to: int64Type })]);
}

/** A bijection of words that leaves no bit alone: lowbias32, found by search for the least bias (C. Wellons, "hash-prospector"). */
function mixed(emit: Emitter, x: string): string {
  const times = (y: string, factor: number) => lowWord(emit, emit.node("Mul", [y, number(emit, factor)]));
  return shifted(emit, times(shifted(emit, times(shifted(emit, x, 16), 0x21f0aaad), 15), 0x735a2d97), 15);
}

const counterUniformOperation: Operation<CounterAttributes> = {
  name: "counterUniform",
  lower: (emit, [state = ""], node) => {
    const { draw, shape } = node.attributes;
    const plus = (a: string, b: string) => lowWord(emit, emit.node("Add", [a, b]));
    const [key, step] = [0, 1].map((i) => lowWord(emit, emit.node("Gather", [state, number(emit, i)])));
    const steps = emit.node("Mul", [step ?? "", number(emit, weyl)]);
    const ofStep = mixed(emit, plus(key ?? "", steps));
    const ofDraw = mixed(emit, plus(ofStep, number(emit, ((draw + 1) * weyl) % word)));
    const second = mixed(emit, plus(ofDraw, number(emit, weyl)));
    const positions = emit.node("Range", [number(emit, 0), number(emit, sizeOf(shape)), number(emit, 1)]);
    const counters = plus(ofDraw, emit.node("Mul", [positions, number(emit, weyl)]));
    // Twice, with two keys: otherwise two draws would be parts of one sequence.
    const hashed = mixed(emit, emit.node("BitwiseXor", [mixed(emit, counters), second]));
    const high = emit.cast(lowBitsCut(emit, hashed), "float32");
    return [emit.reshaped(emit.node("Mul", [high, emit.scalar("float32", 2 ** -24)]), [sizeOf(shape)], shape)];
  },
};

/** The upper 24 bits of words, which float32 holds exactly. */
function lowBitsCut(emit: Emitter, x: string): string {
  const amount = emit.node("Cast", [number(emit, 8)], { to: uint64Type });
  const unsigned = emit.node("Cast", [x], { to: uint64Type });
  return emit.node("Cast", [emit.node("BitShift", [unsigned, amount], { direction: "RIGHT" })], { to: int64Type });
}

/**
 * Uniform numbers in [0, 1), multiples of 2⁻²⁴: a function of the state `[key, step]` (int64, from 0 to 2³² − 1), of `draw` (a number
 * for each use in a program) and of the position. float32, not differentiable. See `RandomStream`.
 */
export function counterUniform(state: Tensor, draw: number, shape: readonly number[]): Tensor {
  if (state.dtype !== "int64" || !sameShape(state.shape, [2])) {
    throw new ShapeError(`counterUniform: the state must be int64 [2], not ${state.dtype} ${formatShape(state.shape)}`);
  }
  if (!(Number.isInteger(draw) && draw >= 0 && draw < 2 ** 20)) {
    throw new RangeError(`counterUniform: draw is ${draw}; it must be a whole number from 0 to 2^20`);
  }
  const fixed = staticShape("counterUniform", shape);
  if (sizeOf(fixed) > 2 ** 31)
    throw new ShapeError(`counterUniform: ${formatShape(shape)} has more than 2^31 elements`);
  return apply(counterUniformOperation, [state], { draw, shape: fixed }, { shape, dtype: "float32" });
}
