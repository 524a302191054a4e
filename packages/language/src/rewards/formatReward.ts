/** Rewards of a response's form. */
import type { Reward } from "./reward.ts";

/** 1 where the whole response matches, else 0. */
export function patternReward(pattern: RegExp): Reward {
  // A global expression would go on where its last match ended.
  const fresh = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
  return ({ response }) => (fresh.test(response) ? 1 : 0);
}

const tags = ["<think>", "</think>", "<answer>", "</answer>"] as const;

/**
 * 1 where a response is `<think>…</think><answer>…</answer>`: each tag once and in this order, both filled, nothing but space around them; else 0.
 * The form of DeepSeek-R1 (arXiv 2501.12948, section 2.2). A template that opens `<think>` in the prompt is allowed for.
 */
export const formatReward: Reward = ({ prompt, response }) => {
  const text = prompt.trimEnd().endsWith("<think>") ? `<think>${response}` : response;
  if (tags.some((tag) => text.split(tag).length !== 2)) return 0;
  const [before = "", thought = "", between = "", given = "", after = ""] = text.split(/<\/?think>|<\/?answer>/);
  const isInOrder = tags.every((tag, i) => i === 0 || text.indexOf(tag) > text.indexOf(tags[i - 1] ?? ""));
  const isFilled = thought.trim() !== "" && given.trim() !== "";
  return isInOrder && isFilled && (before + between + after).trim() === "" ? 1 : 0;
};
