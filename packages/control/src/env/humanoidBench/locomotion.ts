import { tolerance } from "../tolerance.ts";
import { H1 } from "./h1.ts";
import type { H1Rules, H1Task } from "./h1Task.ts";
import { moving, smallControl, standing, still, upright } from "./rewardTerms.ts";

/** Horizontal speeds (m/s) from which on the reward for moving is whole. */
const WALK_SPEED = 1;
const RUN_SPEED = 5;
const POLE_SPEED = 0.5;

/** Height (m) at which the robot crawls. */
const CRAWL_HEIGHT = 0.8;

/** All of them see positions and velocities of the robot alone. */
const observationSize = H1.positions + H1.velocities;

/** Stand, and move as little as possible. (humanoid_bench/envs/basic_locomotion_envs.py, Stand) */
export const stand: H1Task = {
  name: "stand",
  successBar: 800,
  observationSize,
  create: (robot) => ({
    reward() {
      const terms = posture(robot);
      const dontMove = still(robot);
      return { reward: terms.smallControl * terms.standReward * dontMove, terms: { ...terms, dontMove } };
    },
    terminated: () => fallen(robot),
  }),
};

/** Walk forward at 1 m/s. (Walk) */
export const walk: H1Task = {
  name: "walk",
  successBar: 700,
  observationSize,
  create: (robot) => go(robot, WALK_SPEED),
};

/** Run forward at 5 m/s. (Run) */
export const run: H1Task = { name: "run", successBar: 700, observationSize, create: (robot) => go(robot, RUN_SPEED) };

/** Run over hurdles between walls that are not to be touched. (Hurdle) */
export const hurdle: H1Task = {
  name: "hurdle",
  successBar: 700,
  observationSize,
  create(robot) {
    const sides = ["left", "right", "behind"];
    const walls = new Set(sides.map((side) => robot.geom(`${side}_barrier_collision`)));
    return {
      reward() {
        const terms = posture(robot, 0.8);
        const move = moving(robot, RUN_SPEED);
        const touched = robot.simulation.someContact((geom1, geom2) => walls.has(geom1) || walls.has(geom2));
        const wallCollisionDiscount = touched ? 0.1 : 1;
        return {
          reward: terms.smallControl * terms.standReward * move * wallCollisionDiscount,
          terms: { ...terms, move, wallCollisionDiscount },
        };
      },
      terminated: () => fallen(robot),
    };
  },
};

/** Crawl forward through a tunnel. (Crawl) */
export const crawl: H1Task = {
  name: "crawl",
  successBar: 700,
  observationSize,
  create(robot) {
    const pelvis = robot.body("pelvis");
    const low = { bounds: [CRAWL_HEIGHT - 0.2, CRAWL_HEIGHT + 0.2], margin: 1 } as const;
    return {
      reward() {
        const [, sideways, height] = robot.imu;
        const small = smallControl(robot);
        const move = moving(robot, 1);
        const crawlingHead = tolerance(robot.headHeight, low);
        const crawling = tolerance(height, low);
        const prone = tolerance(distanceToProne(robot, pelvis), { margin: 1 });
        const inTunnel = tolerance(sideways, { bounds: [-1, 1] });
        return {
          reward: (0.1 * small + 0.25 * Math.min(crawling, crawlingHead) + 0.4 * move + 0.25 * prone) * inTunnel,
          terms: { crawling, crawlingHead, smallControl: small, move, inTunnel },
        };
      },
      terminated: () => false,
    };
  },
};

/** Walk up and down stairs. (Stair) */
export const stair: H1Task = { name: "stair", successBar: 700, observationSize, create: climb };

/** Walk up and down ramps. (Slide) */
export const slide: H1Task = { name: "slide", successBar: 700, observationSize, create: climb };

/** Walk through a forest of poles without touching them. (humanoid_bench/envs/pole.py) */
export const pole: H1Task = {
  name: "pole",
  successBar: 700,
  observationSize,
  create(robot) {
    const poles = robot.geomsNamed("pole_r");
    const floor = 0;
    return {
      reward() {
        const terms = posture(robot);
        const move = moving(robot, POLE_SPEED);
        const touched = robot.simulation.someContact(
          (geom1, geom2) => (poles.has(geom1) || poles.has(geom2)) && geom1 !== floor && geom2 !== floor,
        );
        const collisionDiscount = touched ? 0.1 : 1;
        return {
          reward: (0.5 * (terms.smallControl * terms.standReward) + 0.5 * move) * collisionDiscount,
          terms: { ...terms, move, collisionDiscount },
        };
      },
      terminated: () => robot.position(2) < 0.5,
    };
  },
};

/** The terms of standing upright with small forces. */
function posture(robot: H1, leastUprightness?: number) {
  const terms = { standing: standing(robot), upright: upright(robot, leastUprightness) };
  return { ...terms, standReward: terms.standing * terms.upright, smallControl: smallControl(robot) };
}

function fallen(robot: H1): boolean {
  return robot.position(2) < 0.2;
}

/** Moving forward upright at `speed` (m/s). */
function go(robot: H1, speed: number): H1Rules {
  return {
    reward() {
      const terms = posture(robot);
      const move = moving(robot, speed);
      return { reward: terms.smallControl * terms.standReward * move, terms: { ...terms, move } };
    },
    terminated: () => fallen(robot),
  };
}

/** Walking upright on ground that is not level: the head's height counts from each foot. (ClimbingUpwards) */
function climb(robot: H1): H1Rules {
  return {
    reward() {
      const [left, right] = robot.footHeights;
      const high = { bounds: [1.2, Infinity], margin: 0.45 } as const;
      const standing = tolerance(robot.headHeight - left, high) * tolerance(robot.headHeight - right, high);
      const terms = { standing, upright: upright(robot, 0.5), smallControl: smallControl(robot) };
      const standReward = standing * terms.upright;
      const move = moving(robot, WALK_SPEED);
      return { reward: standReward * terms.smallControl * move, terms: { ...terms, standReward, move } };
    },
    terminated: () => robot.uprightness < 0.1,
  };
}

/** Euclidean distance of the pelvis's unit quaternion from (0.75, 0, 0.65, 0), which is on all fours. */
function distanceToProne(robot: H1, pelvis: number): number {
  const { xquat } = robot.simulation.fields;
  const prone = [0.75, 0, 0.65, 0];
  return Math.hypot(...prone.map((component, i) => (xquat[4 * pelvis + i] ?? 0) - component));
}
