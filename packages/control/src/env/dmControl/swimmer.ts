import { tolerance } from "../tolerance.ts";
import type { ControlSimulation } from "./controlSimulation.ts";
import { type ControlTask, defineControlTask } from "./controlTask.ts";
import { editXml } from "./editXml.ts";
import { writeInFrame } from "./geometry.ts";
import { numberOf } from "./names.ts";
import { elements, from } from "./observation.ts";
import { posesOf } from "./randomPose.ts";

/** Swimmer (dm_control/suite/swimmer.py): a chain of links in a viscous fluid that swims to a target with its nose. */
export const swimmer = [6, 15].map((links) =>
  defineControlTask({
    domain: "swimmer",
    task: `swimmer${links}`,
    timeLimit: 30,
    controlTimestep: 0.03,
    // Joint angles, the target's direction, three velocities for each link.
    observationSize: links - 1 + 2 + 3 * links,
    actions: links - 1,
    randomized: ["geom_pos"],
    edit: (xml) => withLinks(xml, links),
    build,
  }),
);

/** Appends links to the head, each with a joint, a motor and sensors of its velocity. */
function withLinks(xml: string, links: number): string {
  return editXml(xml, (model) => {
    const actuators = model.append(undefined, "actuator");
    const sensors = model.append(undefined, "sensor");
    const limit = 360 / links;
    let parent = model.named("body", "head");
    for (let i = 0; i < links - 1; i++) {
      parent = model.append(parent, "body", { name: `segment_${i}`, pos: "0 .1 0" });
      model.append(parent, "geom", { class: "visual", name: `visual_${i}` });
      model.append(parent, "geom", { class: "inertial", name: `inertial_${i}` });
      model.append(parent, "site", { name: `site_${i}` });
      model.append(parent, "joint", { name: `joint_${i}`, range: `${-limit} ${limit}` });
      model.append(actuators, "motor", { name: `motor_${i}`, joint: `joint_${i}` });
      model.append(sensors, "velocimeter", { name: `velocimeter_${i}`, site: `site_${i}` });
      model.append(sensors, "gyro", { name: `gyro_${i}`, site: `site_${i}` });
    }
  });
}

function build(simulation: ControlSimulation): ControlTask {
  const { model } = simulation;
  const [target, nose] = [numberOf(simulation, "geom", "target"), numberOf(simulation, "geom", "nose")];
  const head = numberOf(simulation, "body", "head");
  const size = (model.geom_size as Float64Array)[3 * target] ?? 0;
  const near = { bounds: [0, size], margin: 5 * size, sigmoid: "long_tail" } as const;
  // The nose and the target have a sensor of position each, the head and the links of velocity and of angular velocity.
  const links = (simulation.fields.sensordata.length - 12) / 6;
  const velocities = Array.from({ length: links }, (_, link) => [0, 1, 5].map((i) => 12 + 6 * link + i)).flat();
  const pose = posesOf(simulation);
  const direction = new Float64Array(2);
  const look = (out: Float64Array, start: number) => {
    const { geom_xpos, xmat } = simulation.fields;
    const to = (axis: number) => (geom_xpos[3 * target + axis] ?? 0) - (geom_xpos[3 * nose + axis] ?? 0);
    writeInFrame(out, start, xmat, head, to(0), to(1), to(2), 2);
  };
  return {
    initialize(random) {
      pose(random);
      const far = random.uniform() < 0.2 ? 0.3 : 2;
      const positions = model.geom_pos as Float64Array;
      for (let axis = 0; axis < 2; axis++) positions[3 * target + axis] = random.uniform(-far, far);
    },
    observation: [
      from(simulation, "qpos", 3),
      { size: 2, write: look },
      elements(simulation, "sensordata", velocities),
    ],
    reward() {
      look(direction, 0);
      const [x = 0, y = 0] = direction;
      return tolerance(Math.sqrt(x * x + y * y), near);
    },
  };
}
