import type { Simulation } from "../simulation.ts";

type Objects = Simulation["mujoco"]["mjtObj"];

/**
 * What HumanoidBench's tasks read of Unitree's H1, as last computed: after a step, positions and velocities of bodies are those before
 * its last physics step, as in the original. (humanoid_bench/robots.py)
 */
export class H1 {
  /** Position coordinates of the robot itself (a free root and 19 joints); the task's objects have the rest. */
  static readonly positions = 26;
  static readonly velocities = 25;
  static readonly actuators = 19;

  readonly simulation: Simulation;
  readonly #torso: number;
  readonly #head: number;
  readonly #leftFoot: number;
  readonly #rightFoot: number;
  readonly #imu: number;
  readonly #leftHand: number;
  /** Where the centre of mass's velocity begins in `sensordata`. */
  readonly #velocity: number;

  constructor(simulation: Simulation) {
    this.simulation = simulation;
    this.#torso = this.body("torso_link");
    this.#head = this.#number("mjOBJ_SITE", "head");
    this.#leftFoot = this.#number("mjOBJ_SITE", "left_foot");
    this.#rightFoot = this.#number("mjOBJ_SITE", "right_foot");
    this.#imu = this.#number("mjOBJ_SITE", "imu");
    this.#leftHand = this.#number("mjOBJ_SITE", "left_hand");
    const sensor = this.#number("mjOBJ_SENSOR", "pelvis_subtreelinvel");
    this.#velocity = (simulation.model.sensor_adr as Int32Array)[sensor] ?? 0;
  }

  /** Cosine of the angle between the torso and the vertical. */
  get uprightness(): number {
    return at(this.simulation.fields.xmat, 9 * this.#torso + 8);
  }

  /** Height of the head (m). */
  get headHeight(): number {
    return at(this.simulation.fields.site_xpos, 3 * this.#head + 2);
  }

  /** Heights of the left and the right foot (m). */
  get footHeights(): readonly [left: number, right: number] {
    const { site_xpos } = this.simulation.fields;
    return [at(site_xpos, 3 * this.#leftFoot + 2), at(site_xpos, 3 * this.#rightFoot + 2)];
  }

  /** Velocity of the centre of mass forward and to the left (m/s). */
  get velocity(): readonly [x: number, y: number] {
    const { sensordata } = this.simulation.fields;
    return [at(sensordata, this.#velocity), at(sensordata, this.#velocity + 1)];
  }

  /** Position of the inertial sensor in the torso (m). */
  get imu(): readonly [x: number, y: number, z: number] {
    return vector(this.simulation.fields.site_xpos, this.#imu);
  }

  /** Position of the left hand (m). */
  get leftHand(): readonly [x: number, y: number, z: number] {
    return vector(this.simulation.fields.site_xpos, this.#leftHand);
  }

  /** Position of a body's frame (m). */
  bodyPosition(body: number): readonly [x: number, y: number, z: number] {
    return vector(this.simulation.fields.xpos, body);
  }

  /** Present coordinate of the root or, after them, of a joint: `qpos[index]`, which is of after the step. */
  position(index: number): number {
    return at(this.simulation.fields.qpos, index);
  }

  /** Number of the body of this name. */
  body(name: string): number {
    return this.#number("mjOBJ_BODY", name);
  }

  /** Number of the geom of this name. */
  geom(name: string): number {
    return this.#number("mjOBJ_GEOM", name);
  }

  /** Numbers of all geoms whose names contain `part`. */
  geomsNamed(part: string): ReadonlySet<number> {
    const { mujoco, model } = this.simulation;
    const type = mujoco.mjtObj.mjOBJ_GEOM.value;
    const numbers = Array.from({ length: model.ngeom }, (_, geom) => geom);
    return new Set(numbers.filter((geom) => mujoco.mj_id2name(model, type, geom)?.includes(part)));
  }

  #number(type: keyof Objects & `mjOBJ_${string}`, name: string): number {
    const { mujoco, model } = this.simulation;
    const number = mujoco.mj_name2id(model, mujoco.mjtObj[type].value, name);
    // The models are checked against their authors' hashes, so this is ours to get right.
    if (number < 0) throw new Error(`the model has no ${name}`);
    return number;
  }
}

function vector(values: Float64Array, index: number): readonly [x: number, y: number, z: number] {
  return [at(values, 3 * index), at(values, 3 * index + 1), at(values, 3 * index + 2)];
}

/** An element that the model is known to have. */
function at(values: Float64Array, index: number): number {
  return values[index] ?? Number.NaN;
}
