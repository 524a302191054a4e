import { describe, expect, test } from "vitest";
import { dmControlModels } from "../suites/modelSuites.ts";
import { useSharedSuite } from "../suites/sharedSuites.fixture.ts";
import { episodes, expectNormal, expectUniform } from "./initialStates.fixture.ts";
import { numberOf } from "./names.ts";
import { limitsOf } from "./randomPose.ts";

const skipReason = useSharedSuite(dmControlModels);

const norm = (values: ArrayLike<number>) =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));

/** The `i`th of the vectors of three in a field. */
const vector = (values: Float64Array, i: number) => [...values.subarray(3 * i, 3 * i + 3)] as [number, number, number];

describe.skipIf(skipReason !== undefined)(`an episode begins as the suite's do ${skipReason ?? ""}`, () => {
  test.each([
    ["acrobot-swingup", 2],
    ["pendulum-swingup", 1],
  ])("%s: every angle uniform on the circle, at rest", async (task, joints) => {
    const angles: number[] = [];
    await episodes(task, 300, ({ fields: { qpos, qvel } }) => {
      angles.push(...qpos);
      expect(qpos).toHaveLength(joints);
      expect(norm(qvel)).toBe(0);
    });
    expectUniform(angles, -Math.PI, Math.PI);
  });

  test("cartpole: near upright to balance, hanging to swing up", async () => {
    const upright: number[] = [];
    const hanging: number[] = [];
    const velocities: number[] = [];
    await episodes("cartpole-balance", 300, ({ fields: { qpos, qvel } }) => {
      expect(Math.abs(qpos[0] ?? 1)).toBeLessThanOrEqual(0.1);
      upright.push(qpos[1] ?? 1);
      velocities.push(...qvel);
    });
    expectUniform(upright, -0.034, 0.034);
    expectNormal(velocities, 0.01);
    const others: number[] = [];
    await episodes("cartpole-three_poles", 300, ({ fields: { qpos } }) => {
      const [cart = 1, first = 1, ...rest] = qpos;
      hanging.push(cart, first - Math.PI);
      others.push(...rest);
    });
    expectNormal(hanging, 0.01);
    expectNormal(others, 0.1);
  });

  test.each(["hopper-hop", "walker-walk", "reacher-easy", "swimmer-swimmer6", "point_mass-easy", "humanoid-run"])(
    "%s: limited joints uniform within their ranges, unlimited hinges anywhere, at rest",
    async (task) => {
      const limited: number[] = [];
      const turned: number[] = [];
      await episodes(task, 100, (simulation) => {
        const { model, fields, mujoco } = simulation;
        for (const [joint, type] of (model.jnt_type as Int32Array).entries()) {
          const value = fields.qpos[(model.jnt_qposadr as Int32Array)[joint] ?? 0] ?? 0;
          const range = limitsOf(simulation, joint);
          if (range) limited.push((value - range[0]) / (range[1] - range[0]));
          else if (type === mujoco.mjtJoint.mjJNT_HINGE.value) turned.push(value);
          else if (type === mujoco.mjtJoint.mjJNT_SLIDE.value) expect(value).toBe(0);
        }
        expect(norm(fields.qvel)).toBe(0);
      });
      // Drawing a humanoid again until nothing touches makes folded poses rarer: only the ranges hold there.
      if (task.startsWith("humanoid")) for (const value of limited) expect(value >= 0 && value <= 1).toBe(true);
      else expectUniform(limited, 0, 1);
      if (turned.length > 0) expectUniform(turned, -Math.PI, Math.PI);
    },
  );

  test("humanoid: somewhere above the ground, touching nothing, turned by a quaternion of positive numbers", async () => {
    await episodes("humanoid-walk", 100, ({ data, fields: { qpos }, model }) => {
      expect(data.ncon).toBe(0);
      expect([...qpos.subarray(0, 3)]).toEqual([...(model.qpos0 as Float64Array).subarray(0, 3)]);
      expect(norm(qpos.subarray(3, 7))).toBeCloseTo(1, 12);
      expect(Math.min(...qpos.subarray(3, 7))).toBeGreaterThanOrEqual(0);
    });
  });

  test("cheetah: fallen to the ground after two seconds, at time zero", async () => {
    await episodes("cheetah-run", 10, ({ data, fields: { qpos } }) => {
      expect(data.time).toBe(0);
      expect(data.ncon).toBeGreaterThan(0);
      expect(norm(qpos)).toBeGreaterThan(0);
    });
  });

  test("finger: touches nothing; the target on the circle of the hinge's tip, of the task's size", async () => {
    for (const [task, radius] of [
      ["finger-turn_easy", 0.07],
      ["finger-turn_hard", 0.03],
    ] as const) {
      const angles: number[] = [];
      await episodes(task, 100, (simulation) => {
        const { data, fields, model } = simulation;
        expect(data.ncon).toBe(0);
        const target = numberOf(simulation, "site", "target");
        const [x, , z] = vector(fields.site_xpos, target);
        const [hingeX, , hingeZ] = vector(fields.xanchor, numberOf(simulation, "joint", "hinge"));
        angles.push(Math.atan2(x - hingeX, z - hingeZ));
        const reach = norm(vector(model.geom_size as Float64Array, numberOf(simulation, "geom", "cap1")).map(Math.abs));
        expect(Math.hypot(x - hingeX, z - hingeZ)).toBeGreaterThan(reach);
        expect((model.site_size as Float64Array)[3 * target]).toBe(radius);
      });
      expectUniform(angles, -Math.PI, Math.PI);
    }
  });

  test("fish: any orientation, fins nearly straight, the target in its box", async () => {
    const angles: number[] = [];
    const quaternions: number[] = [];
    const target: number[][] = [[], [], []];
    await episodes("fish-swim", 300, (simulation) => {
      const { fields } = simulation;
      expect(norm(fields.qpos.subarray(3, 7))).toBeCloseTo(1, 12);
      quaternions.push(...fields.qpos.subarray(3, 7));
      angles.push(...fields.qpos.subarray(7));
      const position = vector(fields.geom_xpos, numberOf(simulation, "geom", "target"));
      for (const [axis, value] of position.entries()) target[axis]?.push(value);
    });
    // A coordinate of a uniform point of the sphere in four dimensions has the mean square 1/4.
    const square = quaternions.reduce((sum, value) => sum + value ** 2, 0) / quaternions.length;
    expect(square).toBeCloseTo(1 / 4, 10);
    expect(Math.abs(quaternions.reduce((sum, value) => sum + value, 0) / quaternions.length)).toBeLessThan(0.08);
    // The suite counts eight joints of which it draws seven: the other stays straight.
    expectUniform(
      angles.filter((angle) => angle !== 0),
      -0.2,
      0.2,
    );
    expectUniform(target[0] ?? [], -0.4, 0.4);
    expectUniform(target[1] ?? [], -0.4, 0.4);
    expectUniform(target[2] ?? [], 0.1, 0.3);
  });

  test("reacher: the target in a ring around the middle, of the task's size", async () => {
    const radii: number[] = [];
    await episodes("reacher-hard", 300, (simulation) => {
      const target = numberOf(simulation, "geom", "target");
      const [x, y] = vector(simulation.fields.geom_xpos, target);
      radii.push(Math.hypot(x, y));
      expect((simulation.model.geom_size as Float64Array)[3 * target]).toBe(0.015);
    });
    expectUniform(radii, 0.05, 0.2);
  });

  test("swimmer: every fifth target is close", async () => {
    let close = 0;
    await episodes("swimmer-swimmer15", 500, (simulation) => {
      const [x, y] = vector(simulation.fields.geom_xpos, numberOf(simulation, "geom", "target"));
      expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThanOrEqual(2);
      if (Math.max(Math.abs(x), Math.abs(y)) <= 0.3) close++;
    });
    // A far target lies this close with probability 0.15²; five standard errors.
    const expected = 0.2 + 0.8 * 0.15 ** 2;
    expect(Math.abs(close / 500 - expected)).toBeLessThan(5 * Math.sqrt((expected * (1 - expected)) / 500));
  });

  test("ball_in_cup: the ball beside or above the cup, touching nothing", async () => {
    await episodes("ball_in_cup-catch", 100, ({ data, fields: { qpos } }) => {
      expect(data.ncon).toBe(0);
      expect(Math.abs(qpos[2] ?? 1)).toBeLessThanOrEqual(0.2);
      expect(Math.abs((qpos[3] ?? 0) - 0.35)).toBeLessThanOrEqual(0.15);
    });
  });

  test("point_mass-hard: the motors push in two unit directions that are not too parallel", async () => {
    await episodes("point_mass-hard", 100, ({ model }) => {
      const [a = 0, b = 0, c = 0, d = 0] = model.wrap_prm as Float64Array;
      expect(Math.hypot(a, b)).toBeCloseTo(1, 12);
      expect(Math.hypot(c, d)).toBeCloseTo(1, 12);
      expect(Math.abs(a * c + b * d)).toBeLessThanOrEqual(0.9);
    });
  });

  test("quadruped-escape: in the middle of a new bowl with a rim all around", async () => {
    const rims: number[] = [];
    await episodes("quadruped-escape", 4, ({ data, model, fields: { qpos } }) => {
      expect(data.ncon).toBe(0);
      expect([...qpos.subarray(0, 2)]).toEqual([0, 0]);
      const terrain = model.hfield_data as Float32Array;
      expect(terrain[100 * 201 + 100]).toBeLessThan(0.05);
      // On the circle half way out the heights are those of the bumps, of which some 45 are independent.
      const angles = Array.from({ length: 360 }, (_, degrees) => (degrees * Math.PI) / 180);
      const at = (angle: number) =>
        terrain[Math.round(100 + 50 * Math.sin(angle)) * 201 + Math.round(100 + 50 * Math.cos(angle))] ?? 0;
      rims.push(angles.reduce((sum, angle) => sum + at(angle), 0) / angles.length);
    });
    expect(new Set(rims).size).toBe(4);
    for (const rim of rims) expect(Math.abs(rim - (0.15 + 1) / 2)).toBeLessThan((5 * 0.85) / Math.sqrt(12 * 45));
  });

  test("quadruped: any orientation, a centimetre or less above the ground", async () => {
    await episodes("quadruped-walk", 20, (simulation) => {
      const { data, fields } = simulation;
      expect(data.ncon).toBe(0);
      expect(norm(fields.qpos.subarray(3, 7))).toBeCloseTo(1, 12);
      fields.qpos[2] = (fields.qpos[2] ?? 0) - 0.01;
      simulation.forward();
      expect(data.ncon).toBeGreaterThan(0);
    });
  });
});
