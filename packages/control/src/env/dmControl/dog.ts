import type { Random } from "@era/tensor";
import { tolerance } from "../tolerance.ts";
import type { ControlSimulation } from "./controlSimulation.ts";
import { type ControlTask, defineControlTask } from "./controlTask.ts";
import { editXml } from "./editXml.ts";
import { distance, writeInFrame } from "./geometry.ts";
import { jointsOfType, numberOf, sensorIndices, sensorStart } from "./names.ts";
import { elements, from, matrixEntry, orientations } from "./observation.ts";

const domain = {
  domain: "dog",
  timeLimit: 15,
  controlTimestep: 0.015,
  actions: 38,
  uses: (path: string) => path.startsWith("dog_assets/"),
};

/** Dog (dm_control/suite/dog.py): stand, move at a speed (m/s), or fetch a thrown ball. */
export const dog = [
  ...(
    [
      ["stand", 0],
      ["walk", 1],
      ["trot", 3],
      ["run", 9],
    ] as const
  ).map(([task, speed]) =>
    defineControlTask({
      ...domain,
      task,
      observationSize: 223,
      edit: (xml) => arena(xml, domain.timeLimit * (speed || 1), false),
      build: (simulation) => (speed === 0 ? stand(simulation) : move(simulation, speed)),
    }),
  ),
  defineControlTask({
    ...domain,
    task: "fetch",
    observationSize: 232,
    edit: (xml) => arena(xml, 10, true),
    build: fetchBall,
  }),
];

/**
 * Sets the size of the floor (m), takes the ball with its target and walls out of the model where it is not used, and the dog's skin, which
 * is for the eye only and takes 10 MB.
 */
function arena(xml: string, floorSize: number, ball: boolean): string {
  return editXml(xml, (model) => {
    model.named("geom", "floor").setAttribute("size", `${floorSize} ${floorSize} .1`);
    model.remove("skin", "skin");
    model.remove("material", "skin");
    model.remove("texture", "skin");
    if (ball) return;
    model.remove("body", "ball");
    model.remove("geom", "target", "wall_px", "wall_nx", "wall_py", "wall_ny");
    model.remove("camera", "ball", "head");
  });
}

const uprightCosine = Math.cos(Math.PI / 6);
const upright = {
  bounds: [uprightCosine, Infinity],
  margin: uprightCosine + 1,
  valueAtMargin: 0,
  sigmoid: "linear",
} as const;

function stand(simulation: ControlSimulation): ControlTask & { readonly forwardVelocity: () => number } {
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

  const inTorso = new Float64Array(3);
  const writeVelocity = (out: Float64Array, start: number) => {
    const { sensordata, xmat } = simulation.fields;
    const component = (axis: number) => sensordata[velocity + axis] ?? 0;
    writeInFrame(out, start, xmat, torso, component(0), component(1), component(2));
  };

  return {
    forwardVelocity() {
      writeVelocity(inTorso, 0);
      return inTorso[0] ?? 0;
    },
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
      return reward * tolerance(pressure, grounded);
    },
  };
}

function move(simulation: ControlSimulation, speed: number): ControlTask {
  const standing = stand(simulation);
  const fast = {
    bounds: [speed, 2 * speed],
    margin: Math.max(1, speed),
    valueAtMargin: 0,
    sigmoid: "linear",
  } as const;
  return {
    ...standing,
    reward: () => (standing.reward() * (4 * tolerance(standing.forwardVelocity(), fast) + 1)) / 5,
  };
}

