/** Writing of answers without what means nothing: dollar signs, spacing, sizes of brackets, thousands separators that are marked as such. */

/** Characters that stand for a command. */
const characters: Readonly<Record<string, string>> = {
  "−": "-",
  "–": "-",
  "×": "\\times ",
  "·": "\\cdot ",
  "⋅": "\\cdot ",
  "÷": "/",
  "√": "\\sqrt ",
  π: "\\pi ",
  θ: "\\theta ",
  "∞": "\\infty ",
  "°": "^\\circ ",
  "≤": "\\le ",
  "≥": "\\ge ",
  "≠": "\\ne ",
  "∪": "\\cup ",
  "∈": "\\in ",
  "±": "\\pm ",
  "²": "^2",
  "³": "^3",
  "½": "\\frac{1}{2}",
  "¼": "\\frac{1}{4}",
  "¾": "\\frac{3}{4}",
};
const anyCharacter = new RegExp(`[${Object.keys(characters).join("")}]`, "g");

/** In this order: patterns and what takes their place. */
const rules: readonly (readonly [RegExp, string])[] = [
  // 10,\!080 and 10{,}080 are one number.
  [/(\d)(?:,\\!|\{,\})\s*(?=\d{3}(?!\d))/g, "$1"],
  // Currency and mathematics' own delimiters, \\[2pt] aside.
  [/\\?\$|[€£]/g, ""],
  [/(?<!\\)\\[()[\]]/g, " "],
  [/\\left\s*\|/g, "\\lvert "],
  [/\\right\s*\|/g, "\\rvert "],
  [/\\(?:left|right)\s*\.|\\(?:left|right|[bB]igg?[lrm]?)(?![a-zA-Z])/g, ""],
  [/(?<!\\)\\[,;:! ]|~|\\(?:quad|qquad|displaystyle|textstyle|limits|nolimits|allowbreak)(?![a-zA-Z])/g, " "],
  [/\\[dtc]frac(?![a-zA-Z])/g, "\\frac"],
  [/\\[dt]binom(?![a-zA-Z])/g, "\\binom"],
  [/\\leq?(?:slant)?(?![a-zA-Z])/g, "\\le "],
  [/\\geq?(?:slant)?(?![a-zA-Z])/g, "\\ge "],
  [/\\(?:neq|not\s*=)(?![a-zA-Z])/g, "\\ne "],
  [/\^\s*(?:\{\s*\\(?:circ|degree)\s*\}|\\circ(?![a-zA-Z])|\\degree(?![a-zA-Z]))|\\degree(?![a-zA-Z])/g, "\\degree "],
  [/\^\s*\{\s*((?:\\prime\s*)+)\}/g, "$1"],
  [/\^?\s*\\prime(?![a-zA-Z])/g, "'"],
  // Functions as programs name them.
  [/(?<![a-zA-Z.])(?:np|math|sympy)\.(?=[a-z])/g, ""],
  // Bold type of Markdown.
  [/^\s*\*\*(.*)\*\*\s*$/s, "$1"],
  // The end of a sentence, or of a line in TeX.
  [/[\s.,;:]*(?:\\\\)?\s*$/, ""],
];

/** An answer's text, cleaned; equal texts afterwards are equal answers. */
export function cleanLatex(text: string): string {
  const plain = text.replace(anyCharacter, (character) => characters[character] ?? character);
  return rules.reduce((cleaned, [pattern, replacement]) => cleaned.replace(pattern, replacement), plain).trim();
}
