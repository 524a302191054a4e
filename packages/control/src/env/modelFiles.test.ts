import { expect, test } from "vitest";
import { loadMujoco } from "./mujoco.ts";
import { Simulation } from "./simulation.ts";

/** A cuboid's corners; MuJoCo needs no faces to find the hull. */
function cuboid(halfWidth: number): string {
  const corners = [-1, 1].flatMap((x) => [-1, 1].flatMap((y) => [-1, 1].map((z) => [x * halfWidth, y, z])));
  return corners.map((corner) => `v ${corner.join(" ")}\n`).join("");
}

/** A brick whose mesh and body lie in other folders than the scene. */
function brick(changed: Readonly<Record<string, string>> = {}, path = "scenes/brick.xml") {
  const files = {
    "scenes/brick.xml": '<mujoco><include file="../robots/brick.xml"/></mujoco>',
    "robots/brick.xml": `<mujoco><asset><mesh name="brick" file="../meshes/brick.obj"/></asset>
      <worldbody><body><freejoint/><geom type="mesh" mesh="brick" density="1"/></body></worldbody></mujoco>`,
    "meshes/brick.obj": cuboid(1),
    ...changed,
  };
  return { path, files: new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])) };
}

async function mass(model: ReturnType<typeof brick>): Promise<number> {
  const simulation = new Simulation(await loadMujoco(), "brick", model);
  const mass = (simulation.model.body_mass as Float64Array)[1] ?? Number.NaN;
  simulation.close();
  return mass;
}

test("a model in several files compiles with its includes and meshes", async () => {
  expect(await mass(brick())).toBeCloseTo(8, 6);
});

test("a mesh of the same name with another content is read anew", async () => {
  expect(await mass(brick())).toBeCloseTo(8, 6);
  expect(await mass(brick({ "meshes/brick.obj": cuboid(2) }))).toBeCloseTo(16, 6);
  expect(await mass(brick())).toBeCloseTo(8, 6);
});

test("a file that is not there is named in one line", async () => {
  const mujoco = await loadMujoco();
  const { path, files } = brick();
  files.delete("meshes/brick.obj");
  expect(() => new Simulation(mujoco, "brick", { path, files })).toThrow(
    /^brick: the MuJoCo model does not compile: .*brick\.obj.*$/,
  );
});

test("no file stays in memory after the compilation", async () => {
  const mujoco = await loadMujoco();
  const memory = new mujoco.DoubleBuffer(1);
  const size = () => (memory.GetView() as Float64Array).buffer.byteLength;
  await mass(brick());
  const before = size();
  const padded = { "scenes/brick.xml": `<mujoco>${" ".repeat(4e6)}<include file="../robots/brick.xml"/></mujoco>` };
  for (let i = 0; i < 20; i++) await mass(brick(padded));
  expect(size() - before).toBeLessThan(64e6);
  expect(mujoco.FS.readdir("/models")).toEqual([".", ".."]);
  memory.delete();
});
