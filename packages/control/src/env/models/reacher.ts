import { element } from "../mjcf.ts";
import { stage } from "./stage.ts";

/** A rail at the arena's edge, between two corners. */
const side = (name: string, fromto: readonly number[]): string =>
  element("geom", { name, type: "capsule", fromto, size: [0.02], conaffinity: 0, rgba: [0.35, 0.4, 0.45, 1] });

/** A part of the arm, 0.1 m long. */
const link = (name: string): string =>
  element("geom", { name, type: "capsule", fromto: [0, 0, 0, 0.1, 0, 0], size: [0.01], rgba: [0.3, 0.65, 0.6, 1] });

/** A coordinate of the target: moved by nothing but the task. */
const coordinate = (name: string, axis: readonly number[], ref: number): string =>
  element("joint", { name, type: "slide", axis, ref, limited: true, range: [-0.27, 0.27], armature: 0, damping: 0 });

const motor = (joint: string): string =>
  element("motor", { name: joint, joint, gear: [200], ctrllimited: true, ctrlrange: [-1, 1] });

/**
 * Gymnasium's Reacher: an arm of two links in a plane, and a target. qpos `[4]`: the two angles, the target's x and y. Bodies `fingertip`
 * and `target`.
 */
export function reacher(): string {
  const [low, high, z] = [-0.3, 0.3, 0.01];
  return element(
    "mujoco",
    { model: "reacher" },
    element("compiler", { angle: "radian" }),
    element("option", { timestep: 0.01, integrator: "RK4" }),
    element(
      "default",
      {},
      element("joint", { armature: 1, damping: 1, limited: true }),
      element("geom", { contype: 0, friction: [1, 0.1, 0.1] }),
    ),
    stage.assets,
    element(
      "worldbody",
      {},
      stage.light,
      element("geom", { name: "ground", type: "plane", size: [1, 1, 10], conaffinity: 0, material: "floor" }),
      side("south", [low, low, z, high, low, z]),
      side("east", [high, low, z, high, high, z]),
      side("north", [low, high, z, high, high, z]),
      side("west", [low, low, z, low, high, z]),
      element("geom", {
        name: "root",
        type: "cylinder",
        fromto: [0, 0, 0, 0, 0, 0.02],
        size: [0.011],
        conaffinity: 0,
        rgba: [0.8, 0.4, 0.3, 1],
      }),
      element(
        "body",
        { name: "upperArm", pos: [0, 0, z] },
        element("joint", { name: "shoulder", type: "hinge", axis: [0, 0, 1], limited: false }),
        link("upperArm"),
        element(
          "body",
          { name: "lowerArm", pos: [0.1, 0, 0] },
          element("joint", { name: "elbow", type: "hinge", axis: [0, 0, 1], range: [-3, 3] }),
          link("lowerArm"),
          element(
            "body",
            { name: "fingertip", pos: [0.11, 0, 0] },
            element("geom", { name: "fingertip", type: "sphere", size: [0.01], rgba: [0.8, 0.4, 0.3, 1] }),
          ),
        ),
      ),
      element(
        "body",
        { name: "target", pos: [0.1, -0.1, z] },
        coordinate("targetX", [1, 0, 0], 0.1),
        coordinate("targetY", [0, 1, 0], -0.1),
        element("geom", { name: "target", type: "sphere", size: [0.009], conaffinity: 0, rgba: [0.9, 0.2, 0.2, 1] }),
      ),
    ),
    element("actuator", {}, motor("shoulder"), motor("elbow")),
  );
}
