import { element } from "../mjcf.ts";
import { stage } from "./stage.ts";
import { leg, motors, torso } from "./upright.ts";

/** Gymnasium's Hopper: one leg. qpos `[6]`: x, height, pitch, hip, knee, ankle. */
export function hopper(): string {
  return element(
    "mujoco",
    { model: "hopper" },
    element("compiler", { angle: "degree" }),
    element("option", { timestep: 0.002, integrator: "RK4" }),
    element(
      "default",
      {},
      element("joint", { armature: 1, damping: 1, limited: true }),
      element("geom", {
        condim: 1,
        margin: 0.001,
        solref: [0.02, 1],
        solimp: [0.8, 0.8, 0.01],
        rgba: [0.35, 0.62, 0.8, 1],
      }),
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
        size: [20, 20, 0.125],
        condim: 3,
        material: "floor",
        rgba: [1, 1, 1, 1],
      }),
      torso(stage.camera, leg("", { frame: 0.13, centre: 0.065, halfLength: 0.195, friction: 2 })),
    ),
    element("actuator", {}, ...motors("", 200)),
  );
}
