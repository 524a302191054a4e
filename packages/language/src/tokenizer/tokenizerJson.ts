/** Parts of a `tokenizer.json` (Hugging Face tokenizers) that every tokenizer made here has. */

/** A token outside the merges, taken as it stands. @param special whether decoding leaves it out */
export const addedToken = (content: string, id: number, special: boolean) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special,
});

/** A byte-pair encoding: tokens by their text, and pairs that become one in this order. */
export const bytePairModel = (
  vocabulary: Iterable<readonly [token: string, id: number]>,
  merges: readonly (readonly string[])[],
  ignoreMerges = false,
) => ({
  type: "BPE",
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: ignoreMerges,
  vocab: Object.fromEntries(vocabulary),
  merges,
});
