import { reshape, softmax, type Tensor } from "@era/tensor";

/**
 * Simplicial normalization (Lavoie et al. 2022; official common/layers.py, SimNorm): a softmax over each group of `groupSize` neighbours of
 * the last axis, so that a latent state is a list of points on simplices and cannot explode. x `[…, latent]` with latent a multiple of it.
 */
export function simNorm(x: Tensor, groupSize: number): Tensor {
  const width = Number(x.shape.at(-1));
  const groups = reshape(x, [...x.shape.slice(0, -1), width / groupSize, groupSize]);
  return reshape(softmax(groups), x.shape);
}
