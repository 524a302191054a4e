import { element } from "../mjcf.ts";
import { stage } from "./stage.ts";
import { leg, motors, torso } from "./upright.ts";

const foot = { frame: 0.2, centre: 0.1, halfLength: 0.1, friction: 1.9 };

/** Gymnasium's Walker2d (v5, both feet alike): two legs in one plane. qpos `[9]`: x, height, pitch, then hip, knee, ankle of right and left. */
export function walker2d(): string {
  return element(
    "mujoco",
    { model: "walker2d" },
    element("compiler", { angle: "degree" }),
    element("option", { timestep: 0.002, integrator: "RK4" }),
    element(
      "default",
      {},
      element("joint", { armature: 0.01, damping: 0.1, limited: true }),
      element("geom", { conaffinity: 0, friction: [0.7, 0.1, 0.1], rgba: [0.55, 0.45, 0.75, 1] }),
      element("default", { class: "root" }, element("joint", { armature: 0, damping: 0, limited: false })),
    ),
    stage.assets,
    element(
      "worldbody",
      {},
      stage.light,
      element("geom", {
        name: "floor",
        type: "plane",
        size: [40, 40, 40],
        conaffinity: 1,
        material: "floor",
        rgba: [1, 1, 1, 1],
      }),
      torso(stage.camera, leg("right_", foot), leg("left_", foot)),
    ),
    element("actuator", {}, ...motors("right_", 100), ...motors("left_", 100)),
  );
}
