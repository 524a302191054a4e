/** Whether two mathematical objects are the same. */
import { complexValue, isConstant } from "./evaluate.ts";
import { type Expression, symbolsOf } from "./expression.ts";
import type { Item, Quantity, Relation, RelationSign } from "./parseAnswer.ts";
import { isSameValue, points, valueAt, zero } from "./sameValue.ts";

/** Whether each item has a partner of its own in the other list. */
export function isSameBag(a: readonly Item[], b: readonly Item[], tolerance: number): boolean {
  if (a.length !== b.length) return false;
  const left = [...b];
  return a.every((item) => {
    const found = left.findIndex((other) => isSame(item, other, tolerance));
    if (found >= 0) left.splice(found, 1);
    return found >= 0;
  });
}

export function isSame(a: Item, b: Item, tolerance: number): boolean {
  if (a.kind === "relation" || b.kind === "relation") return isSameRelation(a, b, tolerance);
  if (a.kind === "quantity" && b.kind === "quantity") return isSameQuantity(a, b, tolerance);
  if (a.kind === "set" && b.kind === "set") {
    const isIn = (items: readonly Item[]) => (item: Item) => items.some((other) => isSame(item, other, tolerance));
    return a.items.every(isIn(b.items)) && b.items.every(isIn(a.items));
  }
  if (a.kind === "union" && b.kind === "union") return isSameBag(a.items, b.items, tolerance);
  const [tupleA, tupleB] = [tupleOf(a), tupleOf(b)];
  if (a.kind === "matrix" && b.kind === "matrix") return isSameMatrix(a.rows, b.rows, tolerance);
  if (!tupleA || !tupleB || tupleA.length !== tupleB.length) return false;
  // Brackets tell an interval's ends, and an interval from a point; a matrix has its own.
  const isPair = tupleA.length === 2 && a.kind === "group" && b.kind === "group";
  if (isPair && (a.open !== b.open || a.close !== b.close)) return false;
  return tupleA.every((item, index) => isSame(item, tupleB[index] ?? item, tolerance));
}

/** The components of a tuple, or of a matrix that is one row or column. */
function tupleOf(item: Item): readonly Item[] | undefined {
  if (item.kind === "group") return item.items;
  if (item.kind !== "matrix") return undefined;
  const cells =
    item.rows.length === 1 ? item.rows[0] : item.rows.every((row) => row.length === 1) ? item.rows.flat() : undefined;
  return cells?.map((value) => ({ kind: "quantity", value }));
}

function isSameMatrix(
  a: readonly (readonly Expression[])[],
  b: readonly (readonly Expression[])[],
  tolerance: number,
): boolean {
  return (
    a.length === b.length &&
    a.every((row, i) => {
      const other = b[i] ?? [];
      return row.length === other.length && row.every((cell, j) => isSameValue(cell, other[j] ?? cell, tolerance));
    })
  );
}

const apply = (operator: "degree" | "percent", value: Expression): Expression => ({
  kind: "operation",
  operator,
  terms: [value],
});

/** The base that a problem asks for may be left out: 52 is given where 52_8 is right. */
const isBaseLeftOut = (given: Expression, reference: Expression): boolean =>
  given.kind === "number" && reference.kind === "symbol" && reference.name.startsWith(`${given.text}_`);

function isSameQuantity(a: Quantity, b: Quantity, tolerance: number): boolean {
  if (a.unit !== undefined && b.unit !== undefined && a.unit !== b.unit) return false;
  if (isSameValue(a.value, b.value, tolerance) || isBaseLeftOut(a.value, b.value)) return true;
  if (a.mark === b.mark) return false;
  // One of the two has its sign: what the sign says may be worked out in the other.
  const [marked, mark, plain] = a.mark === undefined ? [b, b.mark, a] : [a, a.mark, b];
  return (
    mark !== undefined && plain.mark === undefined && isSameValue(apply(mark, marked.value), plain.value, tolerance)
  );
}

const flipped: Readonly<Partial<Record<RelationSign, RelationSign>>> = { ">": "<", "≥": "≤" };

function isSameRelation(a: Item, b: Item, tolerance: number): boolean {
  if (a.kind !== "relation" || b.kind !== "relation") {
    const [one, other] = [saidBy(a), saidBy(b)];
    return one !== undefined && other !== undefined && isSame(one, other, tolerance);
  }
  const [boundA, boundB] = [boundOf(a), boundOf(b)];
  if (boundA && boundB) return boundA.name === boundB.name && isSame(boundA.interval, boundB.interval, tolerance);
  const [x, y] = [rising(a), rising(b)];
  if (x.signs.join() !== y.signs.join()) return false;
  const isPairwise = (sides: readonly Item[]) => sides.every((side, i) => isSame(side, y.sides[i] ?? side, tolerance));
  if (x.sides.length === y.sides.length && isPairwise(x.sides)) return true;
  if (x.sides.length !== 2 || y.sides.length !== 2 || (x.signs[0] !== "=" && x.signs[0] !== "≠")) return false;
  return isPairwise(x.sides.toReversed()) || isSameEquation(x, y);
}

