/**
 * Whether two answers say the same. Values decide: exact where both are rational, else complex numbers in double precision, expressions with
 * unknowns at several points. Nothing is evaluated as code, and every step's time is bounded, because answers come from models.
 */
import { cleanLatex } from "./cleanLatex.ts";
import { type Item, parseAnswer } from "./parseAnswer.ts";
import { isSame, isSameBag, saidBy } from "./sameItem.ts";

export interface EquivalenceOptions {
  /** Numbers may differ by this share of the reference; 0 by default. */
  readonly tolerance?: number;
}

/** A longer text is no answer (unless it is the reference, letter for letter). */
const longest = 2000;

/**
 * Whether an answer is equivalent to the reference: the same value or expression however it is written, the same intervals with the same ends, the
 * same tuple in the same order, the same list or set in any order, the same equation, the same words.
 *
 * - Units, currency, degrees: what one of the two leaves out doesn't count; two known units that differ do; words behind a number don't. 50 % is 50 and 0.5; 90° is 90 and π/2.
 * - `x = 5`, `x \in S` against a reference without `x` is its right side, and the other way round.
 * - A decimal of six digits or more is right where it is the reference, which is none, rounded; others must be exact (see `tolerance`).
 * - 52 is right where the reference is 52_8; 52_7 is not.
 * - `1,000` is a thousand, or a list where only that is right.
 */
export function isEquivalent(given: string, reference: string, { tolerance = 0 }: EquivalenceOptions = {}): boolean {
  if (given.length > longest || reference.length > longest) return given === reference;
  const [a, b] = [cleanLatex(given), cleanLatex(reference)];
  if (a === "" || b === "") return a === b;
  if (withoutSpaces(a) === withoutSpaces(b)) return true;
  const [textA, textB] = [wordsOf(a), wordsOf(b)];
  if (textA !== undefined && textA === textB) return true;
  // Words are no products of letters.
  if ([textA, textB].some((text) => text !== undefined && /[A-Za-z]{4}/.test(text))) return false;
  const all = readings(b);
  const isSaid = (text: string) => readings(text).some((one) => all.some((other) => isSameList(one, other, tolerance)));
  if (isSaid(a)) return true;
  // 12 apples is 12, where a number is asked for.
  const [, counted] = /^(-?\d[\d,.]*) [A-Za-z]{3,}(?: [A-Za-z]{2,})*$/.exec(a) ?? [];
  return counted !== undefined && /^-?[\d,.]+$/.test(b) && isSaid(counted);
}

/** Between two digits they say something. */
const withoutSpaces = (text: string): string => text.replace(/(?<!\d)\s+|\s+(?!\d)/g, "");

/** The words of an answer that is nothing else, in lower case but for single letters; choices may stand in brackets. */
function wordsOf(text: string): string | undefined {
  const plain = text
    .replace(/\\(?:text(?:bf|it|rm)?|mbox|mathrm|operatorname|mathbf)\s*(?=\{)/g, "")
    .replace(/[{}]/g, "")
    .replace(/\s+/g, " ")
    .trim()
    .replace(/^\(\s*([^()]*?)\s*\)$/, "$1")
    .replace(/\.$/, "");
  if (!/^[A-Za-z][A-Za-z' -]*$/.test(plain)) return undefined;
  return plain.length === 1 ? plain : plain.toLowerCase();
}

/** What a text can mean: with commas of thousands, or of a list. */
function readings(text: string): Item[][] {
  const texts = new Set([text.replace(/(?<![\d,.])\d{1,3}(?:,\d{3})+(?!\d|,\d)/g, thousands(text)), text]);
  return [...texts].flatMap((one) => {
    try {
      return [parseAnswer(one)];
    } catch (error) {
      if (error instanceof SyntaxError) return [];
      throw error;
    }
  });
}

/** In brackets and braces, commas separate: (2,251,252) is a triple. */
const thousands = (text: string) => (number: string, at: number) => {
  let depth = 0;
  for (const character of text.slice(0, at))
    depth += "([{".includes(character) ? 1 : ")]}".includes(character) ? -1 : 0;
  return depth > 0 ? number : number.replaceAll(",", "");
};

function isSameList(a: readonly Item[], b: readonly Item[], tolerance: number): boolean {
  const [one, other] = [a[0], b[0]];
  if (a.length === 1 && b.length === 1 && one && other) return isSame(one, other, tolerance);
  // A list is a set, where one of the two says so.
  if (a.length === 1 && one?.kind === "set") return isSame(one, { kind: "set", items: b }, tolerance);
  if (b.length === 1 && other?.kind === "set") return isSame({ kind: "set", items: a }, other, tolerance);
  return isSameBag(a.map(withoutName(b)), b.map(withoutName(a)), tolerance);
}

/** In lists, `x = 1, x = 2` is `1, 2` where the other list has no names. */
const withoutName =
  (others: readonly Item[]) =>
  (item: Item): Item =>
    item.kind === "relation" && !others.some(({ kind }) => kind === "relation") ? (saidBy(item) ?? item) : item;
