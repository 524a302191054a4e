/** Tokenizers and chat templates against Python's (fixtures/make_tokenizers.py). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseConfig } from "../config.ts";
import { transformersFixture } from "../fixtures/transformers.fixture.ts";
import { type ChatMessage, TextTokenizer } from "./textTokenizer.ts";

interface PythonTokenizer {
  readonly added_tokens: { readonly id: number }[];
  readonly model: { readonly vocab: Readonly<Record<string, number>>; readonly merges: readonly (readonly string[])[] };
}
interface Pipeline {
  readonly tokenizer: PythonTokenizer & Record<string, unknown>;
  readonly ids: readonly (readonly number[])[];
  readonly decoded: readonly string[];
  readonly whole: readonly string[];
}
const fixture = JSON.parse(readFileSync(new URL("../fixtures/tokenizers.json", import.meta.url), "utf8")) as {
  readonly texts: readonly string[];
  readonly pipelines: Readonly<Record<string, Pipeline>>;
  readonly chats: readonly {
    readonly template: string;
    readonly messages: readonly ChatMessage[];
    readonly prompt: boolean;
    readonly text: string;
  }[];
};
const specials = { bos_token: "<|start|>", eos_token: { content: "<|end|>" }, pad_token: "<|pad|>" };

/** The metadata that a GGUF file of the tokenizer has. */
function metadataOf(name: string, { added_tokens, model }: PythonTokenizer): Record<string, unknown> {
  const tokens = Object.entries(model.vocab).sort(([, a], [, b]) => a - b);
  return {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": name,
    "tokenizer.ggml.tokens": tokens.map(([text]) => text),
    "tokenizer.ggml.token_type": tokens.map(([, id]) => (added_tokens.some((added) => added.id === id) ? 3 : 1)),
    "tokenizer.ggml.merges": model.merges.map((pair) => pair.join(" ")),
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.eos_token_id": 2,
    "tokenizer.ggml.padding_token_id": 0,
    "tokenizer.ggml.add_bos_token": name === "llama-bpe",
    "tokenizer.chat_template": "{{ messages[0].content }}",
  };
}

describe.each(Object.entries(fixture.pipelines))("the pipeline of %s", (name, { tokenizer, ids, decoded, whole }) => {
  describe.each([
    ["tokenizer.json", () => new TextTokenizer({ tokenizer, config: specials, stopTokens: [] }, "test")],
    ["GGUF metadata", () => TextTokenizer.fromGguf(metadataOf(name, tokenizer), "test")],
  ])("from %s", (_source, make) => {
    const own = make();

    it.each(fixture.texts.map((text, i) => [JSON.stringify(text), text, i] as const))(
      "cuts %s as Python",
      (_, text, i) => {
        expect(own.encode(text)).toEqual(ids[i]);
        expect(own.decode(ids[i] ?? [])).toBe(decoded[i]);
        expect(own.decode(ids[i] ?? [], { keepSpecials: true })).toBe(whole[i]);
      },
    );

    it("knows its special tokens and its size", () => {
      expect(own.stopTokens).toEqual([2]);
      expect(own.padToken).toBe(0);
      expect(own.vocabularySize).toBe(Object.keys(tokenizer.model.vocab).length);
    });
  });
});