function fetchBall(simulation: ControlSimulation): ControlTask {
  const { model } = simulation;
  const standing = stand(simulation);
  const [ball, target, floor] = ["ball", "target", "floor"].map((name) => numberOf(simulation, "geom", name)) as [
    number,
    number,
    number,
  ];
  const [head, upperBite, lowerBite] = ["head", "upper_bite", "lower_bite"].map((name) =>
    numberOf(simulation, "site", name),
  ) as [number, number, number];
  const ballBody = (model.geom_bodyid as Int32Array)[ball] ?? 0;
  const headBody = (model.site_bodyid as Int32Array)[head] ?? 0;
  const root = numberOf(simulation, "joint", "ball_root");
  const [position = 0] = (model.jnt_qposadr as Int32Array).subarray(root);
  const [velocity = 0] = (model.jnt_dofadr as Int32Array).subarray(root);
  const geomSizes = model.geom_size as Float64Array;
  const [floorSize, targetRadius] = [geomSizes[3 * floor] ?? 0, geomSizes[3 * target] ?? 0];
  const biteRadius = (model.site_size as Float64Array)[3 * upperBite] ?? 0;
  const bitten = { bounds: [0, biteRadius], margin: 2, sigmoid: "reciprocal" } as const;
  const brought = { bounds: [0, targetRadius], margin: floorSize, sigmoid: "reciprocal" } as const;
  const gravity = -(model.opt.gravity[2] ?? 0);

  return {
    initialize(random) {
      standing.initialize(random);
      const { qpos, qvel } = simulation.fields;
      // Thrown from the edge towards the middle, upwards so that it rises by a random height.
      const azimuth = random.uniform(0, 2 * Math.PI);
      const [x, y] = [Math.sin(azimuth), Math.cos(azimuth)];
      qpos.set([0.75 * floorSize * x, 0.75 * floorSize * y, 0.05], position);
      const rise = Math.sqrt(2 * gravity * random.uniform(0, 3));
      const speed = random.uniform(0, 5);
      const aim = [-x + 0.05 * random.normal(), -y + 0.05 * random.normal()].map((direction) => speed * direction);
      qvel.set([...aim, rise], velocity);
    },
    observation: [
      ...standing.observation,
      {
        size: 9,
        write(out, start) {
          const { site_xpos, site_xmat, geom_xpos } = simulation.fields;
          const to = (geom: number) => (axis: number) =>
            (geom_xpos[3 * geom + axis] ?? 0) - (site_xpos[3 * head + axis] ?? 0);
          const relative = (axis: number) =>
            pointVelocity(simulation, ballBody, geom_xpos, ball, axis) -
            pointVelocity(simulation, headBody, site_xpos, head, axis);
          for (const [i, of] of [to(ball), relative, to(target)].entries()) {
            writeInFrame(out, start + 3 * i, site_xmat, head, of(0), of(1), of(2));
          }
        },
      },
    ],
    reward() {
      const { geom_xpos, site_xpos } = simulation.fields;
      const toMouth =
        (distance(geom_xpos, ball, site_xpos, upperBite) + distance(geom_xpos, ball, site_xpos, lowerBite)) / 2;
      const toTarget = distance(geom_xpos, ball, geom_xpos, target);
      // It may let go of the ball where that is at the target.
      const reach = toTarget < 2 * targetRadius ? 1 : (6 * tolerance(toMouth, bitten) + 1) / 7;
      return (standing.reward() * reach * (tolerance(toTarget, brought) + 1)) / 2;
    },
  };
}

/** One component of the velocity of a point that is fixed to a body: the `i`th of an array of points. */
function pointVelocity(
  { fields: { cvel, subtree_com }, model }: ControlSimulation,
  body: number,
  points: Float64Array,
  i: number,
  axis: number,
): number {
  // MuJoCo has a body's velocity (rotation, then translation) at the centre of mass of the whole tree that it is part of.
  const root = (model.body_rootid as Int32Array)[body] ?? 0;
  const [second, third] = [(axis + 1) % 3, (axis + 2) % 3];
  const arm = (component: number) => (points[3 * i + component] ?? 0) - (subtree_com[3 * root + component] ?? 0);
  const spin = (component: number) => cvel[6 * body + component] ?? 0;
  return (cvel[6 * body + 3 + axis] ?? 0) + spin(second) * arm(third) - spin(third) * arm(second);
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
