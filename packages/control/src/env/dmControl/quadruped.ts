import type { Random } from "@era/tensor";
import { EnvError } from "../env.ts";
import { type ToleranceOptions, tolerance } from "../tolerance.ts";
import type { ControlSimulation } from "./controlSimulation.ts";
import { type ControlTask, defineControlTask } from "./controlTask.ts";
import { editXml, removeElement } from "./editXml.ts";
import { distance, normalizeQuaternion, writeInFrame } from "./geometry.ts";
import { jointsOfType, numberOf, sensorIndicesOfTypes, sensorStart } from "./names.ts";
import { elements, from, matrixEntry, orientations, type Part } from "./observation.ts";
import { bowl } from "./terrain.ts";

const domain = { domain: "quadruped", timeLimit: 20, controlTimestep: 0.02 };
/** Each leg is turned, lifted and extended. */
const actions = [1, 2, 3, 4].flatMap(() => [[-1, 1] as const, [-1, 1.1] as const, [-0.8, 0.8] as const]);

/** Quadruped (dm_control/suite/quadruped.py): move at a speed (m/s), climb out of a bowl, or bring a ball to the middle. */
export const quadruped = [
  ...(
    [
      ["walk", 0.5],
      ["run", 5],
    ] as const
  ).map(([task, speed]) =>
    defineControlTask({
      ...domain,
      task,
      observationSize: 78,
      actions,
      edit: (xml) => arena(xml, { floorSize: domain.timeLimit * speed }),
      build: (simulation) => move(simulation, speed),
    }),
  ),
  defineControlTask({
    ...domain,
    task: "escape",
    observationSize: 101,
    actions,
    randomized: ["hfield_data"],
    edit: (xml) => arena(xml, { floorSize: 40, terrain: true }),
    build: escapeBowl,
  }),
  defineControlTask({
    ...domain,
    task: "fetch",
    observationSize: 90,
    actions,
    edit: (xml) => arena(xml, { ball: true }),
    build: fetchBall,
  }),
];

/** Takes out of the model what a task does not use: the ball with its target and walls, or the terrain with the sensors that see it. */
function arena(xml: string, { floorSize = 0, ball = false, terrain = false }): string {
  return editXml(xml, (model) => {
    if (floorSize > 0) model.named("geom", "floor").setAttribute("size", `${floorSize} ${floorSize} .5`);
    if (!ball) {
      model.remove("geom", "wall_px", "wall_py", "wall_nx", "wall_ny");
      model.remove("body", "ball");
      model.remove("site", "target");
    }
    if (!terrain) {
      model.remove("geom", "terrain");
      for (const sensor of model.all("rangefinder")) removeElement(sensor);
    }
  });
}

/** What all tasks share: what the robot observes of itself, and the reward for being upright. */
function robot(simulation: ControlSimulation) {
  const { mjSENS_ACCELEROMETER, mjSENS_GYRO, mjSENS_FORCE, mjSENS_TORQUE } = simulation.mujoco.mjtSensor;
  const torso = numberOf(simulation, "body", "torso");
  const velocity = sensorStart(simulation, "velocimeter");
  const hinges = jointsOfType(simulation, simulation.mujoco.mjtJoint.mjJNT_HINGE.value);
  const sensors = (types: readonly { value: number }[], transform?: (value: number) => number) =>
    elements(
      simulation,
      "sensordata",
      sensorIndicesOfTypes(
        simulation,
        types.map(({ value }) => value),
      ),
      transform,
    );
  const observation: Part[] = [
    elements(simulation, "qpos", hinges.positions),
    elements(simulation, "qvel", hinges.velocities),
    from(simulation, "act"),
    elements(simulation, "sensordata", [velocity, velocity + 1, velocity + 2]),
    orientations(simulation, [torso], ["zz"]),
    sensors([mjSENS_ACCELEROMETER, mjSENS_GYRO]),
    sensors([mjSENS_FORCE, mjSENS_TORQUE], Math.asinh),
  ];
  return {
    torso,
    sensors,
    observation,
    forwardVelocity: () => simulation.fields.sensordata[velocity] ?? 0,
    /** 1 where the torso is at most some degrees from upright, 0 where it is upside down. */
    upright(bounds = straight) {
      return tolerance(simulation.fields.xmat[9 * torso + matrixEntry.zz] ?? 0, bounds);
    },
  };
}

const straight = upright(0);

function upright(degrees: number): ToleranceOptions {
  const cosine = Math.cos((degrees * Math.PI) / 180);
  return { bounds: [cosine, Infinity], margin: 1 + cosine, valueAtMargin: 0, sigmoid: "linear" };
}

function move(simulation: ControlSimulation, speed: number): ControlTask {
  const { observation, upright, forwardVelocity } = robot(simulation);
  const fast = { bounds: [speed, Infinity], margin: speed, valueAtMargin: 0.5, sigmoid: "linear" } as const;
  return {
    initialize(random) {
      placeAboveGround(simulation, randomOrientation(random), 0, 0);
    },
    observation,
    reward: () => upright() * tolerance(forwardVelocity(), fast),
  };
}

