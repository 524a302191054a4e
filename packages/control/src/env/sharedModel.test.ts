import { expect, test, vi } from "vitest";
import { loadMujoco } from "./mujoco.ts";
import { SharedModel } from "./sharedModel.ts";
import { Simulation } from "./simulation.ts";

const mjcf = '<mujoco><worldbody><body><freejoint/><geom size="1"/></body></worldbody></mujoco>';

test("simulations share one compiled model, each with a state of its own, until the last of them is closed", async () => {
  const mujoco = await loadMujoco();
  const files = vi.fn(() => ({ path: "ball.xml", files: new Map([["ball.xml", Buffer.from(mjcf)]]) }));
  const model = new SharedModel(files);
  const one = new Simulation(mujoco, "one", model);
  const two = new Simulation(mujoco, "two", model);
  expect(two.model).toBe(one.model);
  one.advance(10);
  expect(one.fields.qpos[2]).toBeLessThan(0);
  expect(two.fields.qpos[2]).toBe(0);
  one.close();
  two.advance(10);
  expect(two.fields.qpos[2]).toBeLessThan(0);
  expect(files).toHaveBeenCalledTimes(1);
  const compiled = two.model;
  two.close();
  expect(compiled.isDeleted()).toBe(true);

  const three = new Simulation(mujoco, "three", model);
  expect(three.nq).toBe(7);
  expect(files).toHaveBeenCalledTimes(2);
  three.close();
});

test("a model that does not compile leaves nothing behind: the next user tries again", async () => {
  const mujoco = await loadMujoco();
  let text = "<mujoco><nothing/></mujoco>";
  const model = new SharedModel(() => ({ path: "ball.xml", files: new Map([["ball.xml", Buffer.from(text)]]) }));
  expect(() => new Simulation(mujoco, "ball", model)).toThrow(/^ball: the MuJoCo model does not compile: /);
  text = mjcf;
  const simulation = new Simulation(mujoco, "ball", model);
  expect(simulation.nq).toBe(7);
  simulation.close();
});
