import { tolerance } from "../tolerance.ts";
import type { ControlSimulation } from "./controlSimulation.ts";
import { type ControlTask, defineControlTask } from "./controlTask.ts";
import { editXml } from "./editXml.ts";
import { elements, from, matrixEntry, orientations } from "./observation.ts";

/** Cart-pole (dm_control/suite/cartpole.py): keep the poles upright, or swing them up first, and the cart in the middle. */
export const cartpole = (
  [
    ["balance", 1, { swingUp: false, sparse: false }],
    ["balance_sparse", 1, { swingUp: false, sparse: true }],
    ["swingup", 1, { swingUp: true, sparse: false }],
    ["swingup_sparse", 1, { swingUp: true, sparse: true }],
    ["two_poles", 2, { swingUp: true, sparse: false }],
    ["three_poles", 3, { swingUp: true, sparse: false }],
  ] as const
).map(([task, poles, variant]) =>
  defineControlTask({
    domain: "cartpole",
    task,
    timeLimit: 10,
    controlTimestep: 0.01,
    observationSize: 2 + 3 * poles,
    actions: 1,
    edit: (xml) => withPoles(xml, poles),
    build: (simulation) => build(simulation, poles, variant),
  }),
);

/** Makes a chain of `poles` poles, each standing on the one before. */
function withPoles(xml: string, poles: number): string {
  if (poles === 1) return xml;
  return editXml(xml, (model) => {
    let parent = model.named("body", "pole_1");
    for (let pole = 2; pole <= poles; pole++) {
      parent = model.append(parent, "body", { name: `pole_${pole}`, pos: "0 0 1", childclass: "pole" });
      model.append(parent, "joint", { name: `hinge_${pole}` });
      model.append(parent, "geom", { name: `pole_${pole}` });
    }
    model.named("geom", "floor").setAttribute("pos", `0 0 ${1 - poles - 0.05}`);
  });
}

const middle = { bounds: [-0.25, 0.25] } as const;
const upright = { bounds: [0.995, 1] } as const;
const centered = { margin: 2 };
const littleControl = { margin: 1, valueAtMargin: 0, sigmoid: "quadratic" } as const;
const slow = { margin: 5 };

function build(
  simulation: ControlSimulation,
  poles: number,
  { swingUp, sparse }: { swingUp: boolean; sparse: boolean },
): ControlTask {
  // The bodies are the world, the cart, the poles; the coordinates the cart's and one for each pole.
  const bodies = Array.from({ length: poles }, (_, pole) => 2 + pole);
  const cosine = (body: number) => simulation.fields.xmat[9 * body + matrixEntry.zz] ?? 0;

  return {
    initialize(random) {
      const { qpos, qvel } = simulation.fields;
      qpos[0] = swingUp ? 0.01 * random.normal() : random.uniform(-0.1, 0.1);
      for (let i = 1; i < qpos.length; i++) {
        if (!swingUp) qpos[i] = random.uniform(-0.034, 0.034);
        else qpos[i] = i === 1 ? Math.PI + 0.01 * random.normal() : 0.1 * random.normal();
      }
      for (let i = 0; i < qvel.length; i++) qvel[i] = 0.01 * random.normal();
    },

    observation: [
      elements(simulation, "qpos", [0]),
      orientations(simulation, bodies, ["zz", "xz"]),
      from(simulation, "qvel"),
    ],

    reward() {
      const { qpos, qvel, ctrl } = simulation.fields;
      const position = qpos[0] ?? 0;
      if (sparse)
        return bodies.reduce((value, body) => value * tolerance(cosine(body), upright), tolerance(position, middle));
      const height = bodies.reduce((sum, body) => sum + (cosine(body) + 1) / 2, 0) / poles;
      let slowest = 1;
      for (let i = 1; i < qvel.length; i++) slowest = Math.min(slowest, tolerance(qvel[i] ?? 0, slow));
      const control = (4 + tolerance(ctrl[0] ?? 0, littleControl)) / 5;
      return (height * control * ((1 + slowest) / 2) * (1 + tolerance(position, centered))) / 2;
    },
  };
}
