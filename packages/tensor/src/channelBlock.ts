/** Whether ONNX Runtime has its own layout of images here, in which its convolutions are fastest. */
import { blockedDomain } from "./emitter.ts";
import { buildModel } from "./model.ts";
import { copiesFetches, createSession, type SessionOptions, tensorMaker } from "./session.ts";
import { type Attributes, apply, input, type Operation } from "./tensor.ts";

let known: Promise<number> | undefined;

/**
 * Channels that lie together in ONNX Runtime's layout "NCHWc", `[batch, channels / block, height, width, block]`: 16 with AVX-512, 8 with AVX;
 * 1 where there is no such layout. Found by asking the runtime to reorder a few numbers.
 */
export function channelBlock({ providers = ["cpu"] }: SessionOptions = {}): Promise<number> {
  // Other packages and other processors have kernels of their own.
  if (!copiesFetches() || providers.some((provider) => provider !== "cpu")) return Promise.resolve(1);
  known ??= findBlock().catch(() => 1);
  return known;
}

const reorder: Operation<Attributes> = {
  name: "reorder",
  lower: (emit, inputs) => [emit.node(`${blockedDomain}.ReorderInput`, inputs)],
};

async function findBlock(): Promise<number> {
  const type = { shape: [1, 64, 1, 2], dtype: "float32" } as const;
  const { bytes } = buildModel({ reordered: apply(reorder, [input("x", type.shape)], {}, type) });
  const session = await createSession(bytes, { threads: 1 });
  try {
    // Pixel p of channel c is 2c + p: the 1 comes after the first pixel's channels.
    const makeTensor = await tensorMaker();
    const pixels = Float32Array.from({ length: 128 }, (_, i) => i);
    const { reordered } = await session.run({ x: makeTensor("float32", pixels, type.shape) });
    return reordered ? Math.max((reordered.data as Float32Array).indexOf(1), 1) : 1;
  } finally {
    await session.release();
  }
}
