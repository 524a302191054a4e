/** MuJoCo's shapes as three.js geometries. Both measure in metres; three.js has the axis of round shapes along y, MuJoCo along z. */
import type { HeightField, Mesh, ShapeType } from "@era/control";
import {
  BoxGeometry,
  BufferAttribute,
  BufferGeometry,
  CapsuleGeometry,
  CylinderGeometry,
  PlaneGeometry,
  Quaternion,
  SphereGeometry,
} from "three";
import { toCreasedNormals } from "three/addons/utils/BufferGeometryUtils.js";

/** Edges of a mesh that are sharper than this (radians) stay edges; the others are shaded smoothly. */
const CREASE = 0.6;

/** The shapes whose form is in their size. */
export type PrimitiveType = Exclude<ShapeType, "plane" | "mesh" | "hfield">;

/** A primitive with MJCF's `size`: radii, half lengths, half extents. */
export function primitiveGeometry(type: PrimitiveType, [a = 0, b = 0, c = 0]: readonly number[]): BufferGeometry {
  switch (type) {
    case "sphere":
      return new SphereGeometry(a, 48, 32);
    case "ellipsoid":
      return new SphereGeometry(1, 48, 32).scale(a, b, c);
    case "capsule":
      return new CapsuleGeometry(a, 2 * b, 16, 40).rotateX(Math.PI / 2);
    case "cylinder":
      return new CylinderGeometry(a, a, 2 * b, 48).rotateX(Math.PI / 2);
    case "box":
      return new BoxGeometry(2 * a, 2 * b, 2 * c);
  }
}

/** A mesh, with normals that keep its sharp edges. */
export function meshGeometry({ vertices, faces }: Mesh): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(vertices, 3));
  geometry.setIndex(new BufferAttribute(Uint32Array.from(faces), 1));
  return toCreasedNormals(geometry, CREASE);
}

/** The upper surface of a height field: row 0 lies at −y, column 0 at −x. */
export function heightFieldGeometry({ rows, columns, size, elevation }: HeightField): BufferGeometry {
  const [x = 0, y = 0, height = 0] = size;
  const geometry = new PlaneGeometry(2 * x, 2 * y, columns - 1, rows - 1);
  const position = geometry.getAttribute("position");
  // three.js begins a plane's vertices at +y.
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = elevation[(rows - 1 - row) * columns + column] ?? 0;
      position.setZ(row * columns + column, height * value);
    }
  }
  geometry.computeVertexNormals();
  return geometry;
}

/** A quaternion of MuJoCo's (w first) as one of three.js (w last). */
export function quaternionOf([w = 1, x = 0, y = 0, z = 0]: readonly number[]): Quaternion {
  return new Quaternion(x, y, z, w);
}
