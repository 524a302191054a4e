import { element } from "../mjcf.ts";
import { stage } from "./stage.ts";

/** A leg points into one quadrant of the ground: signs of x and y. */
const legs = [
  { name: "leg1", x: 1, y: 1 },
  { name: "leg2", x: -1, y: 1 },
  { name: "leg3", x: -1, y: -1 },
  { name: "leg4", x: 1, y: -1 },
] as const;

type Leg = (typeof legs)[number];

/** The order of the controls: legs 4, 1, 2, 3. */
const motorOrder = [legs[3], legs[0], legs[1], legs[2]];

/** A bar of the leg, from its frame's origin out to (±length, ±length, 0). */
function bar(leg: Leg, name: string, length: number): string {
  return element("geom", { name, type: "capsule", fromto: [0, 0, 0, leg.x * length, leg.y * length, 0], size: [0.08] });
}

/** A fixed bar, then the hip, which turns about the vertical, then the ankle, which lifts and lowers the outermost bar. */
function limb(leg: Leg): string {
  const out = [leg.x * 0.2, leg.y * 0.2, 0];
  return element(
    "body",
    { name: `${leg.name}_shoulder` },
    bar(leg, `${leg.name}_shoulder`, 0.2),
    element(
      "body",
      { name: `${leg.name}_upper`, pos: out },
      element("joint", { name: `${leg.name}_hip`, type: "hinge", axis: [0, 0, 1], range: [-30, 30] }),
      bar(leg, `${leg.name}_upper`, 0.2),
      element(
        "body",
        { name: `${leg.name}_lower`, pos: out },
        element("joint", {
          name: `${leg.name}_ankle`,
          type: "hinge",
          axis: [-leg.x * leg.y, 1, 0],
          range: leg.x > 0 ? [30, 70] : [-70, -30],
        }),
        bar(leg, `${leg.name}_lower`, 0.4),
      ),
    ),
  );
}

/**
 * Gymnasium's Ant: a sphere on four legs of two joints. qpos `[15]`: position, quaternion, then hip and ankle of legs 1 to 4; controls
 * `[8]`: hip and ankle of legs 4, 1, 2, 3.
 */
export function ant(): string {
  return element(
    "mujoco",
    { model: "ant" },
    element("compiler", { angle: "degree" }),
    element("option", { timestep: 0.01, integrator: "RK4" }),
    element(
      "default",
      {},
      element("joint", { armature: 1, damping: 1, limited: true }),
      element("geom", { conaffinity: 0, density: 5, friction: [1, 0.5, 0.5], margin: 0.01, rgba: [0.8, 0.5, 0.3, 1] }),
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
      element(
        "body",
        { name: "torso", pos: [0, 0, 0.75] },
        stage.camera,
        element("geom", { name: "torso", type: "sphere", size: [0.25] }),
        element("joint", { name: "root", type: "free", armature: 0, damping: 0, limited: false, margin: 0.01 }),
        ...legs.map(limb),
      ),
    ),
    element(
      "actuator",
      {},
      ...motorOrder.flatMap(({ name }) =>
        ["hip", "ankle"].map((joint) =>
          element("motor", {
            name: `${name}_${joint}`,
            joint: `${name}_${joint}`,
            gear: [150],
            ctrllimited: true,
            ctrlrange: [-1, 1],
          }),
        ),
      ),
    ),
  );
}
