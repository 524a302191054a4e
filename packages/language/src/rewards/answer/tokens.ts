/** An answer's text in pieces: numbers, words, commands, signs. */
import { knownUnit } from "./units.ts";

export interface Token {
  /**
   * `number` as written; `word`: a letter, or a word that is one name; `quoted`: words of text inside the mathematics (`\text{…}`), such as units;
   * `command`: a name behind a backslash, or a function's name that stands without one; `sign`: any other character.
   */
  readonly kind: "number" | "word" | "quoted" | "command" | "sign";
  readonly text: string;
}

/** Names that are understood without a backslash. */
const plainCommands = new Set(
  "sqrt sin cos tan cot sec csc arcsin arccos arctan asin acos atan sinh cosh tanh log ln exp pi infty infinity inf oo binom and or".split(
    " ",
  ),
);
/** Commands around a text; those around letters that are names (\mathbf{v}) are dropped. */
const textCommand = /^\\(text(?:bf|it|rm|sf|tt|normal|md|up)?|mbox|hbox|mathrm|operatorname\*?|rm|mathsf)\s*\{/;
const styleCommand =
  /^\\(?:mathbf|mathit|mathcal|mathbb|mathfrak|boldsymbol|bm|vec|hat|bar|overline|mathopen|mathclose)(?![a-zA-Z])/;
const piece =
  /^(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+(?![\da-zA-Z]))?|\.\d+(?:[eE][+-]?\d+(?![\da-zA-Z]))?)|([A-Za-z]+)|\\([A-Za-z]+|.)|(.))/s;

/** More than any answer has; a longer text is none. */
const mostTokens = 2000;

/** @throws SyntaxError where a brace stays open, or there are too many */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (let rest = text.trimStart(); rest !== ""; rest = rest.trimStart()) {
    if (tokens.length >= mostTokens) throw new SyntaxError("too long");
    const quoting = textCommand.exec(rest);
    if (quoting) {
      const length = braced(rest, quoting[0].length);
      tokens.push(...quotedTokens(rest.slice(quoting[0].length, length - 1), quoting[1] ?? ""));
      rest = rest.slice(length);
      continue;
    }
    const style = styleCommand.exec(rest);
    if (style) {
      rest = rest.slice(style[0].length);
      continue;
    }
    const [whole = "", number, letters, command, sign] = piece.exec(rest) ?? [];
    if (number !== undefined) tokens.push({ kind: "number", text: number });
    else if (letters !== undefined) tokens.push(...wordTokens(letters, tokens.at(-1)));
    else if (command !== undefined) tokens.push({ kind: "command", text: command });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign });
    rest = rest.slice(whole.length);
  }
  return tokens;
}

/** Where the braces that opened just before `start` have closed. */
function braced(text: string, start: number): number {
  let depth = 1;
  for (let i = start; i < text.length; i++) {
    if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return i + 1;
  }
  throw new SyntaxError("a brace stays open");
}

function quotedTokens(content: string, command: string): Token[] {
  const text = content.trim();
  if (text === "") return [];
  const isName = command.startsWith("operatorname") || command === "mathrm" || command === "rm";
  // \mathrm{e}, \mathrm{i}, \operatorname{sin} are what they are without it.
  if (isName && (/^[eid]$/.test(text) || plainCommands.has(text))) return wordTokens(text, undefined);
  if (/^(?:and|or)$/.test(text)) return [{ kind: "command", text }];
  // A number in upright type.
  if (/^[\d.,]+$/.test(text)) return tokenize(text);
  return [{ kind: "quoted", text }];
}

/**
 * Letters that stand together: a known name, a unit behind a number, a product of up to three one-letter names, or a word that is one name (SRMC).
 */
function wordTokens(letters: string, before: Token | undefined): Token[] {
  if (plainCommands.has(letters)) return [{ kind: "command", text: letters }];
  const isMeasure = letters.length > 1 && before?.kind === "number" && knownUnit(letters) !== undefined;
  if (isMeasure) return [{ kind: "quoted", text: letters }];
  if (letters.length > 3) return [{ kind: "word", text: letters }];
  return [...letters].map((text) => ({ kind: "word", text }));
}
