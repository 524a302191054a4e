/** A standalone ONNX model, loaded to be run: an exported policy, or any other model with float32 inputs. */
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";
import { type DType, type TypedArray, toTypedArray } from "./dtype.ts";
import type { Feeds } from "./program.ts";
import { createSession, type SessionOptions, tensorMaker } from "./session.ts";
import { fillShape, type Shape } from "./shape.ts";

/** One input or output of a loaded model; named dimensions are free. */
export interface ModelValue {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
}

export class LoadedModel {
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
  readonly #session: InferenceSession;
  readonly #makeTensor: (dtype: DType, data: TypedArray, shape: readonly number[]) => OrtTensor;

  private constructor(session: InferenceSession, makeTensor: Awaited<ReturnType<typeof tensorMaker>>) {
    this.#session = session;
    this.#makeTensor = makeTensor;
    this.inputs = session.inputMetadata.map(describe);
    this.outputs = session.outputMetadata.map(describe);
  }

  /** Loads a serialized model. Throws Error where the bytes are no model that ONNX Runtime can run. */
  static async load(bytes: Uint8Array, options: SessionOptions = {}): Promise<LoadedModel> {
    let session: InferenceSession;
    try {
      session = await createSession(bytes, options);
    } catch (error) {
      const [line = ""] = (error as Error).message.split("\n");
      throw new Error(`not an ONNX model that can be run: ${line}`);
    }
    return new LoadedModel(session, await tensorMaker());
  }

  /**
   * Runs the model; a free dimension takes the size that the values fill. Returns the outputs in row-major order.
   * Throws where an input is missing, unknown or of a length that does not fit.
   * @param outputs names of those that are needed: only what they depend on is computed
   */
  async run(
    feeds: Feeds,
    outputs: readonly string[] = this.outputs.map(({ name }) => name),
  ): Promise<Record<string, TypedArray>> {
    const unknown = Object.keys(feeds).find((name) => !this.inputs.some((value) => value.name === name));
    if (unknown !== undefined) {
      throw new Error(
        `run: there is no input "${unknown}"; inputs are ${this.inputs.map(({ name }) => name).join(", ")}`,
      );
    }
    const fed = this.inputs.map(({ name, shape, dtype }) => {
      const values = feeds[name];
      if (values === undefined) throw new Error(`run: the input "${name}" is missing`);
      const data = toTypedArray(dtype, values as TypedArray);
      return [name, this.#makeTensor(dtype, data, fillShape(name, shape, data.length))] as const;
    });
    const results = await this.#session.run(Object.fromEntries(fed), [...outputs]);
    return Object.fromEntries(outputs.map((name) => [name, results[name]?.data as TypedArray]));
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }
}

function describe(value: InferenceSession.ValueMetadata): ModelValue {
  if (!value.isTensor) throw new Error(`the model's ${value.name} is not a tensor`);
  return { name: value.name, shape: value.shape, dtype: value.type as DType };
}
