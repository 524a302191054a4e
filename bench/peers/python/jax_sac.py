"""The JAX peer: SAC-ERA's update, jitted on the CPU (jax_learner.py)."""

import os
from typing import Any

from peer import Handlers, serve


def limit_threads(threads: int) -> None:
    """XLA sizes its thread pool by the processors that the process may use, and has no other knob."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        if threads < len(allowed):
            os.sched_setaffinity(0, allowed[:threads])


def start(config: dict[str, Any]) -> tuple[dict[str, Any], Handlers]:
    limit_threads(int(config["threads"]))
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax

    import sac
    from jax_learner import JaxLearner

    seconds, handlers = sac.handlers(JaxLearner, config)
    return {"name": "jax", "version": jax.__version__, "compileSeconds": seconds}, handlers


if __name__ == "__main__":
    serve(start)
