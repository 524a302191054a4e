/**
 * Expressions in LaTeX, or in the plain writing of programs, as trees. The parser looks at each token once, so its time is in proportion to the
 * text: answers come from models that may write anything.
 */
import type { Token } from "./tokens.ts";

/** A number as written, a name, or an operation on others. */
export type Expression =
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "operation"; readonly operator: Operator; readonly terms: readonly Expression[] };

export type Operator =
  | "+"
  | "*"
  | "/"
  | "^"
  | "negate"
  | "root"
  | "!"
  | "binom"
  | "abs"
  | "floor"
  | "ceil"
  | "degree"
  | "percent"
  | FunctionName;

/** Functions of one argument, with what other writings of them there are. */
const functions = {
  sin: "sin",
  cos: "cos",
  tan: "tan",
  cot: "cot",
  sec: "sec",
  csc: "csc",
  arcsin: "asin",
  arccos: "acos",
  arctan: "atan",
  asin: "asin",
  acos: "acos",
  atan: "atan",
  sinh: "sinh",
  cosh: "cosh",
  tanh: "tanh",
  ln: "ln",
  exp: "exp",
} as const;
export type FunctionName = (typeof functions)[keyof typeof functions];

const isFunction = (name: string): name is keyof typeof functions => Object.hasOwn(functions, name);
const inverses: Readonly<Partial<Record<FunctionName, FunctionName>>> = { sin: "asin", cos: "acos", tan: "atan" };

/** Commands whose meaning goes beyond a tree of these operations. */
const beyond = new Set(
  "sum prod int iint oint lim max min sup inf begin end mid cap setminus mapsto to rightarrow text".split(" "),
);

/** Deeper brackets than any answer has. */
const deepest = 100;

const operation = (operator: Operator, ...terms: readonly Expression[]): Expression => ({
  kind: "operation",
  operator,
  terms,
});
const number = (text: string): Expression => ({ kind: "number", text });
const symbol = (name: string): Expression => ({ kind: "symbol", name });

/**
 * The tree of an expression that the tokens are from their first to their last.
 * @throws SyntaxError where they are none
 */
export function parseExpression(tokens: readonly Token[]): Expression {
  return new Parser(tokens).whole();
}

