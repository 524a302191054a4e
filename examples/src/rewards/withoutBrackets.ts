/**
 * A reward of one's own: countdown's, but an expression with brackets is worth half.
 *
 *   npx era train grpo --model <run> --task countdown --reward examples/src/rewards/withoutBrackets.ts
 *
 * What a reward throws counts as an error of that response, which is logged and left out; it is not a zero.
 */
import { countdownReward, type Reward } from "@era/language";

const withoutBrackets: Reward = async (input) =>
  (await countdownReward(input)) * (input.response.includes("(") ? 0.5 : 1);
export default withoutBrackets;
