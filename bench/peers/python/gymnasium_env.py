"""Steps of a Gymnasium environment with fixed pseudo-random actions; it is reset whenever an episode ends."""

import time
from typing import Any

from peer import Handlers, serve

ACTIONS = 4096
WARM_UP_STEPS = 200


def start(config: dict[str, Any]) -> tuple[dict[str, Any], Handlers]:
    import gymnasium
    import mujoco
    import numpy as np

    begin = time.perf_counter()
    env = gymnasium.make(config["env"], disable_env_checker=True)
    low, high = env.action_space.low, env.action_space.high
    actions = list(np.random.default_rng(0).uniform(low, high, (ACTIONS, *low.shape)).astype(env.action_space.dtype))
    env.reset(seed=0)
    taken = 0

    def run(count: int) -> dict[str, Any]:
        nonlocal taken
        begin = time.perf_counter()
        for _ in range(count):
            _, _, terminated, truncated, _ = env.step(actions[taken % ACTIONS])
            taken += 1
            if terminated or truncated:
                env.reset()
        return {"milliseconds": [(time.perf_counter() - begin) * 1000]}

    run(WARM_UP_STEPS)
    ready = {
        "name": "gymnasium",
        "version": f"{gymnasium.__version__} (MuJoCo {mujoco.__version__})",
        "env": config["env"],
        "compileSeconds": time.perf_counter() - begin,
    }
    return ready, {"run": run}


if __name__ == "__main__":
    serve(start)
