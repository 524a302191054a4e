import type { Rollout } from "./rollout.ts";

export interface AdvantageSettings {
  readonly discount: number;
  /** λ */
  readonly gaeLambda: number;
  /** Whether a truncated episode's last observation has its value (it has: it was only cut) or, as in CleanRL's PPO, none. */
  readonly bootstrapTruncated: boolean;
}

/**
 * Generalized advantage estimation (Schulman et al. 2016): `δ_t = r_t + γ·V(s'_t) − V(s_t)`, `A_t = δ_t + γλ·A_{t+1}`, within each episode. V(s'_t) is 0
 * where the task terminated. Where an episode was truncated, s'_t is its last observation and its value counts, since the state has a future; CleanRL (and the
 * original PPO) take it as terminated, which teaches that states near the time limit, which an observation does not tell, are worth less.
 *
 * @param values V(s_t) `[steps, count]`
 * @param nextValues V(s'_t) `[steps, count]`
 * @returns advantages and returns `A_t + V(s_t)`, both `[steps, count]`
 */
export function generalizedAdvantages(
  {
    steps,
    count,
    rewards,
    terminated,
    truncated,
  }: Pick<Rollout, "steps" | "count" | "rewards" | "terminated" | "truncated">,
  values: ArrayLike<number>,
  nextValues: ArrayLike<number>,
  { discount, gaeLambda, bootstrapTruncated }: AdvantageSettings,
): { readonly advantages: Float32Array; readonly returns: Float32Array } {
  const advantages = new Float32Array(steps * count);
  const returns = new Float32Array(steps * count);
  for (let copy = 0; copy < count; copy++) {
    let later = 0;
    for (let at = (steps - 1) * count + copy; at >= 0; at -= count) {
      const hasFuture = !terminated[at] && (bootstrapTruncated || !truncated[at]);
      const goesOn = !terminated[at] && !truncated[at];
      const value = values[at] ?? 0;
      const target = (rewards[at] ?? 0) + (hasFuture ? discount * (nextValues[at] ?? 0) : 0);
      later = target - value + (goesOn ? discount * gaeLambda * later : 0);
      advantages[at] = later;
      returns[at] = later + value;
    }
  }
  return { advantages, returns };
}
