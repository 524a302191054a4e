/** Text as its tokens come. */
import type { TextTokenizer } from "./textTokenizer.ts";

/** What a decoder of bytes puts where they are no character, or not yet. */
const replacement = "�";

/**
 * Turns tokens that come one by one into text: `push` gives what can be said for sure, so that a character of several tokens comes whole. All
 * that it gave, and `end`, are together what the tokenizer makes of all tokens.
 */
export class TextStream {
  readonly #tokenizer: TextTokenizer;
  /** Tokens from the last piece on: how a token is written depends on the one before it. */
  #tokens: number[] = [];
  /** How many of them the last piece has. */
  #said = 0;

  constructor(tokenizer: TextTokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** The text that this token adds; empty where it is the beginning of a character. */
  push(token: number): string {
    this.#tokens.push(token);
    const text = this.#rest();
    if (text === "" || text.endsWith(replacement)) return "";
    this.#tokens = this.#tokens.slice(this.#said);
    this.#said = this.#tokens.length;
    return text;
  }

  /** What is left after the last token. */
  end(): string {
    const text = this.#rest();
    this.#tokens = [];
    this.#said = 0;
    return text;
  }

  #rest(): string {
    const said = this.#tokenizer.decode(this.#tokens.slice(0, this.#said));
    return this.#tokenizer.decode(this.#tokens).slice(said.length);
  }
}
