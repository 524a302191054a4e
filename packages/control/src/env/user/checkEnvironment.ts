import { Random } from "@era/tensor";
import { type Env, EnvError } from "../env.ts";
import { makeEnv } from "../registry.ts";

/** Steps between two moves of the state into the other copy. */
const moveEvery = 7;

/**
 * Plays `steps` random steps of an environment and checks what training relies on: that observations lie in their space, that a seed repeats what
 * happened, and that a saved state, put into another copy, goes on bit for bit, through ends of episodes too.
 *
 * @throws EnvError in one line that says which of these does not hold, and where
 */
export async function checkEnvironment(id: string, steps: number): Promise<void> {
  const [env, again, moved] = [await makeEnv(id), await makeEnv(id), await makeEnv(id)];
  try {
    check(env, again, moved, steps);
  } finally {
    for (const copy of [env, again, moved]) copy.close();
  }
}

function check(env: Env, again: Env, moved: Env, steps: number): void {
  const random = new Random(1);
  let { observation } = env.reset({ seed: 1 });
  requireEqual(env, again.reset({ seed: 1 }).observation, observation, "reset twice with the same seed", 0);
  moved.restoreState(env.saveState());
  for (let step = 1; step <= steps; step++) {
    requireInside(env, observation, step - 1);
    const action = env.actionSpace.sample(random);
    const result = env.step(action);
    const has = ({ observation, reward, terminated, truncated }: typeof result) => [
      ...observation,
      reward,
      Number(terminated),
      Number(truncated),
    ];
    requireEqual(env, has(again.step(action)), has(result), "played twice with the same seed", step);
    requireEqual(env, has(moved.step(action)), has(result), "continued from a saved state", step);
    observation = result.observation;
    if (result.terminated || result.truncated) {
      ({ observation } = env.reset());
      requireEqual(env, again.reset().observation, observation, "played twice with the same seed", step);
      requireEqual(env, moved.reset().observation, observation, "continued from a saved state", step);
    }
    if (step % moveEvery === 0) moved.restoreState(env.saveState());
  }
}

function requireInside({ id, observationSpace }: Env, observation: Float64Array, step: number): void {
  for (const [i, value] of observation.entries()) {
    const [low = Number.NaN, high = Number.NaN] = [observationSpace.low[i], observationSpace.high[i]];
    if (value >= low && value <= high) continue;
    throw new EnvError(`${id}: observation[${i}] is ${value} after ${step} steps; its space is from ${low} to ${high}`);
  }
}

function requireEqual({ id }: Env, actual: ArrayLike<number>, expected: ArrayLike<number>, how: string, step: number) {
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i])) continue;
    const size = expected.length - 3;
    const name =
      how.startsWith("reset") || i < size ? `observation[${i}]` : ["reward", "terminated", "truncated"][i - size];
    throw new EnvError(
      `${id}: ${how}, ${name} is another after ${step} steps (${actual[i]}, not ${expected[i]}): random numbers must come from what reset and step are given, and all that decides the future must be in saveState`,
    );
  }
}
