/** Rewards of right answers: 1 where the response's answer is equivalent to the reference, else 0. */
import { type AnswerPlace, extractAnswer } from "./answer/extractAnswer.ts";
import { type EquivalenceOptions, isEquivalent } from "./answer/isEquivalent.ts";
import type { Reward } from "./reward.ts";

/** A reward of answers that stand at one of these places. */
export function answerReward(places: readonly AnswerPlace[], options?: EquivalenceOptions): Reward {
  return ({ response, answer }) => {
    const given = extractAnswer(response, places);
    return given !== undefined && isEquivalent(given, answer, options) ? 1 : 0;
  };
}

/** MATH and its like: the answer is boxed, or said in a phrase ("The final answer is …"). */
export const mathReward = answerReward(["boxed", "tags", "phrase"]);

/** GSM8K: the answer is behind `####`, or else boxed or said in a phrase. */
export const gsm8kReward = answerReward(["hash", "boxed", "tags", "phrase"]);

/** The same, and where there is no such place the last number counts, right or wrong: for models that follow no format. */
export const numberReward = answerReward(["hash", "boxed", "tags", "phrase", "number"]);

/** Answers with measured numbers (Minerva's science): as `mathReward`, within one percent. */
export const scienceReward = answerReward(["boxed", "tags", "phrase"], { tolerance: 0.01 });
