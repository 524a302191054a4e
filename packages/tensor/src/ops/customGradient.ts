/** Values whose derivatives are given instead of traced. */
import { broadcast, formatShape, ShapeError, sameShape } from "../shape.ts";
import { type Attributes, apply, Node, type Operation, type Tensor } from "../tensor.ts";
import { mul } from "./elementwise.ts";
import { sumTo } from "./reduce.ts";

interface CustomGradientAttributes extends Attributes {
  /** One for each input after the value. They are no inputs of the node: a program without gradients does not compute them. */
  readonly derivatives: readonly Tensor[];
}

const customGradientOperation: Operation<CustomGradientAttributes> = {
  name: "withDerivatives",
  lower: (_emit, inputs) => inputs.slice(0, 1),
  vjp: ([g], node, wanted) => [
    undefined,
    ...node.attributes.derivatives.map((derivative, i) =>
      g && wanted[i + 1] ? sumTo(mul(g, derivative), node.input(i + 1).shape) : undefined,
    ),
  ],
};

/**
 * `value`, whose derivative with respect to each input, element by element, is the one given; nothing flows into `value`'s own
 * expression or into the derivatives. Inputs and derivatives broadcast to the value. Costs nothing but the derivatives, and those
 * only where a gradient is taken.
 */
export function withDerivatives(
  value: Tensor,
  derivatives: readonly (readonly [input: Tensor, derivative: Tensor])[],
): Tensor {
  const { shape, dtype } = value;
  for (const tensor of derivatives.flat()) {
    if (!sameShape(broadcast("withDerivatives", tensor.shape, shape), shape)) {
      throw new ShapeError(
        `withDerivatives: ${formatShape(tensor.shape)} does not broadcast to the value's shape ${formatShape(shape)}`,
      );
    }
    if (tensor.dtype !== dtype)
      throw new TypeError(`withDerivatives: the value is ${dtype}, but ${tensor} is given with it`);
  }
  const inputs = derivatives.map(([input]) => input);
  const attributes = { derivatives: derivatives.map(([, derivative]) => derivative) };
  return apply(customGradientOperation, [value, ...inputs], attributes, { shape, dtype });
}

/**
 * A vector-Jacobian product: from the gradient of each value (undefined where none flows) that of each input, in its shape; undefined where it
 * is zero. `wanted[i]` says whether the gradient of input i is used at all.
 */
export type VectorJacobianProduct = (
  gradients: readonly (Tensor | undefined)[],
  wanted: readonly boolean[],
) => readonly (Tensor | undefined)[];

interface CustomProductAttributes extends Attributes {
  readonly rule: VectorJacobianProduct;
  readonly valueCount: number;
}

const customProductOperation: Operation<CustomProductAttributes> = {
  name: "withVjp",
  lower: (_emit, inputs, { attributes }) => inputs.slice(0, attributes.valueCount),
  vjp: (gradients, { attributes: { rule, valueCount } }, wanted) => [
    ...Array.from({ length: valueCount }, () => undefined),
    ...rule(gradients, wanted.slice(valueCount)),
  ],
};

/**
 * `values`, whose vector-Jacobian product with respect to `inputs` is the one given; nothing flows into the values' own expressions. Costs
 * nothing but the rule's expressions, and those only where a gradient is taken.
 */
export function withVjp(
  values: readonly Tensor[],
  inputs: readonly Tensor[],
  rule: VectorJacobianProduct,
): readonly Tensor[] {
  const types = values.map(({ shape, dtype }) => ({ shape, dtype }));
  return new Node(customProductOperation, [...values, ...inputs], { rule, valueCount: values.length }, types).outputs;
}
