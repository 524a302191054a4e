/** From the rewards of a group of responses to one prompt to what each response's tokens are weighted by; and what DAPO leaves out. */

/**
 * GRPO's advantages of one group (Shao et al. 2024; official verl, `compute_grpo_outcome_advantage`): (r − mean)/(deviation + 1e-6), with the
 * deviation of n − 1. All tokens of a response bear its advantage. A response alone has no group to compare with: its advantage is its reward.
 * @param rewards of all responses to one prompt
 * @param normalize false: only the mean is taken off (Dr. GRPO, arXiv 2503.20783)
 */
export function groupAdvantages(rewards: readonly number[], { normalize = true } = {}): number[] {
  if (rewards.length === 1) return rewards.map((reward) => (normalize ? reward / (1 + 1e-6) : reward));
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  const squares = rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0);
  const scale = normalize ? 1 / (Math.sqrt(squares / (rewards.length - 1)) + 1e-6) : 1;
  return rewards.map((reward) => (reward - mean) * scale);
}

/**
 * Whether a group teaches anything: not all of its rewards are equal. DAPO (arXiv 2503.14476) replaces the others by further prompts ("dynamic
 * sampling").
 */
export const hasContrast = (rewards: readonly number[]): boolean =>
  rewards.length === 1 || rewards.some((reward) => reward !== rewards[0]);

/** What is done about responses that reach the length limit. */
export interface Overlong {
  /** The longest response, in tokens. */
  readonly maxLength: number;
  /** The last tokens before the limit, over which the punishment grows from 0 to `penalty`. */
  readonly buffer: number;
  /** What a response of the full length loses. DAPO: 1. */
  readonly penalty: number;
}

/**
 * DAPO's soft overlong punishment (arXiv 2503.14476, equation 13; official verl, `reward_manager/dapo.py`), to be added to the reward: 0 up
 * to maxLength − buffer tokens, then falling linearly to −penalty at maxLength.
 */
export function overlongPunishment(length: number, { maxLength, buffer, penalty }: Overlong): number {
  const exceeding = length - (maxLength - buffer);
  return exceeding <= 0 ? 0 : (-exceeding / buffer) * penalty;
}
