import type { RecordedEpisode } from "@era/control";
import { encodeSafetensors, type SafeTensor } from "@era/tensor";

/**
 * An episode's numbers as safetensors, without loss. For T steps: `time` `[T + 1]` (s), `qpos` `[T + 1, nq]`, `qvel` `[T + 1, nv]`, `xpos`
 * `[T + 1, bodies, 3]`, `xquat` `[T + 1, bodies, 4]` (w first), `action` `[T, actionSize]`, `reward` `[T]`, and `entropy` `[T]` (nats) where it
 * is known. Environment, seed, the bodies' names and how the episode ended are in the metadata.
 */
export function statesFile(episode: RecordedEpisode): Uint8Array {
  const { states, steps, scene } = episode;
  const bodies = scene.bodies.length;
  const perState = (name: "qpos" | "qvel" | "xpos" | "xquat", ...shape: number[]): SafeTensor => {
    const data = Float64Array.from(states.flatMap((state) => Array.from(state[name])));
    return {
      dtype: "F64",
      shape: [states.length, ...(shape.length > 0 ? shape : [data.length / states.length])],
      data,
    };
  };
  const entropies = steps.flatMap(({ entropy }) => (entropy === undefined ? [] : [entropy]));
  const actions = Float32Array.from(steps.flatMap(({ action }) => Array.from(action)));
  const tensors: Record<string, SafeTensor> = {
    time: { dtype: "F64", shape: [states.length], data: Float64Array.from(states, ({ time }) => time) },
    qpos: perState("qpos"),
    qvel: perState("qvel"),
    xpos: perState("xpos", bodies, 3),
    xquat: perState("xquat", bodies, 4),
    action: { dtype: "F32", shape: [steps.length, actions.length / steps.length], data: actions },
    reward: { dtype: "F64", shape: [steps.length], data: Float64Array.from(steps, ({ reward }) => reward) },
    ...(entropies.length === steps.length
      ? { entropy: { dtype: "F32", shape: [steps.length], data: Float32Array.from(entropies) } as const }
      : {}),
  };
  return encodeSafetensors(tensors, {
    env: episode.env,
    seed: String(episode.seed),
    end: episode.end,
    return: String(episode.return),
    bodies: JSON.stringify(scene.bodies.map(({ name }) => name)),
  });
}
