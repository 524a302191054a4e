/**
 * How the using thread and a worker talk. A request raises `asked` and notifies; the worker answers a step by raising `stepped` and notifying, which
 * costs a third of two messages. Everything else, failed steps included, is answered by a message.
 */
import type { Autoreset } from "./envCopies.ts";
import type { VectorSizes } from "./vectorArrays.ts";

/** What a worker is started with. */
export interface WorkerTask {
  readonly id: string;
  /** The file that defines the environment, where it is a user's own. */
  readonly module: string | undefined;
  readonly options: Readonly<Record<string, unknown>>;
  readonly autoreset: Autoreset;
  /** Its copies: `count` of them, from index `first` on. */
  readonly first: number;
  readonly count: number;
  /** Of all copies. */
  readonly sizes: VectorSizes;
  /** The arrays of all copies. */
  readonly arrays: SharedArrayBuffer;
  /** The {@link slots} below. */
  readonly control: SharedArrayBuffer;
}

/** Elements of the control block, an `Int32Array`. */
export const slots = {
  /** Number of requests so far. */
  asked: 0,
  /** Number of steps done. */
  stepped: 1,
  /** 1 where the latest request is a message, 0 where it is a step. */
  isMessage: 2,
} as const;

/** Bytes of the control block. */
export const controlBytes = 3 * Int32Array.BYTES_PER_ELEMENT;

/** A request that is no step. */
export type WorkerRequest =
  | { readonly kind: "reset"; readonly seed: number | undefined }
  | { readonly kind: "save" }
  | { readonly kind: "restore"; readonly states: readonly Float64Array[] };

/** A worker's message; the first says that it is ready. */
export type WorkerAnswer = { readonly states?: Float64Array[] } | { readonly error: string };
