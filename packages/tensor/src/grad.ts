/** Reverse-mode differentiation: gradients are expressions, built from each operation's vector-Jacobian product. */

import { isFloat, requireFloat } from "./dtype.ts";
import { add } from "./ops/elementwise.ts";
import { expand } from "./ops/layout.ts";
import { formatShape, ShapeError, sameShape } from "./shape.ts";
import { constant, type Node, type Tensor } from "./tensor.ts";
import { topologicalOrder } from "./topology.ts";

/**
 * Gradients of the scalar `loss` with respect to each of `parameters` (any values that the loss depends on), in the same structure:
 * a list gives a list, a record a record. A parameter that the loss does not depend on gets zeros.
 * Throws ShapeError where the loss is not a scalar, Error where the path to a parameter goes through an operation without a derivative.
 */
export function grad(loss: Tensor, parameters: readonly Tensor[]): Tensor[];
export function grad<K extends string>(loss: Tensor, parameters: Readonly<Record<K, Tensor>>): Record<K, Tensor>;
export function grad(
  loss: Tensor,
  parameters: readonly Tensor[] | Readonly<Record<string, Tensor>>,
): Tensor[] | Record<string, Tensor> {
  requireFloat("grad", loss.dtype);
  if (loss.rank !== 0) throw new ShapeError(`grad: the loss must be a scalar, not ${formatShape(loss.shape)}`);
  const one = constant(1, [], loss.dtype);
  if (Array.isArray(parameters)) return vjp([loss], [one], parameters);
  const names = Object.keys(parameters);
  const gradients = vjp([loss], [one], Object.values(parameters as Readonly<Record<string, Tensor>>));
  return Object.fromEntries(names.map((name, i) => [name, gradients[i] as Tensor]));
}

/**
 * The vector-Jacobian product: Σ_o cotangent_oᵀ · ∂output_o/∂parameter for each parameter. `cotangents` have their outputs' shapes.
 */
export function vjp(
  outputs: readonly Tensor[],
  cotangents: readonly Tensor[],
  parameters: readonly Tensor[],
): Tensor[] {
  const gradients = new Map<Tensor, Tensor>();
  const accumulate = (tensor: Tensor, gradient: Tensor) => {
    const sum = gradients.get(tensor);
    gradients.set(tensor, sum ? add(sum, gradient) : gradient);
  };
  outputs.forEach((output, i) => {
    const cotangent = cotangents[i];
    if (!cotangent || !sameShape(cotangent.shape, output.shape)) {
      throw new ShapeError(
        `vjp: output ${formatShape(output.shape)} needs a cotangent of its shape, not ${cotangent ? formatShape(cotangent.shape) : "none"}`,
      );
    }
    accumulate(output, cotangent);
  });

  const order = topologicalOrder(outputs);
  const active = dependents(order, parameters);
  for (const node of order.reverse()) {
    if (!active.has(node)) continue;
    const outputGradients = node.outputs.map((output) => gradients.get(output));
    if (outputGradients.every((g) => g === undefined)) continue;
    const wanted = node.inputs.map(
      (input) => isFloat(input.dtype) && (active.has(input.node) || parameters.includes(input)),
    );
    if (!wanted.includes(true)) continue;
    const { vjp: rule, name } = node.operation;
    if (!rule) throw new Error(`grad: ${name} has no derivative; put stopGradient before it where none is meant`);
    const inputGradients = rule(outputGradients, node, wanted);
    node.inputs.forEach((input, i) => {
      const gradient = inputGradients[i];
      if (!wanted[i] || !gradient) return;
      if (!sameShape(gradient.shape, input.shape)) {
        throw new ShapeError(
          `grad: the derivative of ${name} has shape ${formatShape(gradient.shape)} for an input of ${formatShape(input.shape)}`,
        );
      }
      accumulate(input, gradient);
    });
  }
  return parameters.map((parameter) => gradients.get(parameter) ?? zerosLike(parameter));
}

/** The nodes through which a gradient can flow to one of the parameters. */
function dependents(order: readonly Node[], parameters: readonly Tensor[]): Set<Node> {
  const active = new Set(parameters.map((parameter) => parameter.node));
  for (const node of order) {
    if (node.operation.name === "stopGradient") continue;
    if (node.inputs.some((input) => active.has(input.node))) active.add(node);
  }
  return active;
}

const zerosLike = (tensor: Tensor): Tensor => expand(constant(0, [], tensor.dtype), tensor.shape);
