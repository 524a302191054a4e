/** Answers as mathematical objects: quantities, tuples and intervals, sets, unions, matrices, relations, and lists of these. */
import { type Expression, parseExpression } from "./expression.ts";
import { type Token, tokenize } from "./tokens.ts";
import { knownUnit } from "./units.ts";

export type Item =
  | Quantity
  /** A tuple, an interval, a vector in brackets: its order counts, and so do the brackets of two. */
  | { readonly kind: "group"; readonly open: string; readonly close: string; readonly items: readonly Item[] }
  /** In braces: neither order nor repetition counts. */
  | { readonly kind: "set"; readonly items: readonly Item[] }
  | { readonly kind: "union"; readonly items: readonly Item[] }
  | { readonly kind: "matrix"; readonly rows: readonly (readonly Expression[])[] }
  /** `sides` with a sign between each two. */
  | Relation;

export interface Quantity {
  readonly kind: "quantity";
  readonly value: Expression;
  /** A sign behind the whole of it. */
  readonly mark?: "percent" | "degree";
  /** The unit, where it is one that is known. */
  readonly unit?: string;
}

export interface Relation {
  readonly kind: "relation";
  readonly sides: readonly Item[];
  readonly signs: readonly RelationSign[];
}

export type RelationSign = "=" | "<" | ">" | "≤" | "≥" | "≠" | "∈";

const relationSigns: Readonly<Record<string, RelationSign>> = {
  "=": "=",
  "<": "<",
  ">": ">",
  lt: "<",
  gt: ">",
  le: "≤",
  ge: "≥",
  ne: "≠",
  in: "∈",
  approx: "=",
  equiv: "=",
};

/** A list's length, beyond which an answer is none: comparing unordered lists takes time in proportion to its square. */
const mostItems = 100;

/**
 * The things that an answer lists, in their order; one where it is not a list. `1 \pm 2` is two.
 * @param text as `cleanLatex` gives it
 * @throws SyntaxError where it is not understood
 */
export function parseAnswer(text: string): Item[] {
  const tokens = tokenize(text);
  if (setDepth(tokens) > deepestSet) throw new SyntaxError("sets too deep in sets");
  const items = parseList(tokens);
  if (items.length > mostItems) throw new SyntaxError("too many answers");
  return items;
}

/** Sets of sets of sets: to compare two takes time that grows with the power of their depth. */
const deepestSet = 3;

function setDepth(tokens: readonly Token[]): number {
  let [depth, deepest] = [0, 0];
  for (const token of tokens) {
    if (isCommand(token, "{")) deepest = Math.max(deepest, ++depth);
    else if (isCommand(token, "}")) depth--;
  }
  return deepest;
}

const opening = new Set(["(", "[", "{"]);
const closing = new Set([")", "]", "}"]);

/** How much deeper in brackets the tokens behind this one are; `\{` and `\}` are braces here. */
function deeper({ kind, text }: Token): -1 | 0 | 1 {
  if (kind === "command") return text === "{" || text === "begin" ? 1 : text === "}" || text === "end" ? -1 : 0;
  return kind !== "sign" ? 0 : opening.has(text) ? 1 : closing.has(text) ? -1 : 0;
}

/** The parts between tokens outside all brackets that separate. */
function split(tokens: readonly Token[], separates: (token: Token) => boolean): { parts: Token[][]; by: Token[] } {
  const parts: Token[][] = [[]];
  const by: Token[] = [];
  let depth = 0;
  for (const token of tokens) {
    depth += deeper(token);
    if (depth < 0) throw new SyntaxError("a bracket closes that was not open");
    if (depth === 0 && deeper(token) === 0 && separates(token)) {
      by.push(token);
      parts.push([]);
    } else parts.at(-1)?.push(token);
  }
  if (depth > 0) throw new SyntaxError("a bracket stays open");
  return { parts, by };
}

const isSign = (token: Token | undefined, ...texts: readonly string[]): boolean =>
  token?.kind === "sign" && texts.includes(token.text);
const isCommand = (token: Token | undefined, ...texts: readonly string[]): boolean =>
  token?.kind === "command" && texts.includes(token.text);

const separatesItems = (token: Token): boolean => isSign(token, ",", ";") || isCommand(token, "and", "or");

function parseList(tokens: readonly Token[]): Item[] {
  // A comma before "and" leaves nothing between the two.
  const { parts, by } = split(tokens, separatesItems);
  const filled = parts.filter((part, index) => part.length > 0 || !isCommand(by[index], "and", "or"));
  return filled.flatMap(parseItems);
}

/** One item, or the two of a plus-minus sign. */
function parseItems(tokens: readonly Token[]): Item[] {
  const isOwn = isCommand(tokens[0], "{");
  if (isOwn || !tokens.some((token) => isCommand(token, "pm", "mp"))) return [parseItem(tokens)];
  const signed = (pm: string, mp: string) =>
    parseItem(
      tokens.map((token): Token => {
        if (isCommand(token, "pm")) return { kind: "sign", text: pm };
        return isCommand(token, "mp") ? { kind: "sign", text: mp } : token;
      }),
    );
  return [signed("+", "-"), signed("-", "+")];
}

