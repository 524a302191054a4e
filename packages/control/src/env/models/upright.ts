import { element } from "../mjcf.ts";

/**
 * The body that Hopper and Walker2d share: a torso over legs of thigh, shin and foot, all capsules in the x–z plane. It is written down
 * standing, by the heights of its joints (m); the frames follow from them.
 */
const height = { top: 1.45, hip: 1.05, knee: 0.6, ankle: 0.1 };

const centre = (upper: number, lower: number) => (upper + lower) / 2;
const half = (upper: number, lower: number) => (upper - lower) / 2;

const torsoHeight = centre(height.top, height.hip);
const shinHeight = centre(height.knee, height.ankle);

/** What differs between feet: x positions (m) of the foot's frame and of its capsule's centre, half its length (m), its friction. */
export interface Foot {
  frame: number;
  centre: number;
  halfLength: number;
  friction: number;
}

/** The torso with its three planar root joints and whatever hangs from it. qpos begins with x, height, pitch. */
export function torso(camera: string, ...legs: string[]): string {
  return element(
    "body",
    { name: "torso", pos: [0, 0, torsoHeight] },
    camera,
    element("joint", { name: "root_x", class: "root", type: "slide", axis: [1, 0, 0], pos: [0, 0, -torsoHeight] }),
    element("joint", {
      name: "root_z",
      class: "root",
      type: "slide",
      axis: [0, 0, 1],
      pos: [0, 0, -torsoHeight],
      ref: torsoHeight,
    }),
    element("joint", { name: "root_pitch", class: "root", type: "hinge", axis: [0, 1, 0] }),
    element("geom", { name: "torso", type: "capsule", friction: [0.9], size: [0.05, half(height.top, height.hip)] }),
    ...legs,
  );
}

/** One leg, hanging from the torso. Angles grow backwards: hip and knee bend from 0 to −150°, the ankle 45° either way. */
export function leg(prefix: string, foot: Foot): string {
  return element(
    "body",
    { name: `${prefix}thigh`, pos: [0, 0, height.hip - torsoHeight] },
    hinge(`${prefix}hip`, [0, 0, 0], [-150, 0]),
    element("geom", {
      name: `${prefix}thigh`,
      type: "capsule",
      friction: [0.9],
      pos: [0, 0, centre(height.hip, height.knee) - height.hip],
      size: [0.05, half(height.hip, height.knee)],
    }),
    element(
      "body",
      { name: `${prefix}shin`, pos: [0, 0, shinHeight - height.hip] },
      hinge(`${prefix}knee`, [0, 0, height.knee - shinHeight], [-150, 0]),
      element("geom", {
        name: `${prefix}shin`,
        type: "capsule",
        friction: [0.9],
        size: [0.04, half(height.knee, height.ankle)],
      }),
      element(
        "body",
        { name: `${prefix}foot`, pos: [foot.frame, 0, -shinHeight] },
        hinge(`${prefix}ankle`, [-foot.frame, 0, height.ankle], [-45, 45]),
        element("geom", {
          name: `${prefix}foot`,
          type: "capsule",
          friction: [foot.friction],
          pos: [foot.centre - foot.frame, 0, height.ankle],
          quat: [Math.cos(Math.PI / 4), 0, -Math.sin(Math.PI / 4), 0],
          size: [0.06, foot.halfLength],
        }),
      ),
    ),
  );
}

/** Motors for hip, knee and ankle of a leg, of `torque` N·m at full control. */
export function motors(prefix: string, torque: number): string[] {
  return ["hip", "knee", "ankle"].map((joint) =>
    element("motor", {
      name: prefix + joint,
      joint: prefix + joint,
      gear: [torque],
      ctrllimited: true,
      ctrlrange: [-1, 1],
    }),
  );
}

function hinge(name: string, pos: readonly number[], range: readonly number[]): string {
  return element("joint", { name, type: "hinge", axis: [0, -1, 0], pos, range });
}
