import { element } from "../mjcf.ts";
import { stage } from "./stage.ts";

type Vector = readonly [x: number, y: number, z: number];

/**
 * A side of the body and its sign of y. The published model is not quite symmetric: the right hip's armature in y is 0.008 and the
 * right knee has no spring, where the left ones have 0.01 and 1.
 */
const right = { name: "right", y: -1, hipArmature: 0.008, kneeStiffness: 0 };
const left = { name: "left", y: 1, hipArmature: 0.01, kneeStiffness: 1 };
type Side = typeof right;

/**
 * Where the parts of trunk and legs stand at joint angles of 0: upright, or lying on its back along x. The published lying model is a model of its own, not
 * the upright one turned over: hips without the step down, shorter shins, a left hip that bends farther back.
 */
interface Posture {
  readonly torso: Vector;
  readonly head: Vector;
  /** The upper waist's capsule: its middle, in the torso. */
  readonly upperWaist: Vector;
  readonly waist: Vector;
  readonly pelvis: Vector;
  /** Height of the hips in the pelvis. */
  readonly hip: number;
  /** A leg's direction, along which thigh and shin lie. */
  readonly legs: Vector;
  readonly foot: Vector;
  readonly leftHipRange: readonly [number, number];
}

const standing: Posture = {
  torso: [0, 0, 1.4],
  head: [0, 0, 0.19],
  upperWaist: [-0.01, 0, -0.12],
  waist: [-0.01, 0, -0.26],
  pelvis: [0, 0, -0.165],
  hip: -0.04,
  legs: [0, 0, -1],
  foot: [0, 0, -0.45],
  leftHipRange: [-110, 20],
};

const lying: Posture = {
  torso: [0, 0, 0.105],
  head: [-0.15, 0, 0],
  upperWaist: [0.11, 0, 0],
  waist: [0.21, 0, 0],
  pelvis: [0.165, 0, 0],
  hip: 0,
  legs: [1, 0, 0],
  foot: [0.35, 0, -0.1],
  leftHipRange: [-120, 20],
};

/** A point `length` along the legs' direction, and `side` to the side. */
const along = ({ legs: [x, , z] }: Posture, length: number, side = 0): Vector => [x * length, side, z * length];

/** Torque of a full control (N·m); controls are limited to ±0.4. */
const torque = { abdomen: 100, hipX: 100, hipZ: 100, hipY: 300, knee: 200, arm: 25 };

/** A hinge; `bend` is what joints of one region share. */
function hinge(
  name: string,
  axis: Vector,
  range: readonly [number, number],
  bend: Record<string, number>,
  at: Vector = [0, 0, 0],
): string {
  return element("joint", { name, type: "hinge", axis, range, pos: at, ...bend });
}

function capsule(name: string, from: Vector, to: Vector, radius: number): string {
  return element("geom", { name, type: "capsule", fromto: [...from, ...to], size: [radius] });
}

function sphere(name: string, pos: Vector, radius: number): string {
  return element("geom", { name, type: "sphere", pos, size: [radius] });
}

/** Thigh, shin, foot. The axes of hip x and z are mirrored, so that equal angles mean the same posture on both sides. */
function leg(posture: Posture, { name, y, hipArmature, kneeStiffness }: Side): string {
  return element(
    "body",
    { name: `${name}_thigh`, pos: [0, y * 0.1, posture.hip] },
    hinge(`${name}_hip_x`, [-y, 0, 0], [-25, 5], { armature: 0.01, damping: 5, stiffness: 10 }),
    hinge(`${name}_hip_z`, [0, 0, -y], [-60, 35], { armature: 0.01, damping: 5, stiffness: 10 }),
    hinge(`${name}_hip_y`, [0, 1, 0], y > 0 ? posture.leftHipRange : [-110, 20], {
      armature: hipArmature,
      damping: 5,
      stiffness: 20,
    }),
    capsule(`${name}_thigh`, [0, 0, 0], along(posture, 0.34, y * -0.01), 0.06),
    element(
      "body",
      { name: `${name}_shin`, pos: along(posture, 0.403, y * -0.01) },
      hinge(`${name}_knee`, [0, -1, 0], [-160, -2], { armature: 0.006, stiffness: kneeStiffness }, [0, 0, 0.02]),
      capsule(`${name}_shin`, [0, 0, 0], along(posture, 0.3), 0.049),
      element("body", { name: `${name}_foot`, pos: posture.foot }, sphere(`${name}_foot`, [0, 0, 0.1], 0.075)),
    ),
  );
}

