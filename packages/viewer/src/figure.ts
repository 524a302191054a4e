/** The bodies of a replay with their shapes, posed at any moment. */
import type { Shape } from "@era/control";
import { Box3, Group, Mesh, type Object3D, Quaternion, Sphere, type Texture, Vector3 } from "three";
import { heightFieldGeometry, meshGeometry, primitiveGeometry, quaternionOf } from "./geometry.ts";
import { Ground } from "./ground.ts";
import type { Replay } from "./replay.ts";
import { surface } from "./surface.ts";

/** Numbers of one pose: position and quaternion. */
export const POSE = 7;

export class Figure {
  /** All bodies, in the world's frame. */
  readonly object = new Group();
  /** Radius in metres of what moves, at the first state. */
  readonly size: number;
  /** How far one sees, in metres. */
  readonly reach: number;
  readonly #replay: Replay;
  readonly #bodies: readonly Group[];
  readonly #grounds: readonly Ground[];
  // Made once: a frame allocates nothing.
  readonly #nextPosition = new Vector3();
  readonly #nextQuaternion = new Quaternion();

  /** @param textures The scene's textures, in its order. */
  constructor(replay: Replay, textures: readonly Texture[]) {
    this.#replay = replay;
    const { bodies, shapes } = replay.scene;
    this.#bodies = bodies.map((_, i) => {
      const body = new Group();
      readPose(replay.rest, i, body.position, body.quaternion);
      this.object.add(body);
      return body;
    });
    for (const shape of shapes) if (shape.type !== "plane") this.#attach(shape, solid(shape, replay.scene));
    this.size = this.#sizeOfMoving();
    this.reach = 60 * this.size;
    this.#grounds = shapes
      .filter(({ type }) => type === "plane")
      .map((shape) => {
        const ground = new Ground(shape, textures, this.reach);
        this.#attach(shape, ground.object);
        return ground;
      });
  }

  /** Poses all bodies between state `index` and the next, `part` (0 to 1) of the way. */
  pose(index: number, part: number): void {
    const { moving, poses, times } = this.#replay;
    const next = Math.min(index + 1, times.length - 1);
    for (const [i, number] of moving.entries()) {
      const body = this.#bodies[number];
      if (body === undefined) continue;
      readPose(poses, index * moving.length + i, body.position, body.quaternion);
      readPose(poses, next * moving.length + i, this.#nextPosition, this.#nextQuaternion);
      body.position.lerp(this.#nextPosition, part);
      body.quaternion.slerp(this.#nextQuaternion, part);
    }
  }

  /** Draws the planes around a point of the world. */
  follow(point: Vector3): void {
    for (const ground of this.#grounds) ground.follow(point);
  }

  #attach({ body, position, quaternion }: Shape, drawn: Object3D): void {
    drawn.position.fromArray(position);
    drawn.quaternion.copy(quaternionOf(quaternion));
    this.#bodies[body]?.add(drawn);
  }

  #sizeOfMoving(): number {
    const box = new Box3();
    for (const number of this.#replay.moving) {
      const body = this.#bodies[number];
      if (body) box.expandByObject(body);
    }
    return box.isEmpty() ? 1 : box.getBoundingSphere(new Sphere()).radius;
  }
}

function readPose(poses: Float32Array, index: number, position: Vector3, quaternion: Quaternion): void {
  const at = POSE * index;
  position.fromArray(poses, at);
  quaternion.set(poses[at + 4] ?? 0, poses[at + 5] ?? 0, poses[at + 6] ?? 0, poses[at + 3] ?? 1);
}

function solid(shape: Shape, scene: Replay["scene"]): Mesh {
  const mesh = new Mesh(geometryOf(shape, scene), surface(shape));
  const isOpaque = shape.rgba[3] === 1;
  mesh.castShadow = isOpaque;
  mesh.receiveShadow = isOpaque;
  return mesh;
}

function geometryOf({ type, size, data = -1 }: Shape, { meshes, heightFields }: Replay["scene"]) {
  const mesh = type === "mesh" ? meshes[data] : undefined;
  if (mesh) return meshGeometry(mesh);
  const field = type === "hfield" ? heightFields[data] : undefined;
  if (field) return heightFieldGeometry(field);
  if (type === "mesh" || type === "hfield" || type === "plane") throw new Error(`the recording has no ${type} ${data}`);
  return primitiveGeometry(type, size);
}
