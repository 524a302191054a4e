import { element } from "../mjcf.ts";
import { stage } from "./stage.ts";

/** The quaternion that lays a capsule, which stands along z, along x. */
const lying = [Math.SQRT1_2, 0, Math.SQRT1_2, 0];

/** One of the two poles, 0.6 m long, with what is on its end. */
const pole = (number: 1 | 2, height: number, ...end: string[]): string =>
  element(
    "body",
    { name: `pole${number}`, pos: [0, 0, height] },
    element("joint", { name: `hinge${number}`, type: "hinge", axis: [0, 1, 0] }),
    element("geom", { name: `pole${number}`, fromto: [0, 0, 0, 0, 0, 0.6], size: [0.045], rgba: [0.3, 0.65, 0.6, 1] }),
    ...end,
  );

/**
 * Gymnasium's InvertedDoublePendulum: two poles on each other on a cart on a rail; nothing collides. Gravity leans by 10⁻⁵ m/s².
 * qpos `[3]`: cart's x, the poles' angles. The site `tip` is the upper end.
 */
export function invertedDoublePendulum(): string {
  return element(
    "mujoco",
    { model: "inverted-double-pendulum" },
    element("option", { timestep: 0.01, integrator: "RK4", gravity: [1e-5, 0, -9.81] }),
    element(
      "default",
      {},
      element("joint", { damping: 0.05 }),
      element("geom", { type: "capsule", contype: 0, friction: [1, 0.1, 0.1] }),
    ),
    stage.assets,
    element(
      "worldbody",
      {},
      stage.light,
      element("geom", { name: "floor", type: "plane", pos: [0, 0, -3], size: [40, 40, 40], material: "floor" }),
      element("geom", { name: "rail", quat: lying, size: [0.02, 1], rgba: [0.35, 0.4, 0.45, 1] }),
      element(
        "body",
        { name: "cart" },
        stage.camera,
        element("joint", {
          name: "slider",
          type: "slide",
          axis: [1, 0, 0],
          limited: true,
          range: [-1, 1],
          margin: 0.01,
        }),
        element("geom", { name: "cart", quat: lying, size: [0.1, 0.1], rgba: [0.8, 0.4, 0.3, 1] }),
        pole(1, 0, pole(2, 0.6, element("site", { name: "tip", pos: [0, 0, 0.6], size: [0.01, 0.01] }))),
      ),
    ),
    element(
      "actuator",
      {},
      element("motor", { name: "slider", joint: "slider", gear: [500], ctrllimited: true, ctrlrange: [-1, 1] }),
    ),
  );
}
