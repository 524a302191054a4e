import { add, mul, split, square, sum, type Tensor } from "@era/tensor";
import { eraHead, type Head, logStdBounds, type Policy, smoothlyBounded, squashedPolicy } from "../heads.ts";
import type { Tdmpc2Config } from "./config.ts";

/** A policy prior: what is added to the value that it climbs, `[batch, 1]`, from its raw outputs and its noise. */
export interface PriorHead extends Pick<Head, "noise" | "entropy"> {
  policy(raw: Tensor): Policy;
  /** Undefined where the loss has no entropy. */
  bonus?(raw: Tensor, noise: Tensor): Tensor;
}

/**
 * The policy prior's head. ERA's published code has no TD-MPC2, so that it is here what the paper describes: its bounded Gaussian (that of
 * SAC) in place of the original's, and no entropy in the loss.
 * @throws Error naming what is allowed where no policy has the entropy asked for
 */
export function tdmpc2Head(config: Tdmpc2Config, actionSize: number): PriorHead {
  const { entropy, entropyOf, entropyWeight } = config;
  const { logStdMin, logStdMax } = logStdBounds(config);
  if (config.head === "era") {
    return eraHead({ actionDim: actionSize, entropy: { perDim: entropy, of: entropyOf }, logStdMin, logStdMax });
  }
  const parts = (raw: Tensor) => {
    const [location, free] = split(raw, [actionSize, actionSize], -1) as [Tensor, Tensor];
    return { location, logStd: smoothlyBounded(free, { logStdMin, logStdMax }) };
  };
  return {
    noise: "normal",
    entropy: { target: null, floor: null },
    policy: (raw) => squashedPolicy(parts(raw)),
    // The official "scaled entropy" is D times that of the Gaussian before it is squashed: the squashed density in it cancels but for 1e-8.
    bonus: (raw, noise) => {
      const surprise = add(add(mul(square(noise), 0.5), parts(raw).logStd), 0.5 * Math.log(2 * Math.PI));
      return mul(sum(surprise, -1, true), entropyWeight * actionSize);
    },
  };
}
