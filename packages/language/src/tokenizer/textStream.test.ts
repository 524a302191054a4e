/** Streamed text against the whole text, on the tokenizers' fixture. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { TextStream } from "./textStream.ts";
import { TextTokenizer } from "./textTokenizer.ts";

const { pipelines } = JSON.parse(readFileSync(new URL("../fixtures/tokenizers.json", import.meta.url), "utf8")) as {
  readonly pipelines: Readonly<
    Record<string, { readonly tokenizer: Record<string, unknown>; readonly ids: readonly (readonly number[])[] }>
  >;
};

describe.each(Object.entries(pipelines))("with the pipeline of %s", (_name, { tokenizer, ids }) => {
  const own = new TextTokenizer({ tokenizer, config: {}, stopTokens: [] }, "test");

  it("the pieces are together the text, and no character is cut", () => {
    for (const tokens of ids) {
      const stream = new TextStream(own);
      const pieces = tokens.map((token) => stream.push(token));
      const text = own.decode(tokens);
      expect([...pieces, stream.end()].join("")).toBe(text);
      if (!text.includes("�")) expect(pieces.join("")).toBe(text);
      for (const piece of pieces) expect(piece.endsWith("�")).toBe(false);
    }
  });

  it("says what is unfinished at the end, and begins anew", () => {
    const tokens = own.encode("añ🙂");
    const stream = new TextStream(own);
    const cut = tokens.slice(0, -1);
    expect(cut.map((token) => stream.push(token)).join("") + stream.end()).toBe(own.decode(cut));
    expect(tokens.map((token) => stream.push(token)).join("")).toBe(own.decode(tokens));
  });
});
