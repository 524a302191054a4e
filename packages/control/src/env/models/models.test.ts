import type { MjModel } from "@mujoco/mujoco";
import { describe, expect, test } from "vitest";
import { MujocoEnv } from "../mujocoEnv.ts";
import { makeEnv } from "../registry.ts";
import { originals, skipReason } from "../sharedModels.fixture.ts";

/** Arrays of mjModel without any part in the physics: looks, names, free-text and user data, and where those lie in memory; and all arrays at once (buffer). */
const notPhysics =
  /^buffer$|^(cam|light|tex|mat|skin|mesh|hfield|text|tuple|numeric|key|name|names|paths)_|^(names|paths)|name_|_(rgba|matid|user|group)$/;
/** Of mjModel's sizes, those of the physics; the others follow from looks and names, or are memory set aside. */
const physicsSize = /^n(q|v|u|a|body|jnt|geom|site|eq|tendon|wrap|sensor|mocap|pair|exclude|tree|C|D|M|B)$/;
/** What this MuJoCo build has no view of: arrays of booleans. They are read through the named elements below. */
const booleans =
  /^(actuator_(actearly|actlimited|ctrllimited|forcelimited)|eq_active0|flex_(centered|flatskin|internal|rigid)|flexedge_rigid|jnt_(actfrclimited|actgravcomp|limited)|light_(active|castshadow)|mat_texuniform|tendon_(actfrclimited|limited))$/;

/** All of a compiled model's numbers that matter to its physics, by MuJoCo's names. */
function physicsOf(model: MjModel): Record<string, number | unknown[]> {
  const physics: Record<string, number | unknown[]> = {};
  const propertiesOf = (holder: object) =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(holder))
      .filter((name) => !booleans.test(name))
      .map((name) => [name, (holder as Record<string, unknown>)[name]] as const);

  for (const [name, value] of propertiesOf(model)) {
    if (ArrayBuffer.isView(value) && !notPhysics.test(name)) physics[name] = Array.from(value as Float64Array);
    if (typeof value === "number" && physicsSize.test(name)) physics[name] = value;
  }
  for (const part of ["opt", "stat"] as const) {
    for (const [name, value] of propertiesOf(model[part])) {
      if (typeof value === "number") physics[`${part}.${name}`] = value;
      if (ArrayBuffer.isView(value)) physics[`${part}.${name}`] = Array.from(value as Float64Array);
    }
  }
  const each = <T>(count: number, read: (index: number) => T) =>
    Array.from({ length: count }, (_, index) => read(index));
  physics.jnt_limited = each(model.njnt, (i) => model.jnt(i).limited);
  physics.tendon_limited = each(model.ntendon, (i) => model.tendon(i)._limited);
  for (const flag of ["ctrllimited", "forcelimited", "actlimited"] as const) {
    physics[`actuator_${flag}`] = each(model.nu, (i) => model.actuator(i)[flag]);
  }
  return physics;
}

async function compiledPhysics(id: string, options: Record<string, unknown>) {
  const env = (await makeEnv(id, options)).unwrapped;
  if (!(env instanceof MujocoEnv)) throw new Error(`${id} is not simulated by MuJoCo`);
  const physics = physicsOf(env.simulation.model);
  env.close();
  return physics;
}

if (skipReason) console.warn(`models.test.ts: ${skipReason}`);

describe.skipIf(skipReason)(`the built-in models equal Gymnasium's${skipReason ? ` (${skipReason})` : ""}`, () => {
  test.each(originals)("$id: every number of the compiled model that matters to physics", async ({ id, path }) => {
    const ours = await compiledPhysics(id, {});
    const original = await compiledPhysics(id, { xmlFile: path });
    // Guards against comparing nothing: what makes a robot what it is must be among the quantities compared.
    expect(Object.keys(original)).toEqual(
      expect.arrayContaining(
        "body_mass body_inertia body_ipos body_iquat jnt_range jnt_axis jnt_pos jnt_stiffness dof_damping dof_armature geom_size geom_type geom_pos geom_quat geom_friction geom_contype geom_conaffinity geom_margin geom_solref geom_solimp actuator_gear actuator_ctrlrange opt.timestep opt.integrator opt.solver opt.iterations".split(
          " ",
        ),
      ),
    );
    const differing = Object.keys(original).filter(
      (name) => JSON.stringify(ours[name]) !== JSON.stringify(original[name]),
    );
    const table = differing.map((name) => `${name}\n${JSON.stringify(ours[name])}\n${JSON.stringify(original[name])}`);
    expect(table.join("\n")).toBe("");
    expect(Object.keys(original).length).toBeGreaterThan(100);
  });
});
