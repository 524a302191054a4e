/**
 * Split batch normalization (Xie et al. 2020, "auxiliary batch norm"; timm's `convert_splitbn_model`): in training each part of the batch is normalized by
 * itself, with parameters and running statistics of its own. Inference knows the first part's only.
 */
import { type Kept, splitPrefix } from "./layer.ts";
import type { Network } from "./network.ts";

const parts = ["weight", "bias", "running_mean", "running_var"];

/** A network that normalizes each of `splits` equal parts of its training batches by itself. */
export function withSplitNormalization(network: Network, splits: number): Network {
  const isNormalization = new Set(
    network.keeps
      .filter(({ name }) => name.endsWith("running_mean"))
      .map(({ name }) => name.replace(/running_mean$/, "")),
  );
  const keeps = network.keeps.flatMap((kept): Kept[] => {
    const part = parts.find(
      (name) => kept.name.endsWith(name) && isNormalization.has(kept.name.slice(0, -name.length)),
    );
    if (part === undefined) return [kept];
    const prefix = kept.name.slice(0, -part.length);
    return Array.from({ length: splits }, (_, split) => ({ ...kept, name: `${prefix}${splitPrefix(split)}${part}` }));
  });
  return { ...network, keeps, forward: (x, pass) => network.forward(x, { ...pass, splits }) };
}
