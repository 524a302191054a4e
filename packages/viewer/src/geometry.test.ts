import { Box3, type BufferGeometry, Vector3 } from "three";
import { describe, expect, it } from "vitest";
import { heightFieldGeometry, meshGeometry, primitiveGeometry, quaternionOf } from "./geometry.ts";

/** The half extents of a geometry around the origin, where it must be centred. */
function halfExtents(geometry: BufferGeometry): number[] {
  geometry.computeBoundingBox();
  const box = geometry.boundingBox ?? new Box3();
  const centre = box.getCenter(new Vector3());
  expect(centre.toArray()).toEqual([0, 0, 0].map((value) => expect.closeTo(value, 6)));
  return box.getSize(new Vector3()).divideScalar(2).toArray();
}

const close = (...values: number[]) => values.map((value) => expect.closeTo(value, 5));

function vertices(geometry: BufferGeometry): Vector3[] {
  const position = geometry.getAttribute("position");
  return Array.from({ length: position.count }, (_, i) => new Vector3().fromBufferAttribute(position, i));
}

/** The volume that a closed surface holds, by the divergence theorem: positive where faces are counter-clockwise from outside. */
function volume(geometry: BufferGeometry): number {
  const flat = geometry.index ? geometry.toNonIndexed() : geometry;
  const points = vertices(flat);
  let total = 0;
  for (let i = 0; i + 2 < points.length; i += 3) {
    const [a, b, c] = [points[i], points[i + 1], points[i + 2]];
    if (a && b && c) total += a.dot(b.clone().cross(c)) / 6;
  }
  return total;
}

describe("shapes", () => {
  it("a capsule's caps lie beyond its half length, along z", () => {
    const capsule = primitiveGeometry("capsule", [0.2, 0.5]);
    expect(halfExtents(capsule)).toEqual(close(0.2, 0.2, 0.7));
    // Every point of the surface is one radius from the axis between the ends.
    for (const point of vertices(capsule)) {
      const beyond = Math.max(0, Math.abs(point.z) - 0.5);
      expect(Math.hypot(point.x, point.y, beyond)).toBeCloseTo(0.2, 5);
    }
  });

  it("a cylinder's axis is z", () => {
    expect(halfExtents(primitiveGeometry("cylinder", [0.2, 0.5]))).toEqual(close(0.2, 0.2, 0.5));
  });

  it("boxes, ellipsoids and spheres have half extents and radii", () => {
    expect(halfExtents(primitiveGeometry("box", [1, 2, 3]))).toEqual(close(1, 2, 3));
    expect(halfExtents(primitiveGeometry("ellipsoid", [1, 2, 3]))).toEqual(close(1, 2, 3));
    expect(halfExtents(primitiveGeometry("sphere", [2]))).toEqual(close(2, 2, 2));
  });

  it.each([
    ["sphere", [0.3], (4 / 3) * Math.PI * 0.3 ** 3],
    ["ellipsoid", [0.3, 0.4, 0.5], (4 / 3) * Math.PI * 0.3 * 0.4 * 0.5],
    ["capsule", [0.3, 0.5], Math.PI * 0.3 ** 2 * (1 + 0.4)],
    ["cylinder", [0.3, 0.5], Math.PI * 0.3 ** 2],
    ["box", [0.3, 0.4, 0.5], 8 * 0.3 * 0.4 * 0.5],
  ] as const)("a %s has its volume, seen from outside", (type, size, expected) => {
    const ratio = volume(primitiveGeometry(type, size)) / expected;
    expect(ratio).toBeGreaterThan(0.98);
    expect(ratio).toBeLessThan(1.0001);
  });

  it("a mesh keeps its triangles and its sharp edges", () => {
    const corner = meshGeometry({
      vertices: Float32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1),
      faces: Int32Array.of(0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3),
    });
    expect(volume(corner)).toBeCloseTo(1 / 6, 6);
    const normal = corner.getAttribute("normal");
    expect(new Vector3().fromBufferAttribute(normal, 0).toArray()).toEqual(close(0, 0, -1));
    expect(new Vector3().fromBufferAttribute(normal, 3).toArray()).toEqual(close(0, -1, 0));
  });

  it("a height field's first row lies at −y, its first column at −x", () => {
    const field = { rows: 2, columns: 3, size: [4, 5, 2, 0.1], elevation: Float32Array.of(0, 0.1, 0.2, 0.3, 0.4, 1) };
    const heights = new Map(vertices(heightFieldGeometry(field)).map(({ x, y, z }) => [`${x} ${y}`, z]));
    expect(Object.fromEntries(heights)).toEqual({
      "-4 -5": 0,
      "0 -5": expect.closeTo(0.2),
      "4 -5": expect.closeTo(0.4),
      "-4 5": expect.closeTo(0.6),
      "0 5": expect.closeTo(0.8),
      "4 5": 2,
    });
  });

  it("quaternions have w first in MuJoCo", () => {
    // A quarter turn about z.
    const turned = new Vector3(1, 0, 0).applyQuaternion(quaternionOf([Math.SQRT1_2, 0, 0, Math.SQRT1_2]));
    expect(turned.toArray()).toEqual(close(0, 1, 0));
  });
});
