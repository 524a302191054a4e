import { element } from "../mjcf.ts";
import { stage } from "./stage.ts";

type Vector = readonly [x: number, y: number, z: number];

/** An arm's joint: at its body's origin, with its range (rad) and damping. */
const hinge = (name: string, axis: Vector, range: readonly [number, number], damping: number): string =>
  element("joint", { name, type: "hinge", axis, range, damping });

const capsule = (from: Vector, to: Vector, radius: number, more: Record<string, number> = {}): string =>
  element("geom", { type: "capsule", fromto: [...from, ...to], size: [radius], rgba: [0.3, 0.65, 0.6, 1], ...more });

const sphere = (pos: Vector, radius: number): string =>
  element("geom", { type: "sphere", pos, size: [radius], rgba: [0.35, 0.4, 0.45, 1] });

const body = (name: string, pos: Vector, ...parts: string[]): string => element("body", { name, pos }, ...parts);

/** What touches the table and the object. */
const solid = { contype: 1, conaffinity: 1 };

/** The fork at the arm's end, with the tips that the task measures from. */
const fork = (): string =>
  body(
    "wristRoll",
    [0, 0, 0],
    hinge("wristRoll", [1, 0, 0], [-1.5, 1.5], 0.1),
    body("tips", [0, 0, 0], sphere([0.1, -0.1, 0], 0.01), sphere([0.1, 0.1, 0], 0.01)),
    capsule([0, -0.1, 0], [0, 0.1, 0], 0.02, solid),
    capsule([0, -0.1, 0], [0.1, -0.1, 0], 0.02, solid),
    capsule([0, 0.1, 0], [0.1, 0.1, 0], 0.02, solid),
  );

const forearm = (): string =>
  body(
    "forearmRoll",
    [0, 0, 0],
    capsule([-0.1, 0, 0], [0.1, 0, 0], 0.02),
    hinge("forearmRoll", [1, 0, 0], [-1.5, 1.5], 0.1),
    body(
      "forearm",
      [0, 0, 0],
      capsule([0, 0, 0], [0.291, 0, 0], 0.05),
      body(
        "wristFlex",
        [0.321, 0, 0],
        capsule([0, -0.02, 0], [0, 0.02, 0], 0.01),
        hinge("wristFlex", [0, 1, 0], [-1.094, 0], 0.1),
        fork(),
      ),
    ),
  );

const arm = (): string =>
  body(
    "shoulderPan",
    [0, -0.6, 0],
    ...[
      [-0.06, 0.05, 0.05],
      [0.06, 0.05, 0.05],
      [-0.06, 0.09, 0.03],
      [0.06, 0.09, 0.03],
    ].map(([x = 0, y = 0, radius = 0]) => sphere([x, y, 0.2], radius)),
    capsule([0, 0, -0.4], [0, 0, 0.2], 0.1),
    hinge("shoulderPan", [0, 0, 1], [-2.2854, 1.714602], 1),
    body(
      "shoulderLift",
      [0.1, 0, 0],
      capsule([0, -0.1, 0], [0, 0.1, 0], 0.1),
      hinge("shoulderLift", [0, 1, 0], [-0.5236, 1.3963], 1),
      body(
        "upperArmRoll",
        [0, 0, 0],
        capsule([-0.1, 0, 0], [0.1, 0, 0], 0.02),
        hinge("upperArmRoll", [1, 0, 0], [-1.5, 1.7], 0.1),
        body(
          "upperArm",
          [0, 0, 0],
          capsule([0, 0, 0], [0.4, 0, 0], 0.06),
          body(
            "elbow",
            [0.4, 0, 0],
            capsule([0, -0.02, 0], [0, 0.02, 0], 0.06),
            hinge("elbow", [0, 1, 0], [-2.3213, 0], 0.1),
            forearm(),
          ),
        ),
      ),
    ),
  );

/** Something that slides on the table: y first, then x. */
const sliding = (name: string, height: number, geom: Record<string, string | number | readonly number[]>): string =>
  body(
    name,
    [0.45, -0.05, height],
    element("geom", { type: "cylinder", ...geom }),
    ...(["y", "x"] as const).map((axis) =>
      element("joint", {
        name: `${name}${axis.toUpperCase()}`,
        type: "slide",
        axis: axis === "y" ? [0, 1, 0] : [1, 0, 0],
        range: [-10.3213, 10.3],
        damping: 0.5,
      }),
    ),
  );

/**
 * Gymnasium's Pusher: an arm of seven joints over a table, an object and its goal, without gravity. qpos `[11]`: the arm from shoulder to wrist, object y and x, goal
 * y and x. Bodies `tips`, `object`, `goal`.
 */
export function pusher(): string {
  const joints = ["shoulderPan", "shoulderLift", "upperArmRoll", "elbow", "forearmRoll", "wristFlex", "wristRoll"];
  return element(
    "mujoco",
    { model: "pusher" },
    element("compiler", { angle: "radian" }),
    element("option", { timestep: 0.01, gravity: [0, 0, 0], iterations: 20 }),
    element(
      "default",
      {},
      element("joint", { armature: 0.04, damping: 1, limited: true }),
      element("geom", {
        friction: [0.8, 0.1, 0.1],
        density: 300,
        margin: 0.002,
        condim: 1,
        contype: 0,
        conaffinity: 0,
      }),
    ),
    stage.assets,
    element(
      "worldbody",
      {},
      stage.light,
      element("geom", {
        name: "table",
        type: "plane",
        pos: [0, 0.5, -0.325],
        size: [1, 1, 0.1],
        material: "floor",
        ...solid,
      }),
      arm(),
      sliding("object", -0.275, { size: [0.05, 0.05, 0.05], density: 0.01, contype: 1, rgba: [0.9, 0.9, 0.9, 1] }),
      sliding("goal", -0.323, { size: [0.08, 0.001, 0.1], density: 0.00001, rgba: [0.9, 0.2, 0.2, 1] }),
    ),
    element(
      "actuator",
      {},
      ...joints.map((joint) => element("motor", { name: joint, joint, ctrllimited: true, ctrlrange: [-2, 2] })),
    ),
  );
}
