import type { Simulation } from "../simulation.ts";
import { flag } from "./options.ts";
import { append } from "./vectors.ts";

/** Numbers for each body (the world's first) in cinert, in cvel and in cfrc_ext; and the root's degrees of freedom, which no motor moves. */
const PER_BODY = { cinert: 10, cvel: 6, cfrcExt: 6 };
const ROOT_DOFS = 6;

/** Options of what both humanoid tasks observe. */
export const humanoidObservationOptions = {
  excludeCurrentPositionsFromObservation: flag(true, "leave x and y out of the observation"),
  includeCinertInObservation: flag(true, "observe each body's mass and inertia about the centre of mass"),
  includeCvelInObservation: flag(true, "observe each body's velocity about the centre of mass"),
  includeQfrcActuatorInObservation: flag(true, "observe the actuators' forces"),
  includeCfrcExtInObservation: flag(true, "observe the contact forces on each body"),
};

type ObservationOptions = Readonly<Record<keyof typeof humanoidObservationOptions, boolean>>;

/** What both humanoid tasks observe: positions, velocities, and as asked inertias, bodies' velocities, motors' forces, contact forces. */
export function humanoidObservation(simulation: Simulation, options: ObservationOptions) {
  const { nq, nv, nbody } = simulation;
  const skipped = options.excludeCurrentPositionsFromObservation ? 2 : 0;
  return {
    observationSize:
      nq +
      nv -
      skipped +
      (options.includeCinertInObservation ? PER_BODY.cinert * (nbody - 1) : 0) +
      (options.includeCvelInObservation ? PER_BODY.cvel * (nbody - 1) : 0) +
      (options.includeQfrcActuatorInObservation ? nv - ROOT_DOFS : 0) +
      (options.includeCfrcExtInObservation ? PER_BODY.cfrcExt * (nbody - 1) : 0),

    observe(out: Float64Array): void {
      const { qpos, qvel, cinert, cvel, qfrc_actuator, cfrc_ext } = simulation.fields;
      let end = append(out, append(out, 0, qpos, skipped), qvel);
      if (options.includeCinertInObservation) end = append(out, end, cinert, PER_BODY.cinert);
      if (options.includeCvelInObservation) end = append(out, end, cvel, PER_BODY.cvel);
      if (options.includeQfrcActuatorInObservation) end = append(out, end, qfrc_actuator, ROOT_DOFS);
      if (options.includeCfrcExtInObservation) append(out, end, cfrc_ext, PER_BODY.cfrcExt);
    },
  };
}
