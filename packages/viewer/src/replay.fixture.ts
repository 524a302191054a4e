import type { Replay } from "./replay.ts";

/** A body of 1 kg that moves along x by `step` metres a state, 0.1 s apart, beside one that stands still. */
export function movingReplay(states: number, step: number): Replay {
  const poses = Array.from({ length: states }, (_, i) => [step * i, 0, 1, 1, 0, 0, 0]);
  const material = { emission: 0, specular: 0.5, shininess: 0.5 };
  const ball = { type: "sphere", position: [0, 0, 0], quaternion: [1, 0, 0, 0], rgba: [1, 0, 0, 1], material } as const;
  return {
    title: "Test-v0",
    subtitle: "a <test> & more",
    scene: {
      bodies: [
        { name: "world", mass: 0 },
        { name: "mover", mass: 1 },
        { name: "stone", mass: 100 },
      ],
      shapes: [
        { ...ball, body: 1, size: [0.5, 0, 0] },
        { ...ball, body: 2, size: [2, 0, 0] },
      ],
      meshes: [{ vertices: Float32Array.of(0.1, 0.2, 0.3), faces: Int32Array.of(0, 0, 0) }],
      heightFields: [],
      textures: [{ width: 1, height: 1, channels: 3, pixels: Uint8Array.of(1, 2, 255) }],
    },
    times: Float32Array.from({ length: states }, (_, i) => 0.1 * i),
    rest: Float32Array.of(0, 0, 0, 1, 0, 0, 0, ...(poses[0] ?? []), 3, 4, 5, 1, 0, 0, 0),
    moving: [1],
    poses: Float32Array.from(poses.flat()),
    rewards: Float32Array.from({ length: states - 1 }, (_, i) => i),
    entropies: Float32Array.from({ length: states - 1 }, (_, i) => -i / 3),
    entropyFloor: -10,
  };
}