describe("a tokenizer", () => {
  const { tokenizer } = fixture.pipelines.smollm as Pipeline;
  const make = (chat_template?: unknown) =>
    new TextTokenizer({ tokenizer, config: { ...specials, chat_template }, stopTokens: [7, 2] }, "test");

  it.each(fixture.chats.map((chat) => [chat.text.replaceAll("\n", "⏎"), chat] as const))(
    "renders the conversation %s as transformers",
    (_, { template, messages, prompt, text }) => {
      const own = make(template);
      expect(own.renderChat(messages, { prompt })).toBe(text);
      expect(own.encodeChat(messages, { prompt })).toEqual(own.encode(text));
    },
  );

  it("takes the default one of several templates", () => {
    const templates = [
      { name: "tool_use", template: "tools" },
      { name: "default", template: "chat" },
    ];
    expect(make(templates).renderChat([])).toBe("chat");
  });

  it("says in one line that there is no template, and what a template says of a conversation", () => {
    expect(() => make().renderChat([])).toThrow(/no chat template/);
    const refusing = make("{{ raise_exception('no system role') }}");
    expect(() => refusing.renderChat([])).toThrow(/^the chat template refuses the conversation: no system role$/);
  });

  it("ends texts at all tokens that end them", () => expect(make().stopTokens).toEqual([2, 7]));

  it("of another model is refused", () => {
    const config = parseConfig(transformersFixture.cases.qwen2?.config);
    expect(() => make().requireFits(config)).toThrow(/has 700 tokens, but the model embeds 61/);
    expect(() => make().requireFits({ ...config, vocabularySize: 700 })).not.toThrow();
  });

  describe("in a folder", () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "era-tokenizer-"));
    });
    afterEach(() => rmSync(folder, { recursive: true }));
    const write = (name: string, content: string) => writeFileSync(join(folder, name), content);

    it("is read with its template and its ends, and written so that it is read back", () => {
      write("tokenizer.json", JSON.stringify(tokenizer));
      write("tokenizer_config.json", JSON.stringify(specials));
      write("chat_template.jinja", "{{ messages[0].content }}!");
      write("generation_config.json", JSON.stringify({ eos_token_id: [2, 9] }));
      const own = TextTokenizer.fromFolder(folder);
      expect(own.stopTokens).toEqual([2, 9]);
      expect(own.renderChat([{ role: "user", content: "Hi" }])).toBe("Hi!");
      rmSync(join(folder, "chat_template.jinja"));
      rmSync(join(folder, "generation_config.json"));
      for (const [name, content] of Object.entries(own.files)) write(name, content);
      const again = TextTokenizer.fromFolder(folder);
      expect(again.renderChat([{ role: "user", content: "Hi" }])).toBe("Hi!");
      expect(again.stopTokens).toEqual([2, 9]);
      for (const text of fixture.texts) expect(again.encode(text)).toEqual(own.encode(text));
    });

    it("is refused in one line where it is damaged or absent", () => {
      expect(() => TextTokenizer.fromFolder(folder)).toThrow(/there is no tokenizer\.json/);
      write("tokenizer.json", "{");
      expect(() => TextTokenizer.fromFolder(folder)).toThrow(/tokenizer\.json is no JSON/);
      write("tokenizer.json", JSON.stringify({ model: { type: "Mystery" } }));
      expect(() => TextTokenizer.fromFolder(folder)).toThrow(/no tokenizer that is implemented/);
    });
  });
});

describe("GGUF metadata", () => {
  const good = metadataOf("smollm", (fixture.pipelines.smollm as Pipeline).tokenizer);
  it.each([
    ["of another kind of tokenizer", { "tokenizer.ggml.model": "llama" }, /the tokenizer "llama" is not implemented/],
    ["of an unknown cutting", { "tokenizer.ggml.pre": "tekken" }, /cutting "tekken" is not implemented/],
    [
      "with one token twice",
      { "tokenizer.ggml.tokens": ["a", "a"], "tokenizer.ggml.token_type": [1, 1] },
      /"a" is there twice/,
    ],
    ["with too few types", { "tokenizer.ggml.token_type": [1] }, /1 token types for 700 tokens/],
    ["with an end that is no token", { "tokenizer.ggml.eos_token_id": 700 }, /eos_token_id 700 is not one of 700/],
    ["with a merge of one part", { "tokenizer.ggml.merges": ["ab"] }, /the merge "ab" is no pair/],
    ["without tokens", { "tokenizer.ggml.tokens": undefined }, /tokenizer\.ggml\.tokens/],
  ])("%s is refused", (_what, change, message) => {
    expect(() => TextTokenizer.fromGguf({ ...good, ...change }, "file.gguf")).toThrow(message);
    expect(() => TextTokenizer.fromGguf({ ...good, ...change }, "file.gguf")).toThrow(/^file\.gguf: [^\n]*$/);
  });
});
