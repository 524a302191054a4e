import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { ModelFiles } from "./modelFiles.ts";
import { loadMujoco } from "./mujoco.ts";
import { Simulation } from "./simulation.ts";

const folder = mkdtempSync(join(tmpdir(), "era-model-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

/** A cuboid's corners; MuJoCo needs no faces to find the hull. */
function cuboid(halfWidth: number): string {
  const corners = [-1, 1].flatMap((x) => [-1, 1].flatMap((y) => [-1, 1].map((z) => [x * halfWidth, y, z])));
  return corners.map((corner) => `v ${corner.join(" ")}\n`).join("");
}

write("scenes/brick.xml", '<mujoco><include file="../robots/brick.xml"/></mujoco>');
write(
  "robots/brick.xml",
  `<mujoco><asset><mesh name="brick" file="../meshes/brick.obj"/></asset>
  <worldbody><body><freejoint/><geom type="mesh" mesh="brick" density="1"/></body></worldbody></mujoco>`,
);
write("meshes/brick.obj", cuboid(1));

const brick: ModelFiles = {
  folder,
  main: "scenes/brick.xml",
  files: ["robots/brick.xml", "meshes/brick.obj"],
};

function mass(simulation: Simulation): number {
  const mass = (simulation.model.body_mass as Float64Array)[1] ?? Number.NaN;
  simulation.close();
  return mass;
}

test("a model in several files compiles with its includes and meshes, wherever they lie", async () => {
  expect(mass(new Simulation(await loadMujoco(), "brick", brick))).toBeCloseTo(8, 6);
});

test("the main file's text can be another", async () => {
  const mjcf =
    '<mujoco><include file="../robots/brick.xml"/><worldbody><body><geom size="1"/></body></worldbody></mujoco>';
  const simulation = new Simulation(await loadMujoco(), "brick", { ...brick, mjcf });
  expect(simulation.nbody).toBe(3);
  simulation.close();
});

test("a mesh that has changed on the disk is read anew", async () => {
  const mujoco = await loadMujoco();
  mass(new Simulation(mujoco, "brick", brick));
  write("meshes/brick.obj", cuboid(2));
  expect(mass(new Simulation(mujoco, "brick", brick))).toBeCloseTo(16, 6);
});

test("what is wrong is said in one line that names the file", async () => {
  const mujoco = await loadMujoco();
  expect(() => new Simulation(mujoco, "brick", { ...brick, files: [...brick.files, "meshes/none.obj"] })).toThrow(
    /^brick: a file of the model can't be read: ENOENT.*none\.obj'$/,
  );
  expect(() => new Simulation(mujoco, "brick", { ...brick, files: ["robots/brick.xml"] })).toThrow(
    /^brick: the MuJoCo model does not compile: .*brick\.obj.*$/,
  );
});

test("no file stays in memory after the compilation", async () => {
  const mujoco = await loadMujoco();
  const memory = new mujoco.DoubleBuffer(1);
  const size = () => (memory.GetView() as Float64Array).buffer.byteLength;
  mass(new Simulation(mujoco, "brick", brick));
  const before = size();
  const padding = " ".repeat(4e6);
  write("scenes/padded.xml", `<mujoco>${padding}<include file="../robots/brick.xml"/></mujoco>`);
  for (let i = 0; i < 20; i++) mass(new Simulation(mujoco, "brick", { ...brick, main: "scenes/padded.xml" }));
  expect(size() - before).toBeLessThan(64e6);
  expect(mujoco.FS.readdir(`/models/${encodeURIComponent(folder)}`)).toEqual([".", ".."]);
  memory.delete();
});