function parseItem(tokens: readonly Token[]): Item {
  const { parts, by } = split(tokens, ({ kind, text }) => {
    return (kind === "sign" || kind === "command") && Object.hasOwn(relationSigns, text) && kind === kindOfSign(text);
  });
  if (by.length === 0) return parseUnion(tokens);
  return { kind: "relation", sides: parts.map(parseUnion), signs: by.map(({ text }) => relationSigns[text] ?? "=") };
}

const kindOfSign = (text: string): Token["kind"] => (/^[a-z]/.test(text) ? "command" : "sign");

function parseUnion(tokens: readonly Token[]): Item {
  const { parts } = split(tokens, (token) => isCommand(token, "cup"));
  return parts.length === 1 ? parseSide(tokens) : { kind: "union", items: parts.map(parseSide) };
}

function parseSide(tokens: readonly Token[]): Item {
  const [first, last] = [tokens[0], tokens.at(-1)];
  if (isCommand(first, "emptyset", "varnothing") && tokens.length === 1) return { kind: "set", items: [] };
  if (isCommand(first, "{") && isCommand(last, "}") && isOneBracket(tokens)) {
    const inside = tokens.slice(1, -1);
    return { kind: "set", items: inside.length === 0 ? [] : parseList(inside) };
  }
  if (isSign(first, "(", "[") && isSign(last, ")", "]") && isOneBracket(tokens)) {
    const { parts } = split(tokens.slice(1, -1), (token) => isSign(token, ","));
    const [open, close] = [first?.text ?? "(", last?.text ?? ")"];
    if (parts.length > 1) return { kind: "group", open, close, items: parts.map(parseItem) };
  }
  const begin = tokens.findIndex((token) => isCommand(token, "begin"));
  return begin < 0 ? parseQuantity(tokens) : parseMatrix(tokens, begin);
}

/** Whether the first bracket is closed by the last token. */
function isOneBracket(tokens: readonly Token[]): boolean {
  let depth = 0;
  return tokens.every((token, index) => {
    depth += deeper(token);
    return depth > 0 || index === tokens.length - 1;
  });
}

/** A matrix, with a factor before it or not. */
function parseMatrix(tokens: readonly Token[], begin: number): Item {
  const { content, isMatrix } = environment(tokens.slice(begin));
  if (!isMatrix) throw new SyntaxError("an environment that is no matrix");
  const factor = begin === 0 ? undefined : parseExpression(tokens.slice(0, begin));
  const cell = (part: readonly Token[]): Expression => {
    const value = parseExpression(part);
    return factor === undefined ? value : { kind: "operation", operator: "*", terms: [factor, value] };
  };
  const { parts: rows } = split(content, (token) => isCommand(token, "\\"));
  // The last row may end with \\ too.
  const filled = rows.filter((row, index) => row.length > 0 || index < rows.length - 1);
  return { kind: "matrix", rows: filled.map((row) => split(row, (token) => isSign(token, "&")).parts.map(cell)) };
}

/** What stands between `\begin{…matrix}` and the `\end` of it, which must be the last. */
function environment(tokens: readonly Token[]): { content: Token[]; isMatrix: boolean } {
  const nameEnd = tokens.findIndex((token) => isSign(token, "}"));
  const name = tokens
    .slice(2, nameEnd)
    .map(({ text }) => text)
    .join("");
  const end = tokens.findIndex((token) => isCommand(token, "end"));
  const closed = tokens
    .slice(end + 2, -1)
    .map(({ text }) => text)
    .join("");
  let content = tokens.slice(nameEnd + 1, end);
  // The columns of an array.
  if (name === "array" && isSign(content[0], "{"))
    content = content.slice(content.findIndex((t) => isSign(t, "}")) + 1);
  const isMatrix = /^(?:[pbB]?(?:small)?matrix|array)$/.test(name) && closed === name;
  return { content, isMatrix };
}

function parseQuantity(tokens: readonly Token[]): Quantity {
  const { rest, unit } = withoutUnit(tokens);
  const last = rest.at(-1);
  const mark = isSign(last, "%") || isCommand(last, "%") ? "percent" : isCommand(last, "degree") ? "degree" : undefined;
  const value = parseExpression(mark && rest.length > 1 ? rest.slice(0, -1) : rest);
  const named = unit === "degree" ? "degree" : mark;
  return { kind: "quantity", value, ...(named && { mark: named }), ...(unit !== undefined && { unit }) };
}

/** Words behind a quantity are its unit: they say nothing about the value. */
function withoutUnit(tokens: readonly Token[]): { rest: readonly Token[]; unit: string | undefined } {
  const first = tokens.findIndex(({ kind }) => kind === "quoted");
  if (first <= 0) return { rest: tokens, unit: undefined };
  // Behind the first word: others, their powers, and what connects them.
  const tail = tokens.slice(first);
  const isUnit = tail.every((token, index) => {
    if (token.kind === "quoted") return true;
    if (token.kind === "number") return isSign(tail[index - 1], "^", "{", "-");
    return isSign(token, "^", "{", "}", "/", "-", ".") || isCommand(token, "cdot");
  });
  if (!isUnit || isSign(tokens[first - 1], "_", "^", "+", "-", "*", "/", "{", "("))
    return { rest: tokens, unit: undefined };
  return { rest: tokens.slice(0, first), unit: knownUnit(tail.map(({ text }) => text).join("")) };
}
