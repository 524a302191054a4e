import type { Random } from "@era/tensor";
import { tolerance } from "../tolerance.ts";
import type { ControlSimulation } from "./controlSimulation.ts";
import { type ControlTask, defineControlTask } from "./controlTask.ts";
import { editXml } from "./editXml.ts";
import { writeInFrame } from "./geometry.ts";
import { jointsOfType, numberOf, sensorIndices, sensorStart } from "./names.ts";
import { elements, from, matrixEntry, orientations } from "./observation.ts";

const timeLimit = 15;

/** Dog (dm_control/suite/dog.py): stand, or move at a speed (m/s). */
export const dog = (
  [
    ["stand", 0],
    ["walk", 1],
    ["trot", 3],
    ["run", 9],
  ] as const
).map(([task, speed]) =>
  defineControlTask({
    domain: "dog",
    task,
    timeLimit,
    controlTimestep: 0.015,
    observationSize: 223,
    actions: 38,
    uses: (path) => path.startsWith("dog_assets/"),
    edit: (xml) => withoutBall(xml, timeLimit * (speed || 1)),
    build: (simulation) => build(simulation, speed),
  }),
);

/** Leaves the dog alone on a floor of some size (m), and without its skin, which is for the eye only and takes 10 MB. */
function withoutBall(xml: string, floorSize: number): string {
  return editXml(xml, (model) => {
    model.named("geom", "floor").setAttribute("size", `${floorSize} ${floorSize} .1`);
    model.remove("body", "ball");
    model.remove("geom", "target", "wall_px", "wall_nx", "wall_py", "wall_ny");
    model.remove("camera", "ball", "head");
    model.remove("skin", "skin");
    model.remove("material", "skin");
    model.remove("texture", "skin");
  });
}

const uprightCosine = Math.cos(Math.PI / 6);
const upright = {
  bounds: [uprightCosine, Infinity],
  margin: uprightCosine + 1,
  valueAtMargin: 0,
  sigmoid: "linear",
} as const;

function build(simulation: ControlSimulation, speed: number): ControlTask {
  const { model, mujoco } = simulation;
  const [torso, pelvis, skull] = ["torso", "pelvis", "skull"].map((name) => numberOf(simulation, "body", name)) as [
    number,
    number,
    number,
  ];
  const hinges = jointsOfType(simulation, mujoco.mjtJoint.mjJNT_HINGE.value);
  const readings = (...names: readonly string[]) => sensorIndices(simulation, names);
  const velocity = sensorStart(simulation, "torso_linvel");
  const touch = readings("palm_L", "palm_R", "sole_L", "sole_R");
  const height = (body: number) => simulation.fields.xpos[3 * body + 2] ?? 0;

  // The simulation is in the default pose now: standing is to be nearly as high.
  const high = [torso, pelvis].map((body) => {
    const least = 0.9 * height(body);
    return { body, reach: { bounds: [least, Infinity], margin: least } as const };
  });
  const weight = -(model.opt.gravity[2] ?? 0) * ((model.body_subtreemass as Float64Array)[torso] ?? 0);
  const grounded = { bounds: [weight, Infinity], margin: weight, valueAtMargin: 0.9, sigmoid: "linear" } as const;
  const fast = {
    bounds: [speed, 2 * speed],
    margin: Math.max(1, speed),
    valueAtMargin: 0,
    sigmoid: "linear",
  } as const;

  const inTorso = new Float64Array(3);
  const writeVelocity = (out: Float64Array, start: number) => {
    const { sensordata, xmat } = simulation.fields;
    const component = (axis: number) => sensordata[velocity + axis] ?? 0;
    writeInFrame(out, start, xmat, torso, component(0), component(1), component(2));
  };

  return {
    initialize: (random) => push(simulation, random),
    observation: [
      elements(simulation, "qpos", hinges.positions),
      elements(simulation, "qvel", hinges.velocities),
      elements(simulation, "xpos", [3 * torso + 2, 3 * pelvis + 2]),
      orientations(simulation, [skull, torso, pelvis], ["zx", "zy", "zz"]),
      { size: 3, write: writeVelocity },
      elements(simulation, "sensordata", readings("accelerometer", "velocimeter", "gyro")),
      elements(simulation, "sensordata", readings("foot_L", "foot_R", "hand_L", "hand_R")),
      elements(simulation, "sensordata", touch),
      from(simulation, "act"),
    ],
    reward() {
      const { xmat, sensordata } = simulation.fields;
      let reward = 1;
      for (const { body, reach } of high) reward *= tolerance(height(body), reach);
      for (const body of [skull, torso, pelvis]) reward *= tolerance(xmat[9 * body + matrixEntry.zz] ?? 0, upright);
      let pressure = 0;
      for (const sensor of touch) pressure += sensordata[sensor] ?? 0;
      reward *= tolerance(pressure, grounded);
      if (speed === 0) return reward;
      writeVelocity(inTorso, 0);
      return (reward * (4 * tolerance(inTorso[0] ?? 0, fast) + 1)) / 5;
    },
  };
}

/** Turns the dog about the vertical, pushes it along the floor and sets its muscles' activations. */
function push(simulation: ControlSimulation, random: Random): void {
  const { qpos, qvel, act } = simulation.fields;
  const half = random.uniform(0, 2 * Math.PI) / 2;
  qpos.set([Math.cos(half), 0, 0, Math.sin(half)], 3);
  for (const velocity of [0, 1, 5]) qvel[velocity] = 2 * random.normal();
  const ranges = simulation.model.actuator_ctrlrange as Float64Array;
  for (let i = 0; i < act.length; i++) act[i] = random.uniform(ranges[2 * i] ?? 0, ranges[2 * i + 1] ?? 0);
}
