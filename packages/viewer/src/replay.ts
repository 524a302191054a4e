/** A recorded episode as the page carries it, and its way into text and back: JSON with the numbers as base64, compressed. */
import type { Scene } from "@era/control";

export interface Replay {
  /** The environment. */
  readonly title: string;
  /** What was played: algorithm, run, seed. */
  readonly subtitle: string;
  readonly scene: Scene;
  /** Seconds of simulated time at each state, `[states]`. */
  readonly times: Float32Array;
  /** The first pose of every body, `[bodies, 7]`: x, y, z, then w, x, y, z of the quaternion. */
  readonly rest: Float32Array;
  /** Numbers of the bodies that ever move. */
  readonly moving: readonly number[];
  /** Their poses, `[states, moving, 7]`. */
  readonly poses: Float32Array;
  /** Of each step, `[states − 1]`. */
  readonly rewards: Float32Array;
  /** Entropy in nats of the policy at each step's state, `[states − 1]`; left out where it is not known. */
  readonly entropies?: Float32Array;
  /** What no state's entropy falls below, in nats; left out where nothing is promised. */
  readonly entropyFloor?: number;
}

const arrays = { Float32Array, Int32Array, Uint8Array } as const;
type ArrayName = keyof typeof arrays;

/** The replay as base64 text. */
export async function encodeReplay(replay: Replay): Promise<string> {
  const json = JSON.stringify(replay, (_, value: unknown) => {
    for (const [name, type] of Object.entries(arrays)) {
      if (value instanceof type) {
        return { [name]: toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) };
      }
    }
    return value;
  });
  return toBase64(await through(new CompressionStream("gzip"), new TextEncoder().encode(json)));
}

/** Reads back what {@link encodeReplay} wrote. Throws where the text is damaged. */
export async function decodeReplay(text: string): Promise<Replay> {
  const json = new TextDecoder().decode(await through(new DecompressionStream("gzip"), fromBase64(text)));
  return JSON.parse(json, (_, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    for (const name of Object.keys(arrays) as ArrayName[]) {
      const encoded: unknown = Reflect.get(value, name);
      if (typeof encoded === "string") return new arrays[name](fromBase64(encoded).buffer);
    }
    return value;
  }) as Replay;
}

async function through(
  transform: CompressionStream | DecompressionStream,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(transform);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function toBase64(bytes: Uint8Array): string {
  // A call takes only so many arguments.
  const PART = 1 << 14;
  let binary = "";
  for (let at = 0; at < bytes.length; at += PART) binary += String.fromCharCode(...bytes.subarray(at, at + PART));
  return btoa(binary);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
