/** The graph of generation: tokens that follow what the caches hold, to the distributions of the next ones. */
import {
  argmax,
  cachedAttention,
  compile,
  constant,
  div,
  exp,
  greater,
  input,
  log,
  max,
  mul,
  type Program,
  type SessionOptions,
  sub,
  sum,
  type Tensor,
  where,
} from "@era/tensor";
import type { DecoderConfig } from "../config.ts";
import { type DecoderParameters, decoderLayer, embed, finalNorm, outputLogits } from "../decoder.ts";
import { ropeTables } from "../rope.ts";

/**
 * Inputs, of any number of rows: `tokens` int64 `[rows, length]`, `isLast` `[rows, length, 1]` (1 at each row's last token, 0 elsewhere), `last`
 * int32 `[rows]` and `total` int32 `[1]` as in `cachedAttention`, `sharpness` `[]` (logits are multiplied by it: 1 / temperature), and the caches
 * of every layer `[rows, keyValueHeads, capacity, headWidth]`, which are written in place.
 *
 * Outputs, of the token after each row's last one: `probabilities` `[rows, vocabulary]`, `entropies` `[rows]` in nats, `likeliest` int64 `[rows]`.
 */
export type DecodingProgram = Program<"probabilities" | "entropies" | "likeliest">;

export const cacheNames = (layers: number): string[] =>
  Array.from({ length: layers }, (_, layer) => [`keys.${layer}`, `values.${layer}`]).flat();

/** Compiles it with the parameters' current values inside, matrices packed; later changes do not reach it. */
export async function compileDecoding(
  config: DecoderConfig,
  parameters: DecoderParameters,
  session: SessionOptions,
): Promise<DecodingProgram> {
  const { layers, keyValueHeads, headWidth, heads, maxLength } = config;
  const caches = cacheNames(layers).map((name) => input(name, ["rows", keyValueHeads, "capacity", headWidth]));
  const tables = ropeTables(config.rope, headWidth, maxLength);
  const table = (data: Float32Array) => constant(data, [maxLength, headWidth / 2]);
  const shared = {
    last: input("last", ["rows"], "int32"),
    total: input("total", [1], "int32"),
    cos: table(tables.cos),
    sin: table(tables.sin),
  };
  const overwrites: (readonly [Tensor, Tensor])[] = [];
  let x = embed(parameters, input("tokens", ["rows", "length"], "int64"));
  for (let index = 0; index < layers; index++) {
    x = decoderLayer(config, parameters, index, x, (query, key, value, layer) => {
      const [pastKey, pastValue] = caches.slice(2 * layer);
      if (!pastKey || !pastValue) throw new Error(`layer ${layer} has no cache`);
      const present = cachedAttention({ query, key, value, pastKey, pastValue, ...shared }, heads, keyValueHeads);
      overwrites.push([pastKey, present.key], [pastValue, present.value]);
      return present.attended;
    });
  }
  // Chosen and not weighted, because what stands in the padding may be anything.
  const isLast = greater(input("isLast", ["rows", "length", 1]), 0);
  const states = finalNorm(config, parameters, sum(where(isLast, x, 0), 1));
  const logits = outputLogits(config, parameters, states);
  const scaled = mul(logits, input("sharpness", []));
  const shifted = sub(scaled, max(scaled, -1, true));
  const weights = exp(shifted);
  const mass = sum(weights, -1, true);
  const probabilities = div(weights, mass);
  // −Σ p·log p = log Σ w − Σ w·log w / Σ w
  const entropies = sub(log(sum(weights, -1)), sum(mul(probabilities, shifted), -1));
  const outputs = { probabilities, entropies, likeliest: argmax(logits, -1) };
  // Folding would keep transposed copies of all matrices beside the packed ones.
  return compile({ outputs, overwrites }, { ...session, frozen: true, folds: false });
}