/** Upper arm, forearm, hand. The shoulder's axes are mirrored except for the first's x, hence its mirrored range. */
function arm({ name, y }: Side): string {
  const shoulder: readonly [number, number] = y < 0 ? [-85, 60] : [-60, 85];
  return element(
    "body",
    { name: `${name}_upper_arm`, pos: [0, y * 0.17, 0.06] },
    hinge(`${name}_shoulder_1`, [2, -y, 1], shoulder, { armature: 0.0068, stiffness: 1 }),
    hinge(`${name}_shoulder_2`, [0, y, 1], shoulder, { armature: 0.0051, stiffness: 1 }),
    capsule(`${name}_upper_arm`, [0, 0, 0], [0.16, y * 0.16, -0.16], 0.04),
    element(
      "body",
      { name: `${name}_forearm`, pos: [0.18, y * 0.18, -0.18] },
      hinge(`${name}_elbow`, [0, -1, -y], [-90, 50], { armature: 0.0028, stiffness: 0 }),
      capsule(`${name}_forearm`, [0.01, y * -0.01, 0.01], [0.17, y * -0.17, 0.17], 0.031),
      sphere(`${name}_hand`, [0.18, y * -0.18, 0.18], 0.04),
    ),
  );
}

/** Trunk with head, waist, pelvis and the limbs that hang from each. The two lower parts lean forward by 0.23°. */
function body(posture: Posture): string {
  const [waistX, , waistZ] = posture.upperWaist;
  const lean = [1, 0, -0.002, 0];
  const abdomen = { armature: 0.02, damping: 5 };
  return element(
    "body",
    { name: "torso", pos: posture.torso },
    stage.camera,
    element("joint", { name: "root", type: "free", armature: 0, damping: 0, limited: false }),
    capsule("chest", [0, -0.07, 0], [0, 0.07, 0], 0.07),
    sphere("head", posture.head, 0.09),
    capsule("upper_waist", [waistX, -0.06, waistZ], [waistX, 0.06, waistZ], 0.06),
    element(
      "body",
      { name: "waist", pos: posture.waist, quat: lean },
      capsule("waist", [0, -0.06, 0], [0, 0.06, 0], 0.06),
      hinge("abdomen_z", [0, 0, 1], [-45, 45], { ...abdomen, stiffness: 20 }, [0, 0, 0.065]),
      hinge("abdomen_y", [0, 1, 0], [-75, 30], { ...abdomen, stiffness: 10 }, [0, 0, 0.065]),
      element(
        "body",
        { name: "pelvis", pos: posture.pelvis, quat: lean },
        hinge("abdomen_x", [1, 0, 0], [-35, 35], { ...abdomen, stiffness: 10 }, [0, 0, 0.1]),
        capsule("pelvis", [-0.02, -0.07, 0], [-0.02, 0.07, 0], 0.09),
        leg(posture, right),
        leg(posture, left),
      ),
    ),
    arm(right),
    arm(left),
  );
}

/** Observed in `info`, without force: how far knee and hip extend against each other. */
function tendons(): string {
  return element(
    "tendon",
    {},
    ...[left, right].map(({ name }) =>
      element(
        "fixed",
        { name: `${name}_hip_knee` },
        element("joint", { joint: `${name}_hip_y`, coef: -1 }),
        element("joint", { joint: `${name}_knee`, coef: 1 }),
      ),
    ),
  );
}

function motors(): string {
  const motor = (joint: string, gear: number) => element("motor", { name: joint, joint, gear: [gear] });
  return element(
    "actuator",
    {},
    ...["abdomen_y", "abdomen_z", "abdomen_x"].map((joint) => motor(joint, torque.abdomen)),
    ...[right, left].flatMap(({ name }) => [
      motor(`${name}_hip_x`, torque.hipX),
      motor(`${name}_hip_z`, torque.hipZ),
      motor(`${name}_hip_y`, torque.hipY),
      motor(`${name}_knee`, torque.knee),
    ]),
    ...[right, left].flatMap(({ name }) =>
      ["shoulder_1", "shoulder_2", "elbow"].map((joint) => motor(`${name}_${joint}`, torque.arm)),
    ),
  );
}

/**
 * Gymnasium's Humanoid: trunk, waist, pelvis, legs and arms with 17 actuated joints. qpos `[24]`: position, quaternion, abdomen z, y, x,
 * then hip x, z, y and knee of right and left, then shoulder 1, 2 and elbow of right and left.
 */
export const humanoid = (): string => model("humanoid", standing);

/** Gymnasium's HumanoidStandup: {@link humanoid}'s joints, lying on its back. */
export const humanoidLying = (): string => model("humanoid-standup", lying);

function model(name: string, posture: Posture): string {
  return element(
    "mujoco",
    { model: name },
    element("compiler", { angle: "degree" }),
    element("option", { timestep: 0.003, integrator: "RK4", solver: "PGS", iterations: 50 }),
    element(
      "default",
      {},
      element("joint", { armature: 1, damping: 1, limited: true }),
      element("geom", { condim: 1, margin: 0.001, rgba: [0.82, 0.6, 0.5, 1] }),
      element("motor", { ctrllimited: true, ctrlrange: [-0.4, 0.4] }),
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
        friction: [1, 0.1, 0.1],
        material: "floor",
        rgba: [1, 1, 1, 1],
      }),
      body(posture),
    ),
    tendons(),
    motors(),
  );
}
