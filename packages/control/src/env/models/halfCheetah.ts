import { element } from "../mjcf.ts";
import { stage } from "./stage.ts";

/** A thigh, shin or foot: one capsule that turns about the y axis where it is attached. */
interface Segment {
  name: string;
  /** Where it is attached, in its parent's frame (m). */
  at: readonly [x: number, z: number];
  /** The capsule's centre (m), its turn about the y axis (rad) and half the length of its cylinder (m). */
  capsule: { centre: readonly [x: number, z: number]; angle: number; halfLength: number };
  /** The joint: limits (rad), spring (N·m/rad) and damping (N·m·s/rad). */
  range: readonly [number, number];
  stiffness: number;
  damping: number;
  /** Torque of a full control (N·m). */
  torque: number;
}

const backLeg: readonly Segment[] = [
  {
    name: "back_thigh",
    at: [-0.5, 0],
    capsule: { centre: [0.1, -0.13], angle: -3.8, halfLength: 0.145 },
    range: [-0.52, 1.05],
    stiffness: 240,
    damping: 6,
    torque: 120,
  },
  {
    name: "back_shin",
    at: [0.16, -0.25],
    capsule: { centre: [-0.14, -0.07], angle: -2.03, halfLength: 0.15 },
    range: [-0.785, 0.785],
    stiffness: 180,
    damping: 4.5,
    torque: 90,
  },
  {
    name: "back_foot",
    at: [-0.28, -0.14],
    capsule: { centre: [0.03, -0.097], angle: -0.27, halfLength: 0.094 },
    range: [-0.4, 0.785],
    stiffness: 120,
    damping: 3,
    torque: 60,
  },
];

const frontLeg: readonly Segment[] = [
  {
    name: "front_thigh",
    at: [0.5, 0],
    capsule: { centre: [-0.07, -0.12], angle: 0.52, halfLength: 0.133 },
    range: [-1, 0.7],
    stiffness: 180,
    damping: 4.5,
    torque: 120,
  },
  {
    name: "front_shin",
    at: [-0.14, -0.24],
    capsule: { centre: [0.065, -0.09], angle: -0.6, halfLength: 0.106 },
    range: [-1.2, 0.87],
    stiffness: 120,
    damping: 3,
    torque: 60,
  },
  {
    name: "front_foot",
    at: [0.13, -0.18],
    capsule: { centre: [0.045, -0.07], angle: -0.6, halfLength: 0.07 },
    range: [-0.5, 0.5],
    stiffness: 60,
    damping: 1.5,
    torque: 30,
  },
];

const radius = 0.046;

/** A leg from its first segment down, each attached to the one before. */
function leg([segment, ...below]: readonly Segment[]): string {
  if (segment === undefined) return "";
  const { name, at, capsule, range, stiffness, damping } = segment;
  return element(
    "body",
    { name, pos: [at[0], 0, at[1]] },
    element("joint", { name, class: "leg", range, stiffness, damping }),
    element("geom", {
      name,
      type: "capsule",
      pos: [capsule.centre[0], 0, capsule.centre[1]],
      axisangle: [0, 1, 0, capsule.angle],
      size: [radius, capsule.halfLength],
    }),
    leg(below),
  );
}

/**
 * The planar cheetah of Wawrzyński (2009) as Gymnasium's HalfCheetah has it: a trunk with a head, two legs of three segments with springs in
 * their joints; 14 kg in all. qpos `[9]`: x, z, pitch, then thigh, shin and foot of the back and of the front leg.
 */
export function halfCheetah(): string {
  return element(
    "mujoco",
    { model: "half-cheetah" },
    element("compiler", { angle: "radian", settotalmass: 14 }),
    element("option", { timestep: 0.01 }),
    element(
      "default",
      {},
      element("geom", {
        contype: 1,
        conaffinity: 0,
        friction: [0.4, 0.1, 0.1],
        solref: [0.02, 1],
        solimp: [0, 0.8, 0.01],
        rgba: [0.85, 0.62, 0.35, 1],
      }),
      element("joint", { solreflimit: [0.02, 1], solimplimit: [0, 0.8, 0.03] }),
      element(
        "default",
        { class: "leg" },
        element("joint", { type: "hinge", axis: [0, 1, 0], limited: true, armature: 0.1 }),
      ),
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
        { name: "torso", pos: [0, 0, 0.7] },
        stage.camera,
        element("joint", { name: "root_x", type: "slide", axis: [1, 0, 0] }),
        element("joint", { name: "root_z", type: "slide", axis: [0, 0, 1] }),
        element("joint", { name: "root_pitch", type: "hinge", axis: [0, 1, 0] }),
        element("geom", { name: "trunk", type: "capsule", fromto: [-0.5, 0, 0, 0.5, 0, 0], size: [radius] }),
        element("geom", {
          name: "head",
          type: "capsule",
          pos: [0.6, 0, 0.1],
          axisangle: [0, 1, 0, 0.87],
          size: [radius, 0.15],
        }),
        leg(backLeg),
        leg(frontLeg),
      ),
    ),
    element(
      "actuator",
      {},
      ...[...backLeg, ...frontLeg].map(({ name, torque }) =>
        element("motor", { name, joint: name, gear: [torque], ctrllimited: true, ctrlrange: [-1, 1] }),
      ),
    ),
  );
}
