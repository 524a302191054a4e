/** What there is to see of a simulation, for programs that draw it: shapes in their bodies' frames, with colours and meshes. */
import type { MjModel, MjvGeom } from "@mujoco/mujoco";
import type { Simulation } from "./simulation.ts";

/** The shapes that MuJoCo draws, by its own names. */
export type ShapeType = "plane" | "hfield" | "sphere" | "capsule" | "ellipsoid" | "cylinder" | "box" | "mesh";

/** One geom or site. Lengths in metres; the shape is fixed in the frame of its body. */
export interface Shape {
  readonly type: ShapeType;
  /** The body's number; 0 is the world. */
  readonly body: number;
  /**
   * As MJCF's `size`: half extents (box, ellipsoid, plane; 0: an infinite plane), radius (sphere), radius and half length (capsule,
   * cylinder; the axis is z, a capsule's caps lie beyond the half length). Of no meaning for meshes and height fields.
   */
  readonly size: readonly number[];
  readonly position: readonly number[];
  /** w, x, y, z. */
  readonly quaternion: readonly number[];
  /** Red, green, blue and opacity, 0 to 1; colours in sRGB. */
  readonly rgba: readonly number[];
  readonly material: Material;
  /** Index into {@link Scene.meshes} or, of a height field, {@link Scene.heightFields}. */
  readonly data?: number;
}

/** How a surface takes light: MJCF's `material`, 0 to 1 each. */
export interface Material {
  readonly emission: number;
  readonly specular: number;
  readonly shininess: number;
  readonly texture?: {
    /** Index into {@link Scene.textures}. */
    readonly index: number;
    /** How often the image repeats along x and y: in a metre where `isUniform`, else over the whole shape. */
    readonly repeat: readonly number[];
    readonly isUniform: boolean;
  };
}

export interface Mesh {
  /** `[vertices, 3]`, in the shape's frame. */
  readonly vertices: Float32Array;
  /** `[triangles, 3]`, counter-clockwise seen from outside. */
  readonly faces: Int32Array;
}

export interface HeightField {
  readonly rows: number;
  readonly columns: number;
  /** Half extents in x and y, height of an elevation of 1, thickness of the base. */
  readonly size: readonly number[];
  /** `[rows, columns]`, 0 to 1; rows go along y, columns along x. */
  readonly elevation: Float32Array;
}

/** An image; the first row is the lowest. */
export interface Texture {
  readonly width: number;
  readonly height: number;
  /** 1 (grey), 3 (red, green, blue) or 4 (with opacity). */
  readonly channels: number;
  /** `[height, width, channels]`, sRGB. */
  readonly pixels: Uint8Array;
}

export interface Body {
  /** "" where the model gives none. */
  readonly name: string;
  /** kg */
  readonly mass: number;
}

export interface Scene {
  readonly bodies: readonly Body[];
  readonly shapes: readonly Shape[];
  readonly meshes: readonly Mesh[];
  readonly heightFields: readonly HeightField[];
  readonly textures: readonly Texture[];
}

/** Groups from here on are hidden in MuJoCo's viewer; by custom the first of them holds what collides. */
const COLLISION_GROUP = 3;

/** More shapes than any model here has; MuJoCo wants room for them beforehand. */
const MOST_SHAPES = 10_000;

/**
 * Everything that MuJoCo's own viewer would draw of the present state: its abstract visualization decides what is visible (groups 0 to 2)
 * and in which colour. Tendons, skins and decorations are left out; where most bodies would then have no look, group 3, the geoms that collide,
 * stands in. Read it after a reset: tasks place their targets in the model then.
 */
export function readScene(simulation: Simulation): Scene {
  const { mujoco, model } = simulation;
  const [option, camera, perturbation] = [new mujoco.MjvOption(), new mujoco.MjvCamera(), new mujoco.MjvPerturb()];
  const view = new mujoco.MjvScene(model, MOST_SHAPES);
  const data = new mujoco.MjData(model);
  try {
    mujoco.mjv_defaultOption(option);
    if (isMostlyHidden(model)) (option.geomgroup as Uint8Array)[COLLISION_GROUP] = 1;
    data.qpos.set(simulation.fields.qpos);
    mujoco.mj_kinematics(model, data);
    mujoco.mjv_updateScene(model, data, option, perturbation, camera, mujoco.mjtCatBit.mjCAT_ALL.value, view);
    const resources: Resources = { meshes: new Used(), heightFields: new Used(), textures: new Used() };
    const shapes: Shape[] = [];
    for (let i = 0; i < view.ngeom; i++) {
      const drawn = view.geoms.get(i);
      if (drawn === undefined) continue;
      const shape = readShape(simulation, drawn, resources);
      drawn.delete();
      if (shape !== undefined) shapes.push(shape);
    }
    return {
      bodies: Array.from({ length: model.nbody }, (_, i) => ({
        name: bodyName(simulation, i),
        mass: (model.body_mass as Float64Array)[i] ?? 0,
      })),
      shapes,
      meshes: resources.meshes.ids.map((id) => readMesh(model, id)),
      heightFields: resources.heightFields.ids.map((id) => readHeightField(model, id)),
      textures: resources.textures.ids.map((id) => readTexture(model, id)),
    };
  } finally {
    for (const owned of [data, view, perturbation, camera, option]) owned.delete();
  }
}

