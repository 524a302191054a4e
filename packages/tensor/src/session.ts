/**
 * ONNX Runtime, the one place that knows which. In Node it is onnxruntime-node; elsewhere (a browser) the program says
 * `useRuntime(await import("onnxruntime-web"))` before it compiles.
 */
import type {
  InferenceSession,
  InferenceSessionFactory,
  Tensor as OrtTensor,
  TensorConstructor,
} from "onnxruntime-common";
import type { DType, TypedArray } from "./dtype.ts";

/** What is used of an ONNX Runtime package. */
export interface Runtime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
}

export interface SessionOptions {
  /** Threads inside an operation; ONNX Runtime's default is one a physical core. */
  readonly threads?: number;
  /** Execution providers in order of preference: "cpu" (default), "cuda", "webgpu", … as the runtime package offers them. */
  readonly providers?: readonly string[];
  /**
   * false: memory is taken value by value at every run, instead of as one block from the second run on. ONNX Runtime keeps what the first run
   * took besides that block, so a program whose values are large needs up to twice the memory with it.
   */
  readonly memoryPattern?: boolean;
  /** Writes ONNX Runtime's own profile to a file that starts with this prefix. */
  readonly profile?: string;
  /**
   * Whether ONNX Runtime computes what depends on constants alone when it loads the model (default). It then keeps a transposed copy of each
   * constant matrix that is multiplied transposed, where its matrix products could have taken it as it is.
   */
  readonly folds?: boolean;
}

let runtime: Runtime | undefined;
let isChosen = false;

/** Chooses the ONNX Runtime package for every session created from now on. */
export function useRuntime(chosen: Runtime): void {
  runtime = chosen;
  isChosen = true;
}

export async function loadRuntime(): Promise<Runtime> {
  runtime ??= (await import("onnxruntime-node")) as unknown as Runtime;
  return runtime;
}

/**
 * Creates a session for a serialized model.
 * @param external the values that lie outside it, by their location; not needed any more once the session is there
 */
export async function createSession(
  model: Uint8Array,
  { threads, providers = ["cpu"], memoryPattern = true, profile, folds = true }: SessionOptions = {},
  external: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<InferenceSession> {
  const { InferenceSession } = await loadRuntime();
  return InferenceSession.create(model, {
    executionProviders: [...providers],
    graphOptimizationLevel: "all",
    executionMode: "sequential",
    logSeverityLevel: 3,
    enableMemPattern: memoryPattern,
    ...(external.size > 0 && { externalData: [...external].map(([path, data]) => ({ path, data })) }),
    ...(!folds && { extra: { optimization: { disable_specified_optimizers: "ConstantFolding" } } }),
    ...(threads !== undefined && { intraOpNumThreads: threads }),
    ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
  });
}

/** An ONNX Runtime tensor over the array, without a copy. */
export async function tensorMaker(): Promise<(dtype: DType, data: TypedArray, shape: readonly number[]) => OrtTensor> {
  const { Tensor } = await loadRuntime();
  return (dtype, data, shape) => new Tensor(dtype, data as never, [...shape]);
}

/**
 * Whether the runtime copies every fetched value into a new array, even where it was given a buffer to write it to, as
 * onnxruntime-node 1.30 does: 13 MB at each update of a SAC agent of width 512, a quarter of its time.
 */
export const copiesFetches = (): boolean => !isChosen;

/**
 * Runs a session whose fetches all have buffers; on return these hold the values. The model's first output must be a sequence where
 * the runtime copies fetches: onnxruntime-node cannot convert one, and says so after the run is complete and before it would copy anything.
 * A runtime that learns to convert sequences only costs the time again.
 */
export async function runInto(
  session: InferenceSession,
  feeds: Readonly<Record<string, OrtTensor>>,
  fetches: Readonly<Record<string, OrtTensor | null>>,
): Promise<void> {
  try {
    await session.run(feeds, fetches);
  } catch (error) {
    if (!(error as Error).message.startsWith("Non tensor type")) throw error;
  }
}
