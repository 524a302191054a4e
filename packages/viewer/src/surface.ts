/** MuJoCo's materials and textures as three.js has them. */
import type { Shape, Texture } from "@era/control";
import {
  Color,
  DataTexture,
  DoubleSide,
  FrontSide,
  LinearFilter,
  LinearMipmapLinearFilter,
  MeshStandardMaterial,
  RepeatWrapping,
  SRGBColorSpace,
} from "three";

/** Pixels below which a texture is enlarged: checkers of a few pixels would be blurred where the camera is near. */
const SHARP = 512;

/**
 * The image, ready to repeat.
 * @param anisotropy The best filtering that the browser has, because floors are seen at low angles.
 */
export function imageTexture({ width, height, channels, pixels }: Texture, anisotropy: number): DataTexture {
  const factor = Math.max(1, Math.floor(SHARP / Math.max(width, height)));
  const [columns, rows] = [factor * width, factor * height];
  const rgba = new Uint8Array(4 * columns * rows).fill(255);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const from = channels * (Math.floor(row / factor) * width + Math.floor(column / factor));
      const to = 4 * (row * columns + column);
      for (let channel = 0; channel < Math.max(3, channels); channel++) {
        rgba[to + channel] = pixels[from + (channels === 1 ? 0 : channel)] ?? 0;
      }
    }
  }
  const texture = new DataTexture(rgba, columns, rows);
  texture.colorSpace = SRGBColorSpace;
  texture.wrapS = RepeatWrapping;
  texture.wrapT = RepeatWrapping;
  texture.magFilter = LinearFilter;
  texture.minFilter = LinearMipmapLinearFilter;
  texture.generateMipmaps = true;
  texture.anisotropy = anisotropy;
  texture.needsUpdate = true;
  return texture;
}

/** The surface of a shape, without its texture. */
export function surface({ type, rgba, material }: Shape): MeshStandardMaterial {
  const [red = 0, green = 0, blue = 0, opacity = 1] = rgba;
  const color = new Color().setRGB(red, green, blue, SRGBColorSpace);
  return new MeshStandardMaterial({
    color,
    // A physically based surface for MuJoCo's older model of light: what shines there is smooth here.
    roughness: 0.75 - 0.4 * material.shininess * Math.min(1, 2 * material.specular),
    metalness: 0,
    emissive: color,
    emissiveIntensity: 0.6 * material.emission,
    opacity,
    transparent: opacity < 1,
    depthWrite: opacity === 1,
    side: type === "hfield" ? DoubleSide : FrontSide,
  });
}
