/** From expressions to an ONNX model: the graph is written node by node, variables as inputs or with their current values. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { onnxType } from "./dtype.ts";
import { Emitter } from "./emitter.ts";
import { ModelProtoSchema, type ValueInfoProto, ValueInfoProtoSchema } from "./onnx/onnx_pb.ts";
import { formatShape, type Shape, sameShape } from "./shape.ts";
import { inputName, type Tensor, type TensorType, variableOf } from "./tensor.ts";
import { topologicalOrder } from "./topology.ts";

/** Operator set 20 of ONNX (2023), the first with Gelu; IR version 9 goes with it. */
const opsetVersion = 20n;
const irVersion = 9n;

export interface Model {
  /** The serialized ONNX ModelProto. */
  readonly bytes: Uint8Array;
  /** The fed inputs, by name. */
  readonly inputs: ReadonlyMap<string, TensorType>;
  /** The variables read, under the names their inputs have in the graph; empty where they are frozen. */
  readonly variables: ReadonlyMap<string, Tensor>;
  /** What lies outside `bytes`: the values of large constants, views of the arrays that they were given as. */
  readonly external: ReadonlyMap<string, Uint8Array>;
  /** Number of ONNX nodes as written, before ONNX Runtime's own optimizations. */
  readonly nodeCount: number;
}

export interface ModelOptions {
  /** Variables are stored with their current values instead of being inputs (inference, export). */
  readonly frozen?: boolean;
  /** Large constants stay outside the serialized model, which then has no limit of 2 GiB and no copies of them. */
  readonly external?: boolean;
  /** Stored in the model's metadata_props. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Name of a first output besides the others, an empty sequence: see `runInto` in session.ts. */
  readonly sentinel?: string;
  /** Channels that the runtime's layout of images keeps together; 1 (default): a model for any runtime. */
  readonly channelBlock?: number;
}

/**
 * Writes a model whose outputs bear the given names.
 * @throws Error where an output's name is taken by an input or two inputs of one name differ
 */
