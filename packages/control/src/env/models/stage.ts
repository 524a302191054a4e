import { element } from "../mjcf.ts";

/** What surrounds every robot and has no part in the physics: sky, light, the floor's checkers. */
export const stage = {
  assets: element(
    "asset",
    {},
    element("texture", {
      type: "skybox",
      builtin: "gradient",
      rgb1: [0.45, 0.6, 0.75],
      rgb2: [0.1, 0.12, 0.16],
      width: 64,
      height: 64,
    }),
    element("texture", {
      name: "tiles",
      type: "2d",
      builtin: "checker",
      rgb1: [0.2, 0.24, 0.28],
      rgb2: [0.28, 0.33, 0.38],
      width: 64,
      height: 64,
    }),
    element("material", { name: "floor", texture: "tiles", texrepeat: [40, 40], reflectance: 0.1 }),
  ),
  light: element("light", { directional: true, pos: [0, 0, 4], dir: [0.2, 0.3, -1], diffuse: [0.8, 0.8, 0.8] }),
  /** A camera beside the robot that follows its centre of mass, for the torso's body. */
  camera: element("camera", { name: "side", mode: "trackcom", pos: [0, -3, 0.3], xyaxes: [1, 0, 0, 0, 0, 1] }),
};
