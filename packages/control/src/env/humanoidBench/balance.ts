import { H1 } from "./h1.ts";
import type { H1Rules, H1Task } from "./h1Task.ts";
import { smallControl, standing, still, upright } from "./rewardTerms.ts";

/** Stand on a board that lies on a fixed ball. (humanoid_bench/envs/balance.py, BalanceSimple) */
export const balanceSimple: H1Task = {
  name: "balance_simple",
  successBar: 800,
  observationSize: H1.positions + H1.velocities + 13,
  create: balance,
};

/** Stand on a board that lies on a ball that rolls. (BalanceHard) */
export const balanceHard: H1Task = {
  name: "balance_hard",
  successBar: 800,
  observationSize: H1.positions + H1.velocities + 26,
  create: balance,
};

/** Height of the board (m), by which the head has to be higher. */
const BOARD_HEIGHT = 0.37;

function balance(robot: H1): H1Rules {
  const ball = robot.geom("pivot_sphere_collision");
  const board = robot.geom("stand_board_collision");
  const floor = 0;
  /** Whether these two geoms must not touch: the ball anything but floor and board, the floor anything but the ball. */
  const forbidden = (geom1: number, geom2: number) => {
    const touches = (geom: number) => geom1 === geom || geom2 === geom;
    return touches(ball) ? !touches(floor) && !touches(board) : touches(floor);
  };
  return {
    reward() {
      const terms = { standing: standing(robot, BOARD_HEIGHT), upright: upright(robot) };
      const standReward = terms.standing * terms.upright;
      const small = smallControl(robot);
      const dontMove = still(robot);
      return {
        reward: small * standReward * dontMove,
        terms: { smallControl: small, standReward, dontMove, ...terms },
      };
    },
    terminated: () => robot.position(2) < 0.8 || robot.simulation.someContact(forbidden),
  };
}
