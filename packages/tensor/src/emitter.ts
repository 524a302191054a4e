/** Writes ONNX nodes. Equal nodes are written once: this is the compiler's common-subexpression elimination. */
import { create } from "@bufbuild/protobuf";
import { allocate, type DType, isModerate, onnxType, type TypedArray } from "./dtype.ts";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type NodeProto,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from "./onnx/onnx_pb.ts";
import { type Shape, sameShape } from "./shape.ts";

/** A float attribute; a bare number is an integer one. */
export interface FloatAttribute {
  readonly float: number;
}
export type OnnxAttribute = number | string | readonly number[] | FloatAttribute;

/** Elements start, start + step, … below end along an axis. */
export interface Range {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** The operator, operands and attributes of a node. */
export interface Made {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** Domain of the operators that ONNX Runtime's optimizer puts in for convolutions with constant weights; a model may have them too. */
export const blockedDomain = "com.microsoft.nchwc";

/** Constants of fewer bytes lie in the model in any case: shapes and axes, which ONNX Runtime reads while it plans. */
const leastExternalBytes = 1024;

export class Emitter {
  readonly graph: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  /** The values of the constants that lie outside the model, by the constants' names; undefined: all lie in it. */
  readonly external: Map<string, Uint8Array> | undefined;
  /** Channels that the runtime's own layout of images keeps together, as `channelBlock` finds them; 1: it is not to be used. */
  readonly channelBlock: number;
  /** Domains of operators besides ONNX's own. */
  readonly domains = new Set<string>();
  readonly #written = new Map<string, readonly string[]>();
  readonly #constants = new Map<string, string>();
  readonly #multiples = new Map<string, { readonly source: string; readonly factor: number }>();
  readonly #reshaped = new Map<string, { readonly source: string; readonly shape: Shape }>();
  readonly #sliced = new Map<string, { readonly source: string; readonly ranges: readonly Range[] }>();
  readonly #made = new Map<string, Made>();
  readonly #blocked = new Map<string, string>();
  readonly #unblocked = new Map<string, string>();
  readonly #reserved: ReadonlySet<string>;
  #count = 0;

  /**
   * @param reserved names that no value written here may take
   * @param options.external whether large constants stay outside the model, in `external`, as views of the arrays that were given
   */
  constructor(reserved: Iterable<string> = [], { external = false, channelBlock = 1 } = {}) {
    this.#reserved = new Set(reserved);
    this.external = external ? new Map() : undefined;
    this.channelBlock = channelBlock;
  }

  #name(prefix: string): string {
    for (;;) {
      const name = `${prefix}_${this.#count++}`;
      if (!this.#reserved.has(name)) return name;
    }
  }

  /** One node with one output; returns the output's name. */
  node(type: string, inputs: readonly string[], attributes: Readonly<Record<string, OnnxAttribute>> = {}): string {
    return this.nodes(type, inputs, attributes, 1)[0] ?? "";
  }