function escapeBowl(simulation: ControlSimulation): ControlTask {
  const { model, mujoco } = simulation;
  const self = robot(simulation);
  const workspace = numberOf(simulation, "site", "workspace");
  const [resolution = 0] = model.hfield_nrow as Int32Array;
  const [halfSize = 0] = model.hfield_size as Float64Array;
  const nearlyUpright = upright(20);
  const outside = { bounds: [halfSize, Infinity], margin: halfSize, valueAtMargin: 0, sigmoid: "linear" } as const;
  return {
    initialize(random) {
      (model.hfield_data as Float32Array).set(bowl(random, resolution, 2 * halfSize));
      placeAboveGround(simulation, randomOrientation(random), 0, 0);
    },
    observation: [
      ...self.observation,
      {
        size: 3,
        write(out, start) {
          const { xpos, xmat } = simulation.fields;
          const toOrigin = (axis: number) => -(xpos[3 * self.torso + axis] ?? 0);
          writeInFrame(out, start, xmat, self.torso, toOrigin(0), toOrigin(1), toOrigin(2));
        },
      },
      // A range finder that sees nothing reads −1.
      self.sensors([mujoco.mjtSensor.mjSENS_RANGEFINDER], (range) => (range === -1 ? 1 : Math.tanh(range))),
    ],
    reward() {
      const [x = 0, y = 0, z = 0] = simulation.fields.site_xpos.subarray(3 * workspace, 3 * workspace + 3);
      return self.upright(nearlyUpright) * tolerance(Math.sqrt(x * x + y * y + z * z), outside);
    },
  };
}

function fetchBall(simulation: ControlSimulation): ControlTask {
  const { model } = simulation;
  const { torso, observation, upright } = robot(simulation);
  const ball = numberOf(simulation, "body", "ball");
  const [target, workspace] = [numberOf(simulation, "site", "target"), numberOf(simulation, "site", "workspace")];
  const root = {
    position: (model.jnt_qposadr as Int32Array)[numberOf(simulation, "joint", "ball_root")] ?? 0,
    velocity: (model.jnt_dofadr as Int32Array)[numberOf(simulation, "joint", "ball_root")] ?? 0,
  };
  const geomSizes = model.geom_size as Float64Array;
  const siteSizes = model.site_size as Float64Array;
  const floor = geomSizes[3 * numberOf(simulation, "geom", "floor")] ?? 0;
  const ballRadius = geomSizes[3 * numberOf(simulation, "geom", "ball")] ?? 0;
  const arenaMargin = { margin: floor * Math.SQRT2, valueAtMargin: 0, sigmoid: "linear" } as const;
  const reaching = { bounds: [0, (siteSizes[3 * workspace] ?? 0) + ballRadius], ...arenaMargin } as const;
  const fetched = { bounds: [0, siteSizes[3 * target] ?? 0], ...arenaMargin } as const;
  const plane = [0, 1];

  return {
    initialize(random) {
      const azimuth = random.uniform(0, 2 * Math.PI);
      const spawn = 0.9 * floor;
      const [x, y] = [random.uniform(-spawn, spawn), random.uniform(-spawn, spawn)];
      placeAboveGround(simulation, [Math.cos(azimuth / 2), 0, 0, Math.sin(azimuth / 2)], x, y);
      const { qpos, qvel } = simulation.fields;
      for (let i = 0; i < 2; i++) qpos[root.position + i] = random.uniform(-spawn, spawn);
      qpos[root.position + 2] = 2;
      for (let i = 0; i < 2; i++) qvel[root.velocity + i] = 5 * random.normal();
    },
    observation: [
      ...observation,
      {
        size: 9,
        write(out, start) {
          const { xpos, xmat, qvel } = simulation.fields;
          const position = (axis: number) => (xpos[3 * ball + axis] ?? 0) - (xpos[3 * torso + axis] ?? 0);
          // The torso's root is the first joint.
          const velocity = (axis: number) => (qvel[root.velocity + axis] ?? 0) - (qvel[axis] ?? 0);
          const spin = (axis: number) => qvel[root.velocity + 3 + axis] ?? 0;
          for (const [i, of] of [position, velocity, spin].entries()) {
            writeInFrame(out, start + 3 * i, xmat, torso, of(0), of(1), of(2));
          }
        },
      },
      {
        size: 3,
        write(out, start) {
          const { xpos, xmat, site_xpos } = simulation.fields;
          const to = (axis: number) => (site_xpos[3 * target + axis] ?? 0) - (xpos[3 * torso + axis] ?? 0);
          writeInFrame(out, start, xmat, torso, to(0), to(1), to(2));
        },
      },
    ],
    reward() {
      const { xpos, site_xpos } = simulation.fields;
      const reach = tolerance(distance(site_xpos, workspace, xpos, ball, plane), reaching);
      const fetch = tolerance(distance(site_xpos, target, xpos, ball, plane), fetched);
      return upright() * reach * (0.5 + 0.5 * fetch);
    },
  };
}

/** A uniformly random unit quaternion. */
function randomOrientation(random: Random): Float64Array {
  const quaternion = Float64Array.from({ length: 4 }, () => random.normal());
  normalizeQuaternion(quaternion, 0);
  return quaternion;
}

/** Puts the torso at (x, y) with an orientation, as low as nothing touches anything, to a centimetre. */
function placeAboveGround(simulation: ControlSimulation, orientation: ArrayLike<number>, x: number, y: number): void {
  for (let centimetres = 0; centimetres < 10_000; centimetres++) {
    simulation.fields.qpos.set([x, y, centimetres / 100]);
    simulation.fields.qpos.set(orientation, 3);
    simulation.forward();
    if (simulation.data.ncon === 0) return;
  }
  throw new EnvError("no height without contacts");
}
