import { element } from "../mjcf.ts";
import { stage } from "./stage.ts";

/** The quaternion that lays a capsule, which stands along z, along x. */
const lying = [Math.SQRT1_2, 0, Math.SQRT1_2, 0];

/** Gymnasium's InvertedPendulum: a pole (0.6 m, 1 mm out of plumb) on a cart on a rail; nothing collides. qpos `[2]`: cart's x, pole's angle. */
export function invertedPendulum(): string {
  return element(
    "mujoco",
    { model: "inverted-pendulum" },
    element("compiler", { angle: "degree" }),
    element("option", { timestep: 0.02, integrator: "RK4" }),
    element(
      "default",
      {},
      element("joint", { damping: 1, limited: true }),
      element("geom", { type: "capsule", contype: 0, friction: [1, 0.1, 0.1] }),
    ),
    stage.assets,
    element(
      "worldbody",
      {},
      stage.light,
      element("geom", { name: "rail", quat: lying, size: [0.02, 1], rgba: [0.35, 0.4, 0.45, 1] }),
      element(
        "body",
        { name: "cart" },
        stage.camera,
        element("joint", { name: "slider", type: "slide", axis: [1, 0, 0], range: [-1, 1] }),
        element("geom", { name: "cart", quat: lying, size: [0.1, 0.1], rgba: [0.8, 0.4, 0.3, 1] }),
        element(
          "body",
          { name: "pole" },
          element("joint", { name: "hinge", type: "hinge", axis: [0, 1, 0], range: [-90, 90] }),
          element("geom", { name: "pole", fromto: [0, 0, 0, 0.001, 0, 0.6], size: [0.049], rgba: [0.3, 0.65, 0.6, 1] }),
        ),
      ),
    ),
    element(
      "actuator",
      {},
      element("motor", { name: "slider", joint: "slider", gear: [100], ctrllimited: true, ctrlrange: [-3, 3] }),
    ),
  );
}