  /** One node with several outputs; returns their names. Operators outside ONNX are named with their domain: "com.microsoft.Name". */
  nodes(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
    outputCount: number,
  ): readonly string[] {
    const key = JSON.stringify([type, inputs, attributes, outputCount]);
    const written = this.#written.get(key);
    if (written) return written;
    const domain = type.slice(0, Math.max(type.lastIndexOf("."), 0));
    const opType = domain === "" ? type : type.slice(domain.length + 1);
    if (domain !== "") this.domains.add(domain);
    const output = Array.from({ length: outputCount }, () => this.#name(opType));
    const attribute = Object.entries(attributes).map(([name, value]) => toAttribute(name, value));
    this.graph.push(
      create(NodeProtoSchema, { domain, opType, name: output[0] ?? "", input: [...inputs], output, attribute }),
    );
    this.#written.set(key, output);
    for (const name of output) this.#made.set(name, { type, inputs, attributes });
    return output;
  }

  /** What computes a value; undefined of inputs and constants. */
  made(x: string): Made | undefined {
    return this.#made.get(x);
  }

  /** Images `[batch, channels, height, width]` in the runtime's own layout. */
  blocked(x: string): string {
    const known = this.#blocked.get(x);
    if (known !== undefined) return known;
    const y = this.node(`${blockedDomain}.ReorderInput`, [x]);
    this.sameImages(x, y);
    return y;
  }

  /** Whether images have been computed in the runtime's own layout. */
  hasBlocked(x: string): boolean {
    return this.#blocked.has(x);
  }

  /** Images that are in the runtime's own layout, in the usual one: the node falls away where nothing needs that. */
  unblocked(y: string, channels: number): string {
    const known = this.#unblocked.get(y);
    if (known !== undefined) return known;
    const x = this.node(`${blockedDomain}.ReorderOutput`, [y], { channels });
    this.sameImages(x, y);
    return x;
  }

  /** Says that x in the usual layout and y in the runtime's own are the same images. */
  sameImages(x: string, y: string): void {
    this.#blocked.set(x, y);
    this.#unblocked.set(y, x);
  }

  /** A constant tensor; equal small ones are stored once. */
  constant(dtype: DType, shape: readonly number[], data: TypedArray): string {
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key = data.length <= 64 ? `${dtype}[${shape.join()}]${rawData.join()}` : undefined;
    const known = key && this.#constants.get(key);
    if (known) return known;
    const name = this.#name("constant");
    const proto = create(TensorProtoSchema, { name, dims: shape.map(BigInt), dataType: onnxType[dtype] });
    if (this.external && rawData.length >= leastExternalBytes) {
      this.external.set(name, rawData);
      proto.dataLocation = TensorProto_DataLocation.EXTERNAL;
      const place = { location: name, offset: "0", length: `${rawData.length}` };
      for (const [key, value] of Object.entries(place)) {
        proto.externalData.push(create(StringStringEntryProtoSchema, { key, value }));
      }
    } else proto.rawData = rawData;
    this.initializers.push(proto);
    if (key) this.#constants.set(key, name);
    return name;
  }

  scalar(dtype: DType, value: number): string {
    const data = allocate(dtype, 1);
    if (data instanceof BigInt64Array) data[0] = BigInt(value);
    else data[0] = value;
    return this.constant(dtype, [], data);
  }

  /** A vector of one repeated value. */
  filled(dtype: Exclude<DType, "int64">, length: number, value: number): string {
    const key = `${dtype}[${length}]×${value}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const data = allocate(dtype, length) as Exclude<TypedArray, BigInt64Array>;
    const name = this.constant(dtype, [length], data.fill(value));
    this.#constants.set(key, name);
    return name;
  }

  /** A vector of int64, as shapes and axes are given to ONNX. */
  int64(values: readonly number[]): string {
    return this.constant("int64", [values.length], BigInt64Array.from(values, BigInt));
  }

  float(value: number): FloatAttribute {
    return { float: value };
  }

  /** A copy of a value under a new name; unlike other nodes never shared. */
  copy(x: string, name: string): string {
    this.graph.push(create(NodeProtoSchema, { opType: "Identity", name: `copy_${name}`, input: [x], output: [name] }));
    return name;
  }

  /** x·factor; of a value that is itself a multiple, the multiple of its source. */
  scaled(x: string, factor: number, dtype: DType): string {
    const known = this.#multiples.get(x);
    const multiple =
      known && isModerate(known.factor * factor)
        ? { source: known.source, factor: known.factor * factor }
        : { source: x, factor };
    if (multiple.factor === 1) return multiple.source;
    const name = this.node("Mul", [multiple.source, this.scalar(dtype, multiple.factor)]);
    this.#multiples.set(name, multiple);
    return name;
  }

  /** x of one shape under another; of a value that is itself reshaped, its source under that shape. A named dimension is left for ONNX to infer. */
  reshaped(x: string, from: Shape, to: Shape): string {
    const { source, shape } = this.#reshaped.get(x) ?? { source: x, shape: from };
    if (sameShape(shape, to)) return source;
    const name = this.node("Reshape", [source, this.int64(to.map((dim) => (typeof dim === "number" ? dim : -1)))]);
    this.#reshaped.set(name, { source, shape });
    return name;
  }

  /** The elements of x in a range; of a value that is itself sliced along other axes, its source sliced along all in one pass. */
  sliced(x: string, range: Range): string {
    const known = this.#sliced.get(x);
    const isOther = known?.ranges.every(({ axis }) => axis !== range.axis);
    const { source, ranges } =
      known && isOther ? { source: known.source, ranges: [...known.ranges, range] } : { source: x, ranges: [range] };
    const all = (of: (range: Range) => number) => this.int64(ranges.map(of));
    const operands = [all((r) => r.start), all((r) => r.end), all((r) => r.axis), all((r) => r.step)];
    const name = this.node("Slice", [source, ...operands]);
    this.#sliced.set(name, { source, ranges });
    return name;
  }

  /** x limited to [low, high]; an infinite limit is none. */
  clip(x: string, dtype: DType, low: number, high: number): string {
    const least = Number.isFinite(low) ? this.scalar(dtype, low) : "";
    if (Number.isFinite(high)) return this.node("Clip", [x, least, this.scalar(dtype, high)]);
    return least === "" ? x : this.node("Clip", [x, least]);
  }

  /** An empty sequence of float32 tensors. */
  emptySequence(name: string): void {
    this.graph.push(create(NodeProtoSchema, { opType: "SequenceEmpty", name, output: [name] }));
  }

  cast(x: string, to: DType): string {
    return this.node("Cast", [x], { to: onnxType[to] });
  }
}

function toAttribute(name: string, value: OnnxAttribute): AttributeProto {
  if (typeof value === "number")
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  if (typeof value === "string") {
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  }
  if ("float" in value) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}
