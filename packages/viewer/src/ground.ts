/** A plane. Physically it has no end, whatever its size; so it is drawn around the camera's target, as far as one can see. */
import type { Shape } from "@era/control";
import { Group, Mesh, PlaneGeometry, type Texture, Vector3 } from "three";
import { surface } from "./surface.ts";

export class Ground {
  /** In the frame of its body. */
  readonly object = new Group();
  readonly #plane: Mesh;
  /** Metres after which the image repeats, along x and y. */
  readonly #period: readonly [number, number];
  readonly #local = new Vector3();

  /** @param reach How far it is drawn, in metres. */
  constructor(shape: Shape, textures: readonly Texture[], reach: number) {
    const { texture } = shape.material;
    const image = texture === undefined ? undefined : textures[texture.index]?.clone();
    this.#period = texture === undefined ? [1, 1] : imagePeriod(shape.size, texture);
    const [x, y] = this.#period;
    // Whole repetitions from the plane's middle, so that the image lies as if the plane had its own size.
    const [columns, rows] = [Math.ceil(reach / x), Math.ceil(reach / y)];
    const material = surface(shape);
    material.roughness = 0.95;
    if (image) {
      image.repeat.set(2 * columns, 2 * rows);
      material.map = image;
    }
    this.#plane = new Mesh(new PlaneGeometry(2 * columns * x, 2 * rows * y), material);
    this.#plane.receiveShadow = true;
    this.object.add(this.#plane);
  }

  /** Moves the drawn part below a point of the world, by whole repetitions: what is seen stays where it is. */
  follow(point: Vector3): void {
    const local = this.object.worldToLocal(this.#local.copy(point));
    const [x, y] = this.#period;
    this.#plane.position.set(x * Math.round(local.x / x), y * Math.round(local.y / y), 0);
  }
}

function imagePeriod(
  size: readonly number[],
  { repeat, isUniform }: { readonly repeat: readonly number[]; readonly isUniform: boolean },
): readonly [number, number] {
  const along = (axis: number) => {
    const [half, times] = [size[axis] ?? 0, repeat[axis] || 1];
    return (isUniform || half === 0 ? 1 : 2 * half) / times;
  };
  return [along(0), along(1)];
}
