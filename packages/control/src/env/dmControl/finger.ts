import type { ControlSimulation } from "./controlSimulation.ts";
import { type ControlTask, defineControlTask } from "./controlTask.ts";
import { numberOf, sensorIndices, sensorStart } from "./names.ts";
import { elements, type Part } from "./observation.ts";
import { drawWithoutContact, posesOf } from "./randomPose.ts";

/**
 * Finger (dm_control/suite/finger.py): two links that push a body on a hinge, to spin it or to turn its tip to a target of some radius (m).
 */
export const finger = [
  defineControlTask({ ...domain("spin", 9), build: spin }),
  defineControlTask({ ...domain("turn_easy", 12), build: (simulation) => turn(simulation, 0.07) }),
  defineControlTask({ ...domain("turn_hard", 12), build: (simulation) => turn(simulation, 0.03) }),
];

function domain(task: string, observationSize: number) {
  const randomized = task === "spin" ? [] : (["site_pos"] as const);
  return { domain: "finger", task, timeLimit: 20, controlTimestep: 0.02, observationSize, actions: 2, randomized };
}

function spin(simulation: ControlSimulation): ControlTask {
  const { model } = simulation;
  const hinge = numberOf(simulation, "joint", "hinge");
  (model.dof_damping as Float64Array)[(model.jnt_dofadr as Int32Array)[hinge] ?? 0] = 0.03;
  const velocity = sensorStart(simulation, "hinge_velocity");
  const pose = posesOf(simulation);
  return {
    initialize: (random) => drawWithoutContact(simulation, () => pose(random)),
    observation: state(simulation),
    reward: () => ((simulation.fields.sensordata[velocity] ?? 0) <= -15 ? 1 : 0),
  };
}

function turn(simulation: ControlSimulation, radius: number): ControlTask {
  const { model } = simulation;
  const hinge = numberOf(simulation, "joint", "hinge");
  const target = numberOf(simulation, "site", "target");
  const cap = 3 * numberOf(simulation, "geom", "cap1");
  (model.site_size as Float64Array)[3 * target] = radius;
  // The targets lie on the circle that the tip describes.
  const sizes = model.geom_size as Float64Array;
  const reach = (sizes[cap] ?? 0) + (sizes[cap + 1] ?? 0) + (sizes[cap + 2] ?? 0);
  const pose = posesOf(simulation);
  const [targetPosition, tipPosition] = ["target", "tip"].map((name) => sensorStart(simulation, name)) as [
    number,
    number,
  ];
  const distance = () => {
    const { sensordata } = simulation.fields;
    const x = (sensordata[targetPosition] ?? 0) - (sensordata[tipPosition] ?? 0);
    const z = (sensordata[targetPosition + 2] ?? 0) - (sensordata[tipPosition + 2] ?? 0);
    return Math.sqrt(x * x + z * z) - radius;
  };
  return {
    initialize(random) {
      const angle = random.uniform(-Math.PI, Math.PI);
      const { xanchor } = simulation.fields;
      const positions = model.site_pos as Float64Array;
      positions[3 * target] = (xanchor[3 * hinge] ?? 0) + reach * Math.sin(angle);
      positions[3 * target + 2] = (xanchor[3 * hinge + 2] ?? 0) + reach * Math.cos(angle);
      drawWithoutContact(simulation, () => pose(random));
    },
    observation: [
      ...state(simulation),
      fromSpinner(simulation, "target"),
      {
        size: 1,
        write(out, start) {
          out[start] = distance();
        },
      },
    ],
    reward: () => (distance() <= 0 ? 1 : 0),
  };
}

/** What both tasks observe: the finger's angles, where the tip is, the velocities, and what the touch sensors feel. */
function state(simulation: ControlSimulation): Part[] {
  const readings = (...names: readonly string[]) => sensorIndices(simulation, names);
  return [
    elements(simulation, "sensordata", readings("proximal", "distal")),
    fromSpinner(simulation, "tip"),
    elements(simulation, "sensordata", readings("proximal_velocity", "distal_velocity", "hinge_velocity")),
    elements(simulation, "sensordata", readings("touchtop", "touchbottom"), Math.log1p),
  ];
}

/** Where a sensor of positions says that its site is, in the plane (x, z) and from the hinge's middle. */
function fromSpinner(simulation: ControlSimulation, name: string): Part {
  const [site, spinner] = [sensorStart(simulation, name), sensorStart(simulation, "spinner")];
  return {
    size: 2,
    write(out, start) {
      const { sensordata } = simulation.fields;
      for (let i = 0; i < 2; i++) out[start + i] = (sensordata[site + 2 * i] ?? 0) - (sensordata[spinner + 2 * i] ?? 0);
    },
  };
}