class Parser {
  readonly #tokens: Token[];
  #at = 0;
  #depth = 0;
  /** Bars of absolute values that are open: there, a bar ends a factor. */
  #bars = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = [...tokens];
  }

  whole(): Expression {
    const result = this.#sum();
    if (this.#at < this.#tokens.length) throw new SyntaxError(`unexpected ${this.#next?.text}`);
    return result;
  }

  get #next(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #isNext(kind: Token["kind"], ...texts: readonly string[]): boolean {
    const next = this.#next;
    return next?.kind === kind && (texts.length === 0 || texts.includes(next.text));
  }

  /** Takes the next token where it is this one. */
  #take(kind: Token["kind"], ...texts: readonly string[]): Token | undefined {
    if (!this.#isNext(kind, ...texts)) return undefined;
    return this.#tokens[this.#at++];
  }

  #expect(kind: Token["kind"], ...texts: readonly string[]): void {
    if (!this.#take(kind, ...texts)) throw new SyntaxError(`${texts.join(" or ")} expected`);
  }

  #sum(): Expression {
    if (++this.#depth > deepest) throw new SyntaxError("brackets too deep");
    const terms = [this.#product()];
    for (;;) {
      if (this.#take("sign", "+")) terms.push(this.#product());
      else if (this.#isNext("sign", "-")) terms.push(this.#product());
      else break;
    }
    this.#depth--;
    const [first] = terms;
    return terms.length === 1 && first ? first : operation("+", ...terms);
  }

  #product(): Expression {
    if (this.#take("sign", "-"))
      return operation(
        "negate",
        this.#deeper(() => this.#product()),
      );
    if (this.#take("sign", "+")) return this.#deeper(() => this.#product());
    let result = this.#power();
    for (;;) {
      if (this.#take("sign", "*") ?? this.#take("command", "cdot", "times", "ast")) {
        // ** is the plain writing of a power.
        result = this.#take("sign", "*")
          ? operation("^", result, this.#signed())
          : operation("*", result, this.#signed());
      } else if (this.#take("sign", "/") ?? this.#take("command", "div"))
        result = operation("/", result, this.#signed());
      else if (this.#startsFactor()) result = this.#juxtaposed(result);
      else return result;
    }
  }

  /** Counts nested calls that brackets do not. */
  #deeper<T>(parse: () => T): T {
    if (++this.#depth > deepest) throw new SyntaxError("signs too deep");
    const result = parse();
    this.#depth--;
    return result;
  }

  /** A factor behind an operator may have a sign: 2·-3. */
  #signed(): Expression {
    if (this.#take("sign", "-"))
      return operation(
        "negate",
        this.#deeper(() => this.#signed()),
      );
    if (this.#take("sign", "+")) return this.#deeper(() => this.#signed());
    return this.#power();
  }

  #startsFactor(): boolean {
    const next = this.#next;
    if (!next) return false;
    if (next.kind === "number" || next.kind === "word" || next.kind === "quoted") return true;
    if (next.kind === "sign") return "([{".includes(next.text) || (next.text === "|" && this.#bars === 0);
    return !["cdot", "times", "ast", "div", "rvert", "rfloor", "rceil", "}", "and", "or", "\\"].includes(next.text);
  }

  /** Two factors side by side: a product, but 1\frac{1}{2} and 1 1/2 are mixed numbers. */
  #juxtaposed(left: Expression): Expression {
    const isWhole = (part: Expression | undefined) => part?.kind === "number" && /^\d+$/.test(part.text);
    const isPlainNumber = this.#isNext("number");
    const right = this.#power();
    if (isWhole(left)) {
      if (isPlainNumber) {
        if (!isWhole(right) || !this.#take("sign", "/")) throw new SyntaxError("two numbers side by side");
        const below = this.#power();
        if (!isWhole(below)) throw new SyntaxError("two numbers side by side");
        return operation("+", left, operation("/", right, below));
      }
      if (right.kind === "operation" && right.operator === "/" && right.terms.every(isWhole))
        return operation("+", left, right);
    }
    if (isPlainNumber && left.kind === "number") throw new SyntaxError("two numbers side by side");
    return operation("*", left, right);
  }

  #power(): Expression {
    const base = this.#postfixed();
    if (!this.#take("sign", "^")) return base;
    // Behind the exponent, too, may stand a factorial or a percent sign.
    return this.#postfixes(
      operation(
        "^",
        base,
        this.#deeper(() => this.#exponent()),
      ),
    );
  }

  #exponent(): Expression {
    if (this.#isNext("sign", "{")) return this.#group("{", "}");
    const sign = this.#take("sign", "-", "+");
    const exponent = this.#deeper(() => this.#power());
    return sign?.text === "-" ? operation("negate", exponent) : exponent;
  }

  #postfixed(): Expression {
    return this.#postfixes(this.#atom());
  }

  #postfixes(of: Expression): Expression {
    let result = of;
    for (;;) {
      if (this.#take("sign", "!")) result = operation("!", result);
      else if (this.#take("sign", "%") ?? this.#take("command", "%")) result = operation("percent", result);
      else if (this.#take("command", "degree")) result = operation("degree", result);
      else return result;
    }
  }

  #group(open: string, close: string): Expression {
    this.#expect("sign", open);
    const bars = this.#bars;
    this.#bars = 0;
    const result = this.#sum();
    this.#bars = bars;
    this.#expect("sign", close);
    return result;
  }

  #atom(): Expression {
    const next = this.#next;
    if (!next) throw new SyntaxError("an operand is missing");
    if (next.kind === "sign") {
      if (next.text === "(") return this.#group("(", ")");
      if (next.text === "[") return this.#group("[", "]");
      if (next.text === "{") return this.#group("{", "}");
      if (next.text !== "|") throw new SyntaxError(`unexpected ${next.text}`);
      this.#at++;
      this.#bars++;
      const inside = this.#sum();
      this.#bars--;
      this.#expect("sign", "|");
      return operation("abs", inside);
    }
    this.#at++;
    if (next.kind === "number") {
      // 52_8 is a number in another base: a writing of its own.
      if (!this.#isNext("sign", "_")) return number(next.text);
      return symbol(`${next.text}${this.#subscript()}`);
    }
    if (next.kind === "command") return this.#command(next.text);
    return this.#name(next.kind === "word" ? next.text : next.text.toLowerCase());
  }

  #command(name: string): Expression {
    if (isFunction(name)) return this.#call(functions[name]);
    switch (name) {
      case "frac":
        return this.#fraction();
      case "binom": {
        const above = this.#argument();
        return operation("binom", above, this.#argument());
      }
      case "sqrt": {
        // The root's degree stands in brackets.
        const degree = this.#isNext("sign", "[") ? this.#group("[", "]") : number("2");
        return operation("root", this.#isNext("sign", "{") ? this.#group("{", "}") : this.#postfixed(), degree);
      }
      case "log":
        return this.#logarithm();
      case "lvert":
        return this.#between("abs", "rvert");
      case "lfloor":
        return this.#between("floor", "rfloor");
      case "lceil":
        return this.#between("ceil", "rceil");
      case "infty":
      case "infinity":
      case "oo":
        return symbol("∞");
      case "dot":
      case "ddot":
      case "tilde": {
        const inside = this.#argument();
        if (inside.kind !== "symbol") throw new SyntaxError(`\\${name} of no name`);
        return this.#name(`${inside.name}.${name}`);
      }
      default:
        if (beyond.has(name) || !/^[a-zA-Z]+$/.test(name)) throw new SyntaxError(`\\${name} is not understood`);
        return this.#name(name === "varphi" ? "phi" : name);
    }
  }

  #between(operator: Operator, close: string): Expression {
    const inside = this.#sum();
    this.#expect("command", close);
    return operation(operator, inside);
  }

  /** What stands in braces, or TeX's single digit or letter. */
  #argument(): Expression {
    if (this.#isNext("sign", "{")) return this.#group("{", "}");
    const next = this.#next;
    if (next?.kind !== "number" || next.text.length === 1) return this.#deeper(() => this.#atom());
    this.#tokens[this.#at] = { kind: "number", text: next.text.slice(1) };
    return number(next.text.slice(0, 1));
  }

  #fraction(): Expression {
    const isDifferential = this.#isNext("sign", "{") && this.#tokens[this.#at + 1]?.text === "d";
    const above = this.#argument();
    // In dx/dt the two d are not a factor that cancels.
    const below = this.#tokens[this.#at + 1];
    if (isDifferential && this.#isNext("sign", "{") && below?.text === "d") {
      this.#tokens[this.#at + 1] = { ...below, text: "differential" };
    }
    return operation("/", above, this.#argument());
  }

  #logarithm(): Expression {
    const base = this.#take("sign", "_") ? this.#argument() : undefined;
    const of = this.#call("ln");
    // Without a base it is the natural one for both answers, whatever was meant.
    return base === undefined ? of : operation("/", of, operation("ln", base));
  }

  /** A function's power, if one stands before its argument, and its argument: in brackets, or all factors up to the next sign or function. */
  #call(name: FunctionName): Expression {
    const power = this.#take("sign", "^") ? this.#deeper(() => this.#exponent()) : undefined;
    const isInverse = power?.kind === "operation" && power.operator === "negate" && isOne(power.terms[0]);
    const inverse = isInverse ? inverses[name] : undefined;
    const result = operation(
      inverse ?? name,
      this.#deeper(() => this.#functionArgument()),
    );
    return power === undefined || inverse !== undefined ? result : operation("^", result, power);
  }

  #functionArgument(): Expression {
    for (const [open, close] of [
      ["(", ")"],
      ["[", "]"],
      ["{", "}"],
    ] as const) {
      if (this.#isNext("sign", open)) return this.#group(open, close);
    }
    let result = this.#signed();
    for (;;) {
      const next = this.#next;
      const isFunctionNext = next?.kind === "command" && (isFunction(next.text) || next.text === "log");
      if (!this.#startsFactor() || isFunctionNext || this.#isNext("sign", "(", "[")) return result;
      result = this.#juxtaposed(result);
    }
  }

  /** A name with its subscript and primes; applied to a number, as in I(0), it is a name too. */
  #name(text: string): Expression {
    let name = text;
    for (;;) {
      if (this.#isNext("sign", "_")) name += this.#subscript();
      else if (this.#take("sign", "'")) name += "'";
      else break;
    }
    const [open, value, close] = this.#tokens.slice(this.#at, this.#at + 3);
    if (open?.text === "(" && value?.kind === "number" && close?.text === ")") {
      this.#at += 3;
      name += `(${value.text})`;
    }
    return symbol(name);
  }

  /** A subscript, as it is written but for spaces and braces. */
  #subscript(): string {
    this.#expect("sign", "_");
    if (!this.#take("sign", "{")) return `_${this.#tokens[this.#at++]?.text ?? ""}`;
    let text = "_";
    for (let depth = 1; ; ) {
      const token = this.#tokens[this.#at++];
      if (!token) throw new SyntaxError("a subscript stays open");
      if (token.text === "{" && token.kind === "sign") depth++;
      else if (token.text === "}" && token.kind === "sign") depth--;
      else text += token.text;
      if (depth === 0) return text;
    }
  }
}

const isOne = (part: Expression | undefined): boolean => part?.kind === "number" && part.text === "1";

/** The names in an expression that stand for unknown values. */
export function symbolsOf(expression: Expression, into = new Set<string>()): Set<string> {
  if (expression.kind === "symbol") into.add(expression.name);
  else if (expression.kind === "operation") for (const term of expression.terms) symbolsOf(term, into);
  return into;
}