/** The relation with its signs from small to large, where they all point down. */
function rising(relation: Relation): Relation {
  const { sides, signs } = relation;
  if (!signs.every((sign) => sign in flipped)) return relation;
  return {
    kind: "relation",
    sides: sides.toReversed(),
    signs: signs.toReversed().map((sign) => flipped[sign] ?? sign),
  };
}

const nameOf = (item: Item | undefined): string | undefined =>
  item?.kind === "quantity" && item.value.kind === "symbol" && !isConstant(item.value.name)
    ? item.value.name
    : undefined;

/** What a relation says of a name: the value behind the last equals sign, the set it is in, the interval of an inequality. Other items say themselves. */
export function saidBy(item: Item): Item | undefined {
  if (item.kind !== "relation") return item;
  const last = item.sides.at(-1);
  if (item.signs.every((sign) => sign === "=")) return isDefined(item.sides[0]) ? last : undefined;
  return boundOf(item)?.interval;
}

/** What an equation can define: a name, f(x), or an angle ∠ABC: no number, and nothing but products of names. */
function isDefined(item: Item | undefined): boolean {
  const isNames = (expression: Expression): boolean =>
    expression.kind === "symbol"
      ? !isConstant(expression.name)
      : expression.kind === "operation" &&
        (expression.operator === "*" || expression.operator === "/") &&
        expression.terms.every(isNames);
  return item?.kind === "quantity" && isNames(item.value);
}

/** `x > 2`, `1 \le x < 2`, `x \in [1, 2)` as a name and its interval. */
function boundOf(relation: Relation): { name: string; interval: Item } | undefined {
  const { sides, signs } = rising(relation);
  const [first, second, third] = sides;
  if (!first || !second) return undefined;
  if (signs[0] === "∈") {
    const name = nameOf(first);
    return name === undefined || sides.length !== 2 ? undefined : { name, interval: second };
  }
  if (!signs.every((sign) => sign === "<" || sign === "≤") || sides.length > 3) return undefined;
  const infinity: Quantity = { kind: "quantity", value: { kind: "symbol", name: "∞" } };
  const minusInfinity: Quantity = {
    kind: "quantity",
    value: { kind: "operation", operator: "negate", terms: [infinity.value] },
  };
  const group = (open: string, low: Item, high: Item, close: string): Item => ({
    kind: "group",
    open,
    close,
    items: [low, high],
  });
  const isClosed = (index: number) => signs[index] === "≤";
  const [name, other] = [nameOf(first), nameOf(second)];
  if (third && other !== undefined) {
    return { name: other, interval: group(isClosed(0) ? "[" : "(", first, third, isClosed(1) ? "]" : ")") };
  }
  if (third) return undefined;
  if (name !== undefined) return { name, interval: group("(", minusInfinity, second, isClosed(0) ? "]" : ")") };
  return other === undefined
    ? undefined
    : { name: other, interval: group(isClosed(0) ? "[" : "(", first, infinity, ")") };
}

/** Whether two equations hold for the same values: their differences of sides are in one ratio everywhere. */
function isSameEquation({ sides: a }: Relation, { sides: b }: Relation): boolean {
  const differences = [a, b].map(([left, right]) =>
    left?.kind === "quantity" && right?.kind === "quantity" ? ([left.value, right.value] as const) : undefined,
  );
  const [one, other] = differences;
  if (!one || !other) return false;
  const unknowns = new Set(
    [...one, ...other].flatMap((side) => [...symbolsOf(side)]).filter((name) => !isConstant(name)),
  );
  if (unknowns.size === 0) return false;
  let ratio: ReturnType<typeof complexValue> | undefined;
  let compared = 0;
  for (const point of points) {
    const values = (name: string) => (unknowns.has(name) ? valueAt(name, point) : undefined);
    const difference = ([left, right]: readonly [Expression, Expression]) =>
      complexValue(left, values).sub(complexValue(right, values));
    const [x, y] = [difference(one), difference(other)];
    if (!x.isFinite() || !y.isFinite() || x.abs() < zero || y.abs() < zero) continue;
    const here = x.div(y);
    ratio ??= here;
    if (here.sub(ratio).abs() > 1e-8 * ratio.abs()) return false;
    compared++;
  }
  return compared >= 3;
}
