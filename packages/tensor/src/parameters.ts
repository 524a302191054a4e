/** Between a group's flat vector and its parameters by name. */

import { grad } from "./grad.ts";
import { concat, reshape, split } from "./ops/layout.ts";
import { sizeOf } from "./shape.ts";
import type { Parameters } from "./state.ts";
import type { Tensor } from "./tensor.ts";

/** The gradient of the loss with respect to a whole group, as one flat vector in the group's order. */
export function flatGradient(loss: Tensor, parameters: Parameters): Tensor {
  const gradients = grad(loss, Object.values(parameters.tensors));
  return concat(gradients.map((gradient) => reshape(gradient, [-1])));
}

/** The parameters by name of another flat vector in the group's order, such as its updated value. */
export function unflatten<K extends string>(flat: Tensor, parameters: Parameters<K>): Record<K, Tensor> {
  const entries = Object.entries(parameters.tensors) as [K, Tensor][];
  const parts = split(
    flat,
    entries.map(([, tensor]) => sizeOf(tensor.shape)),
  );
  return Object.fromEntries(
    entries.map(([name, tensor], i) => [name, reshape(parts[i] as Tensor, tensor.shape)]),
  ) as Record<K, Tensor>;
}
