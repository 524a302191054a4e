/** What surrounds the robot: sky, haze, light. They are the page's own; models bring lights made for MuJoCo's renderer, or none. */
import {
  BackSide,
  Color,
  DirectionalLight,
  Fog,
  HemisphereLight,
  Mesh,
  Scene,
  ShaderMaterial,
  SphereGeometry,
  type Vector3,
} from "three";

const HORIZON = new Color("#d5e0ea");
const ZENITH = new Color("#6f9bc8");

/** Towards the sun. */
const SUN = [-0.5, -0.75, 1.5] as const;

export class Stage {
  readonly scene = new Scene();
  readonly #sun = new DirectionalLight("#fff6e8", 3.4);
  readonly #sky: Mesh;
  readonly #size: number;

  /**
   * @param size Radius of the robot in metres: shadows are drawn around it.
   * @param reach Where the haze hides everything, in metres.
   */
  constructor(size: number, reach: number) {
    this.#size = size;
    const { scene } = this;
    scene.fog = new Fog(HORIZON, 0.06 * reach, 0.75 * reach);
    this.#sky = new Mesh(new SphereGeometry(2 * reach, 48, 24), skyMaterial());
    scene.add(this.#sky);
    scene.add(new HemisphereLight("#eef4fa", "#8d8a86", 0.55));
    const sun = this.#sun;
    sun.castShadow = true;
    const { shadow } = sun;
    shadow.mapSize.set(2048, 2048);
    shadow.radius = 3;
    shadow.normalBias = 0.01 * size;
    const half = 3 * size;
    Object.assign(shadow.camera, { left: -half, right: half, bottom: -half, top: half });
    Object.assign(shadow.camera, { near: 0.1 * size, far: 20 * size });
    scene.add(sun, sun.target);
  }

  /** Puts light, shadows and sky around a point of the world. */
  follow(point: Vector3): void {
    const [x, y, z] = SUN;
    const distance = (8 * this.#size) / Math.hypot(x, y, z);
    this.#sun.target.position.copy(point);
    this.#sun.position.set(point.x + x * distance, point.y + y * distance, point.z + z * distance);
    this.#sky.position.copy(point);
  }
}

/** A gradient from the horizon, where it has the haze's colour, to the zenith. */
function skyMaterial(): ShaderMaterial {
  return new ShaderMaterial({
    side: BackSide,
    depthWrite: false,
    fog: false,
    // Its colours are those of the page, as the haze's are.
    toneMapped: false,
    uniforms: { horizon: { value: HORIZON }, zenith: { value: ZENITH } },
    vertexShader: `
      varying vec3 direction;
      void main() {
        direction = position;
        gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
      }`,
    fragmentShader: `
      uniform vec3 horizon;
      uniform vec3 zenith;
      varying vec3 direction;
      void main() {
        float height = max(normalize(direction).z, 0.0);
        gl_FragColor = vec4(mix(horizon, zenith, pow(height, 0.55)), 1.0);
        #include <colorspace_fragment>
      }`,
  });
}
