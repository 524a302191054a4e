export type { Derivative, Operand, Ops } from "./ops.ts";
export { surrogateDerivatives } from "./ops.ts";
