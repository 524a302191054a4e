import { type Env, EnvError, type StepResult } from "./env.ts";
import { EnvWrapper } from "./envWrapper.ts";

/**
 * Takes each action for several steps and adds up their rewards; an episode's end cuts the repetition short. Observation, flags and info are
 * those of the last step taken. Published results on the DeepMind Control suite mostly repeat actions twice.
 */
export class ActionRepeat extends EnvWrapper {
  readonly repeat: number;

  /** @throws EnvError Where `repeat` is not a positive integer. */
  constructor(env: Env, repeat: number) {
    if (!Number.isInteger(repeat) || repeat < 1) {
      throw new EnvError(`${env.id}: actionRepeat is ${repeat}; it must be a positive integer`);
    }
    super(env);
    this.repeat = repeat;
  }

  override step(action: ArrayLike<number>): StepResult {
    let result = this.env.step(action);
    let { reward } = result;
    for (let taken = 1; taken < this.repeat && !result.terminated && !result.truncated; taken++) {
      result = this.env.step(action);
      reward += result.reward;
    }
    return { ...result, reward };
  }
}