interface Resources {
  readonly meshes: Used;
  readonly heightFields: Used;
  readonly textures: Used;
}

/** Whether most bodies that have geoms have none that is shown: a skin, which is left out here, would be their look. */
function isMostlyHidden(model: MjModel): boolean {
  const bodies = model.geom_bodyid as Int32Array;
  const withGeoms = new Set(bodies);
  const shown = new Set(bodies.filter((_, geom) => ((model.geom_group as Int32Array)[geom] ?? 0) < COLLISION_GROUP));
  return 2 * shown.size < withGeoms.size;
}

/** By `mjtGeom`. A signed distance field is drawn as its mesh. */
const shapeTypes: readonly (ShapeType | undefined)[] = [
  "plane",
  "hfield",
  "sphere",
  "capsule",
  "ellipsoid",
  "cylinder",
  "box",
  "mesh",
  "mesh",
];

/** Numbers those of the model's resources that are needed, in the order of their first use. */
class Used {
  readonly ids: number[] = [];

  index(id: number): number {
    const known = this.ids.indexOf(id);
    return known >= 0 ? known : this.ids.push(id) - 1;
  }
}

/** A body's name; "" where it has none: the binding then returns what lies at address 0, which is no body's name. */
function bodyName({ mujoco, model }: Simulation, body: number): string {
  const type = mujoco.mjtObj.mjOBJ_BODY.value;
  const name = mujoco.mj_id2name(model, type, body) ?? "";
  return mujoco.mj_name2id(model, type, name) === body ? name : "";
}

/** The geom or site that MuJoCo would draw; undefined for what else it draws, and where it is wholly transparent. */
function readShape(simulation: Simulation, drawn: MjvGeom, resources: Resources): Shape | undefined {
  const { mujoco, model } = simulation;
  const type = shapeTypes[drawn.type];
  const isSite = drawn.objtype === mujoco.mjtObj.mjOBJ_SITE.value;
  const rgba = Array.from(drawn.rgba as Float32Array);
  if (type === undefined || rgba[3] === 0) return undefined;
  if (!isSite && drawn.objtype !== mujoco.mjtObj.mjOBJ_GEOM.value) return undefined;
  const [bodies, sizes, positions, quaternions] = isSite
    ? [model.site_bodyid, model.site_size, model.site_pos, model.site_quat]
    : [model.geom_bodyid, model.geom_size, model.geom_pos, model.geom_quat];
  return {
    type,
    body: (bodies as Int32Array)[drawn.objid] ?? 0,
    size: row(sizes, drawn.objid, 3),
    position: row(positions, drawn.objid, 3),
    quaternion: row(quaternions, drawn.objid, 4),
    rgba,
    material: readMaterial(simulation, drawn, resources.textures),
    // MuJoCo numbers a mesh and its convex hull one after the other.
    ...(type === "mesh" ? { data: resources.meshes.index(drawn.dataid >> 1) } : {}),
    ...(type === "hfield" ? { data: resources.heightFields.index(drawn.dataid) } : {}),
  };
}

const row = (values: Float64Array, index: number, width: number): number[] =>
  Array.from(values.subarray(width * index, width * (index + 1)));

function readMaterial({ mujoco, model }: Simulation, drawn: MjvGeom, textures: Used): Material {
  const { emission, specular, shininess, texid, texuniform } = drawn;
  const isImage = texid >= 0 && (model.tex_type as Int32Array)[texid] === mujoco.mjtTexture.mjTEXTURE_2D.value;
  if (!isImage) return { emission, specular, shininess };
  const repeat = Array.from(drawn.texrepeat as Float32Array);
  const texture = { index: textures.index(texid), repeat, isUniform: texuniform !== 0 };
  return { emission, specular, shininess, texture };
}

function readMesh(model: MjModel, id: number): Mesh {
  const [firstVertex, vertices, firstFace, faces] = numbers(
    id,
    model.mesh_vertadr,
    model.mesh_vertnum,
    model.mesh_faceadr,
    model.mesh_facenum,
  );
  return {
    vertices: (model.mesh_vert as Float32Array).slice(3 * firstVertex, 3 * (firstVertex + vertices)),
    faces: (model.mesh_face as Int32Array).slice(3 * firstFace, 3 * (firstFace + faces)),
  };
}

function readHeightField(model: MjModel, id: number): HeightField {
  const [rows, columns, first] = numbers(id, model.hfield_nrow, model.hfield_ncol, model.hfield_adr, []);
  const elevation = (model.hfield_data as Float32Array).slice(first, first + rows * columns);
  return { rows, columns, size: row(model.hfield_size, id, 4), elevation };
}

function readTexture(model: MjModel, id: number): Texture {
  const [width, height, channels, first] = numbers(
    id,
    model.tex_width,
    model.tex_height,
    model.tex_nchannel,
    model.tex_adr,
  );
  const pixels = (model.tex_data as Uint8Array).slice(first, first + width * height * channels);
  return { width, height, channels, pixels };
}

/** One element of each of four columns. */
function numbers(
  index: number,
  ...columns: [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>, ArrayLike<number>]
) {
  return columns.map((column) => column[index] ?? 0) as [number, number, number, number];
}
