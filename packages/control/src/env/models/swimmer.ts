import { element } from "../mjcf.ts";
import { stage } from "./stage.ts";

/** A link: a capsule of 1 m from `start` in direction −x. */
const link = (start: number): string =>
  element("geom", { type: "capsule", fromto: [start, 0, 0, start - 1, 0, 0], size: [0.1], density: 1000 });

/** The joint that bends the chain in the plane, within ±100°. */
const bend = (name: string): string =>
  element("joint", { name, type: "hinge", axis: [0, 0, 1], limited: true, range: [-100, 100] });

const motor = (joint: string): string =>
  element("motor", { name: joint, joint, gear: [150], ctrllimited: true, ctrlrange: [-1, 1] });

/**
 * Gymnasium's Swimmer: three links in a viscous plane; nothing collides. qpos `[5]`: x, y, heading, the two bends.
 */
export function swimmer(): string {
  return element(
    "mujoco",
    { model: "swimmer" },
    element("compiler", { angle: "degree" }),
    element("option", { timestep: 0.01, integrator: "RK4", density: 4000, viscosity: 0.1 }),
    element(
      "default",
      {},
      element("joint", { armature: 0.1 }),
      element("geom", { contype: 0, conaffinity: 0, condim: 1, rgba: [0.3, 0.65, 0.6, 1] }),
    ),
    stage.assets,
    element(
      "worldbody",
      {},
      stage.light,
      element("geom", {
        name: "floor",
        type: "plane",
        pos: [0, 0, -0.1],
        size: [40, 40, 0.1],
        condim: 3,
        material: "floor",
      }),
      element(
        "body",
        { name: "front" },
        stage.camera,
        element("joint", { name: "x", type: "slide", axis: [1, 0, 0] }),
        element("joint", { name: "y", type: "slide", axis: [0, 1, 0] }),
        element("joint", { name: "heading", type: "hinge", axis: [0, 0, 1] }),
        link(1.5),
        element(
          "body",
          { name: "middle", pos: [0.5, 0, 0] },
          bend("firstBend"),
          link(0),
          element("body", { name: "back", pos: [-1, 0, 0] }, bend("secondBend"), link(0)),
        ),
      ),
    ),
    element("actuator", {}, motor("firstBend"), motor("secondBend")),
  );
}
