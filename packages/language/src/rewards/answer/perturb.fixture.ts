/** An answer written otherwise, and answers that are another one. */

/** The same answer in other writings: other brackets, fractions on a line, more spaces, other spellings of commands. */
export function rewritings(answer: string): string[] {
  const onLine = answer.replace(/\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}/g, "{(($1)/($2))}");
  const results = [
    answer.replace(/\\[dt]?frac(?=[{\d ])/g, "\\dfrac").replace(/,(?!\\!|\d)/g, " ,\\; "),
    answer.replace(/(?<!\\left)(?<!\\right)(?<!\\)([()])/g, (_, bracket) =>
      bracket === "(" ? "\\left( " : " \\right)",
    ),
    `$${answer.replace(/\\?\$/g, "")}$.`,
    answer.replace(/(?<=[\da-z}]) ?([+-]) ?(?=[\da-z\\(])/g, (whole, sign, at) =>
      inBraces(answer, at) ? whole : ` {}${sign} `,
    ),
    /^-?\d+$/.test(answer) ? `${answer}.0` : `${answer}`,
    // A number between one digit and the next in TeX's short forms keeps its braces; differentials, too.
    /\d\s*\\[dt]?frac|\\frac\{d/.test(answer) ? answer : onLine,
  ];
  return [...new Set(results.map((text) => text.replaceAll("{}", "")))].filter((text) => text !== answer);
}

const inBraces = (text: string, at: number): boolean => {
  let depth = 0;
  for (const character of text.slice(0, at)) depth += character === "{" ? 1 : character === "}" ? -1 : 0;
  return depth > 0;
};

export interface Perturbed {
  readonly kind: string;
  readonly text: string;
}

/** Other answers, near to this one. */
export function perturbations(answer: string): Perturbed[] {
  const results: Perturbed[] = [];
  const add = (kind: string, text: string) => {
    if (text.replace(/\s/g, "") !== answer.replace(/\s/g, "")) results.push({ kind, text });
  };
  // Each whole number is one more: numerators, exponents, bases and indices among them.
  for (const match of answer.matchAll(/\d+/g)) {
    const digits = match[0];
    const more = String(BigInt(digits) + 1n).padStart(digits.length, "0");
    add("number", answer.slice(0, match.index) + more + answer.slice(match.index + digits.length));
  }
  if (
    !/[,=<>\\]|[A-Za-z]{2}/.test(answer.replaceAll(/\\(?:frac|sqrt|pi|theta|cdot)/g, "")) &&
    !/^-?0*\.?0*$/.test(answer)
  ) {
    add("sign", answer.startsWith("-") ? flipped(answer) : `-(${answer})`);
  }
  for (const match of answer.matchAll(/(?<=[\w})]) ?([+-]) ?(?=[\w\\({])/g)) {
    const other = match[1] === "+" ? "-" : "+";
    // The sign of a decimal exponent changes the number too, but 1e+5 may be 1e5.
    if (/\d[eE]$/.test(answer.slice(0, match.index))) continue;
    add("operator", answer.slice(0, match.index) + other + answer.slice(match.index + match[0].length));
  }
  const pair = /^(?:\\left)?([([])(.*?),(.*?)(?:\\right)?([)\]])$/.exec(answer);
  const isPair = pair && !/[()[\]]/.test(`${pair[2]}${pair[3]}`);
  if (isPair) {
    const [, open = "", first = "", rest = "", close = ""] = pair;
    const others = rest.split(",");
    add("swapped", `${open}${[others[0], first, ...others.slice(1)].join(",")}${close}`);
    if (others.length === 1) {
      add("bracket", `${open === "(" ? "[" : "("}${first},${rest}${close}`);
      add("bracket", `${open}${first},${rest}${close === ")" ? "]" : ")"}`);
    }
    add("shortened", `${open}${[first, ...others].slice(0, -1).join(",")}${close}`);
  }
  if (/^-?\d+(\s*,\s*-?\d+)+$/.test(answer) && !/,\d{3}/.test(answer)) {
    add("shortened", answer.split(",").slice(0, -1).join(","));
    add("lengthened", `${answer}, 987654`);
  }
  if (answer.includes("\\cup")) add("shortened", answer.split("\\cup")[0] ?? "");
  if (/^\\text\{[^{}]*\}$/.test(answer)) add("word", "\\text{something else}");
  return results;
}

const flipped = (answer: string): string => (/[+-]/.test(answer.slice(1)) ? `-(${answer})` : answer.slice(1));
