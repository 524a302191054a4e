import { describe, expect, it } from "vitest";
import { loadMujoco } from "./mujoco.ts";
import { readScene, type Scene, type Shape } from "./scene.ts";
import { Simulation } from "./simulation.ts";

/** A vector (x, y, z) turned by a quaternion (w, x, y, z): v + 2w(u × v) + 2u × (u × v). */
function turn([w = 0, ...u]: readonly number[], v: readonly number[]): number[] {
  const cross = ([a = 0, b = 0, c = 0]: readonly number[], [x = 0, y = 0, z = 0]: readonly number[]) => [
    b * z - c * y,
    c * x - a * z,
    a * y - b * x,
  ];
  const once = cross(u, v);
  const twice = cross(u, once);
  return v.map((value, i) => value + 2 * w * (once[i] ?? 0) + 2 * (twice[i] ?? 0));
}

async function sceneOf(mjcf: string): Promise<Scene> {
  const simulation = new Simulation(await loadMujoco(), "test", mjcf);
  try {
    return readScene(simulation);
  } finally {
    simulation.close();
  }
}

const world = (content: string, assets = "") =>
  `<mujoco><asset>${assets}</asset><worldbody>${content}</worldbody></mujoco>`;

async function shapesOf(content: string, assets = ""): Promise<readonly Shape[]> {
  return (await sceneOf(world(content, assets))).shapes;
}

describe("readScene", () => {
  it("gives a capsule's half length without its caps, and a quaternion that turns z into its axis", async () => {
    const [shape] = await shapesOf(`<geom type="capsule" fromto="1 2 3 1.6 2 3.8" size="0.1"/>`);
    expect(shape?.type).toBe("capsule");
    expect(shape?.size.slice(0, 2)).toEqual([0.1, 0.5].map((value) => expect.closeTo(value, 12)));
    expect(shape?.position).toEqual([1.3, 2, 3.4].map((value) => expect.closeTo(value, 12)));
    // A capsule looks the same from both ends.
    const axis = turn(shape?.quaternion ?? [], [0, 0, 1]);
    const sign = Math.sign(axis[0] ?? 0);
    expect(axis.map((value) => sign * value)).toEqual([0.6, 0, 0.8].map((value) => expect.closeTo(value, 12)));
  });

  it("has the quaternion's w first", async () => {
    const [shape] = await shapesOf(`<geom type="box" size="1 2 3" quat="0.5 0.1 0.7 0.5"/>`);
    expect(shape?.quaternion).toEqual([0.5, 0.1, 0.7, 0.5].map((value) => expect.closeTo(value, 12)));
    expect(shape?.size).toEqual([1, 2, 3]);
  });

  it("takes colours as MuJoCo does: a geom's own, and its material's where it has none", async () => {
    const material = `<material name="red" rgba="1 0 0 1" specular="0.25" shininess="0.75" emission="0.5"/>`;
    const shapes = await shapesOf(
      `<geom size="1"/><geom size="1" material="red"/><geom size="1" material="red" rgba="0 1 0 0.25"/>`,
      material,
    );
    expect(shapes.map(({ rgba }) => rgba)).toEqual([
      [0.5, 0.5, 0.5, 1],
      [1, 0, 0, 1],
      [0, 1, 0, 0.25],
    ]);
    expect(shapes[1]?.material).toEqual({ specular: 0.25, shininess: 0.75, emission: 0.5 });
  });

  it("leaves out what MuJoCo's viewer does not show: other groups, and what is wholly transparent", async () => {
    const shapes = await shapesOf(
      `<geom size="1" group="2"/><geom size="1" group="3"/><geom size="1" rgba="1 1 1 0"/><site size="0.1"/><site group="4"/>`,
    );
    expect(shapes.map(({ type, size }) => [type, size[0]])).toEqual([
      ["sphere", 1],
      ["sphere", 0.1],
    ]);
  });

  it("shows what collides where most bodies have no other look", async () => {
    const shapes = await shapesOf(
      `<geom type="plane" size="1 1 1"/><body><geom size="1" group="3"/></body><body><geom size="2" group="3"/><geom size="3" group="4"/></body>`,
    );
    expect(shapes.map(({ size }) => size[0])).toEqual([1, 1, 2]);
  });

  it("places a mesh's vertices where the file had them", async () => {
    const corners = [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3];
    const { shapes, meshes } = await sceneOf(
      world(
        `<geom type="sphere" size="1"/><geom type="mesh" mesh="corner" pos="5 6 7"/>`,
        `<mesh name="unused" vertex="0 0 0 1 0 0 0 1 0 0 0 1"/><mesh name="corner" vertex="${corners.join(" ")}"/>`,
      ),
    );
    // Only what is seen is kept.
    expect(meshes).toHaveLength(1);
    const [, shape] = shapes;
    const mesh = meshes[shape?.data ?? -1];
    const { position = [], quaternion = [] } = shape ?? {};
    const vertices = Array.from({ length: 4 }, (_, i) =>
      turn(quaternion, Array.from(mesh?.vertices.slice(3 * i, 3 * i + 3) ?? [])).map(
        (value, axis) => value + (position[axis] ?? 0) - (5 + axis),
      ),
    );
    const sorted = (points: readonly (readonly number[])[]) =>
      points.map((point) => point.map((value) => Math.round(1e5 * value) / 1e5 + 0)).sort();
    expect(sorted(vertices)).toEqual(sorted([0, 1, 2, 3].map((i) => corners.slice(3 * i, 3 * i + 3))));
    expect(Array.from(new Set(mesh?.faces)).sort()).toEqual([0, 1, 2, 3]);
  });

  it("has a plane's image with its repetitions", async () => {
    const image = `<texture name="checker" type="2d" builtin="checker" width="4" height="2" rgb1="1 0 0" rgb2="0 0 1"/>`;
    const { shapes, textures } = await sceneOf(
      world(
        `<geom type="plane" size="8 9 1" material="floor"/>`,
        `${image}<material name="floor" texture="checker" texrepeat="2 3" texuniform="true"/>`,
      ),
    );
    expect(shapes[0]?.material.texture).toEqual({ index: 0, repeat: [2, 3], isUniform: true });
    expect(textures).toHaveLength(1);
    expect(textures[0]).toMatchObject({ width: 4, height: 2, channels: 3 });
    const pixels = Array.from(textures[0]?.pixels ?? []);
    expect(pixels).toHaveLength(24);
    expect(pixels.slice(0, 12)).toEqual([255, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 255]);
  });

  it("has a height field's elevations, rows from −y on", async () => {
    const { heightFields } = await sceneOf(
      world(
        `<geom type="hfield" hfield="hills"/>`,
        `<hfield name="hills" nrow="2" ncol="3" size="4 5 2 0.1" elevation="0 0 0 0.5 1 0"/>`,
      ),
    );
    // MJCF writes the row at +y first.
    expect(heightFields).toEqual([
      { rows: 2, columns: 3, size: [4, 5, 2, 0.1], elevation: Float32Array.from([0.5, 1, 0, 0, 0, 0]) },
    ]);
  });

  it("names the bodies and weighs them", async () => {
    const { bodies, shapes } = await sceneOf(
      world(`<body name="ball"><freejoint/><geom size="0.1" mass="3"/></body><body><geom size="0.1" mass="1"/></body>`),
    );
    expect(bodies).toEqual([
      { name: "world", mass: 0 },
      { name: "ball", mass: 3 },
      { name: "", mass: 1 },
    ]);
    expect(shapes.map(({ body }) => body)).toEqual([1, 2]);
  });
});
