/** The viewer: reads the recording that the page holds, and replays it. */
import { NeutralToneMapping, PCFShadowMap, PerspectiveCamera, PMREMGenerator, Vector3, WebGLRenderer } from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { RoomEnvironment } from "three/addons/environments/RoomEnvironment.js";
import { element } from "./elements.ts";
import { Figure } from "./figure.ts";
import { Path } from "./path.ts";
import { Player } from "./player.ts";
import { Readings } from "./readings.ts";
import { decodeReplay, type Replay } from "./replay.ts";
import { Stage } from "./stage.ts";
import { STYLE } from "./style.ts";
import { imageTexture } from "./surface.ts";
import { Timeline } from "./timeline.ts";

/**
 * What a program that drives the page sees, as `globalThis.eraReplay`, once the first picture is drawn. It opens the page with the hash
 * `#picture`: then nothing plays by itself, and the controls are hidden.
 */
export interface Driver {
  /** Seconds. */
  readonly duration: number;
  /** Draws the moment that many seconds after the first state. */
  show(seconds: number): void;
}

/** Vertical angle of view in degrees. */
const ANGLE = 32;

/** Towards the camera from what it looks at: from the right of a robot that walks along x, a little ahead. */
const VIEW = new Vector3(0.42, -1, 0.3).normalize();

function start(replay: Replay, isPicture: boolean): Driver {
  const renderer = new WebGLRenderer({ antialias: true });
  renderer.toneMapping = NeutralToneMapping;
  renderer.shadowMap.enabled = true;
  renderer.shadowMap.type = PCFShadowMap;
  const textures = replay.scene.textures.map((texture) =>
    imageTexture(texture, renderer.capabilities.getMaxAnisotropy()),
  );
  const figure = new Figure(replay, textures);
  const path = new Path(replay, figure.size);
  const stage = new Stage(figure.size, figure.reach);
  stage.scene.add(figure.object);
  // Soft light from all sides, which gives round shapes their sheen.
  const generator = new PMREMGenerator(renderer);
  stage.scene.environment = generator.fromScene(new RoomEnvironment(), 0.04).texture;
  stage.scene.environmentIntensity = 0.3;
  generator.dispose();

  const timeline = new Timeline(replay);
  const readings = new Readings(replay, timeline);
  let isFollowing = true;
  const player = new Player(timeline, (isOn) => {
    isFollowing = isOn;
  });
  document.body.append(renderer.domElement, readings.element, player.element);

  const camera = new PerspectiveCamera(ANGLE, 1, 0.02 * figure.size, 3 * figure.reach);
  camera.up.set(0, 0, 1);
  const controls = new OrbitControls(camera, renderer.domElement);
  controls.maxDistance = 0.5 * figure.reach;
  // Never from below the ground.
  controls.maxPolarAngle = 0.49 * Math.PI;
  const point = path.at(0, 0, new Vector3());
  controls.target.copy(point);
  camera.position.copy(point).addScaledVector(VIEW, (1.5 * figure.size) / Math.sin((ANGLE * Math.PI) / 360));

  const resize = () => {
    renderer.setPixelRatio(Math.min(window.devicePixelRatio, 2));
    renderer.setSize(window.innerWidth, window.innerHeight);
    camera.aspect = window.innerWidth / window.innerHeight;
    camera.updateProjectionMatrix();
    // Small pictures have small numbers, so that they leave room for the robot.
    readings.element.style.zoom = String(Math.min(1, Math.max(0.6, window.innerWidth / 900)));
  };
  window.addEventListener("resize", resize);
  resize();

  const draw = () => {
    const { index, part } = timeline.at(player.seconds);
    figure.pose(index, part);
    path.at(index, part, point);
    if (isFollowing) {
      camera.position.sub(controls.target).add(point);
      controls.target.copy(point);
    }
    controls.update();
    figure.follow(controls.target);
    stage.follow(controls.target);
    readings.show(index);
    renderer.render(stage.scene, camera);
  };

  player.seek(0);
  draw();
  if (isPicture) document.body.classList.add("picture");
  else {
    let last: number | undefined;
    renderer.setAnimationLoop((now) => {
      player.advance((now - (last ?? now)) / 1000);
      last = now;
      draw();
    });
  }
  return {
    duration: timeline.duration,
    show(seconds) {
      player.seek(seconds);
      draw();
    },
  };
}

async function main(): Promise<void> {
  document.head.append(element("style", {}, STYLE));
  try {
    const text = document.getElementById("replay")?.textContent;
    if (!text) throw new Error("the page holds no recording");
    Object.assign(globalThis, { eraReplay: start(await decodeReplay(text.trim()), location.hash === "#picture") });
  } catch (error) {
    // Without WebGL, or in a damaged page: said where the picture would be.
    const message = error instanceof Error ? error.message : String(error);
    document.body.append(element("p", { className: "message" }, `This recording can't be shown: ${message}`));
    Object.assign(globalThis, { eraReplayError: message });
  }
}

void main();
