import type { Node, Tensor } from "./tensor.ts";

/** Every node that the outputs depend on, each after all of its inputs. Iterative: graphs are deeper than the call stack. */
export function topologicalOrder(outputs: Iterable<Tensor>): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  const visit = (node: Node) => {
    if (seen.has(node)) return;
    seen.add(node);
    stack.push({ node, next: 0 });
  };
  for (const output of outputs) {
    visit(output.node);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const input = top.node.inputs[top.next++];
      if (input) visit(input.node);
      else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}