export function buildModel(
  outputs: Readonly<Record<string, Tensor>>,
  { frozen = false, external = false, metadata = {}, sentinel, channelBlock = 1 }: ModelOptions = {},
): Model {
  const order = topologicalOrder(Object.values(outputs));
  const inputNames = order.flatMap((node) => node.outputs.flatMap((output) => inputName(output) ?? []));
  const taken = inputNames.find((name) => name in outputs);
  if (taken !== undefined) throw new Error(`output "${taken}": an input has that name`);
  const emit = new Emitter([...Object.keys(outputs), ...inputNames], { external, channelBlock });
  const inputs = new Map<string, TensorType>();
  const variables = new Map<string, Tensor>();
  const names = new Map<Tensor, string>();

  const leafName = (tensor: Tensor): string | undefined => {
    const fed = inputName(tensor);
    if (fed !== undefined) {
      const known = inputs.get(fed);
      if (known && !(sameShape(known.shape, tensor.shape) && known.dtype === tensor.dtype)) {
        throw new Error(
          `input "${fed}" is both ${formatShape(known.shape)} ${known.dtype} and ${formatShape(tensor.shape)} ${tensor.dtype}`,
        );
      }
      inputs.set(fed, tensor);
      return fed;
    }
    const read = variableOf(tensor);
    if (!read) return undefined;
    const { variable, offset } = read;
    if (frozen) {
      const length = (tensor.shape as readonly number[]).reduce((product, dim) => product * dim, 1);
      const data = variable.buffers[0].subarray(offset, offset + length);
      return emit.constant(tensor.dtype, tensor.shape as readonly number[], data);
    }
    // Variables of two states may have one name.
    let name = `${variable.name}@${offset}${formatShape(tensor.shape)}`;
    const isOther = (known: Tensor | undefined) => known && variableOf(known)?.variable !== variable;
    while (isOther(variables.get(name))) name += "'";
    variables.set(name, tensor);
    return name;
  };

  for (const node of order) {
    const leaf = node.outputs[0] && leafName(node.outputs[0]);
    const operands = node.inputs.map((tensor) => names.get(tensor) ?? "");
    const lowered = leaf !== undefined ? [leaf] : node.operation.lower(emit, operands, node);
    node.outputs.forEach((output, i) => {
      names.set(output, lowered[i] ?? "");
    });
  }

  // Each output needs a name of its own on a value that a node produced: rename that value, or copy it where it has a name already.
  const produced = new Set(emit.graph.flatMap((node) => node.output));
  const renamed = new Map<string, string>();
  for (const [name, tensor] of Object.entries(outputs)) {
    const value = names.get(tensor) ?? "";
    if (produced.has(value) && !renamed.has(value)) renamed.set(value, name);
    else renamed.set(emit.copy(value, name), name);
  }
  for (const node of emit.graph) {
    node.input = node.input.map((name) => renamed.get(name) ?? name);
    node.output = node.output.map((name) => renamed.get(name) ?? name);
  }

  if (sentinel !== undefined) emit.emptySequence(sentinel);
  const { graph, initializers } = used(emit, [...Object.keys(outputs), ...(sentinel === undefined ? [] : [sentinel])]);
  const model = create(ModelProtoSchema, {
    irVersion,
    opsetImport: [
      { domain: "", version: opsetVersion },
      ...[...emit.domains].map((domain) => ({ domain, version: 1n })),
    ],
    producerName: "era",
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: "era",
      node: graph,
      initializer: initializers,
      input: [...inputs, ...variables].map(([name, type]) => valueInfo(name, type)),
      output: [
        ...(sentinel === undefined ? [] : [sequenceInfo(sentinel)]),
        ...Object.entries(outputs).map(([name, type]) => valueInfo(name, type)),
      ],
    },
  });
  const isUsed = new Set(initializers.map(({ name }) => name));
  return {
    bytes: toBinary(ModelProtoSchema, model),
    inputs,
    variables,
    external: new Map([...(emit.external ?? [])].filter(([name]) => isUsed.has(name))),
    nodeCount: graph.length,
  };
}

/** What the outputs depend on of all that was written. */
function used({ graph, initializers }: Emitter, outputs: readonly string[]) {
  const needed = new Set(outputs);
  const kept = graph.toReversed().filter(({ input, output }) => {
    const isUsed = output.some((name) => needed.has(name));
    if (isUsed) for (const name of input) needed.add(name);
    return isUsed;
  });
  return { graph: kept.reverse(), initializers: initializers.filter(({ name }) => needed.has(name)) };
}

/** A sequence of float32 tensors. */
function sequenceInfo(name: string): ValueInfoProto {
  const tensor = { value: { case: "tensorType" as const, value: { elemType: onnxType.float32 } } };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: "sequenceType", value: { elemType: tensor } } } });
}

function valueInfo(name: string, { shape, dtype }: { shape: Shape; dtype: TensorType["dtype"] }): ValueInfoProto {
  const dim = shape.map((size) => ({
    value:
      typeof size === "number"
        ? { case: "dimValue" as const, value: BigInt(size) }
        : { case: "dimParam" as const, value: size },
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: onnxType[dtype], shape: { dim } } } },
  });
}

/**
 * A standalone ONNX model of an inference expression, with the current values of its variables inside. Named dimensions stay free.
 * @param metadata stored in the model's metadata_props
 */
export function exportOnnx(
  outputs: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return buildModel(outputs, { frozen: true, metadata }).bytes;
}

/**
 * The strings that {@link exportOnnx} stored in a model.
 * @throws Error where the bytes are no ONNX model
 */
export function modelMetadata(model: Uint8Array): Record<string, string> {
  const { metadataProps } = fromBinary(ModelProtoSchema, model);
  return Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]));
}
