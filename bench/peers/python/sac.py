"""What the PyTorch and JAX peers share: constants, timing batches, warm-up, timing, the parity check."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Protocol

import numpy as np

import formula
from peer import Handlers

GAMMA, TAU = 0.99, 0.005
LEARNING_RATE, WEIGHT_DECAY = 3e-4, 1e-4
BETA1, BETA2, ADAM_EPSILON = 0.9, 0.999, 1e-8
NORM_EPSILON = 1e-6
ENTROPY_PER_DIM, LOG_STD_MIN, LOG_STD_MAX = 0.25, -8.0, 0.0
EPSILON = 1e-6
LOW, HIGH = -1 + EPSILON, 1 - EPSILON
LOG_PROB_LIMIT = 20.0

INFO = ("criticLoss", "actorLoss", "q1", "q2", "entropy", "action")
WARM_UP_UPDATES = 10

Batch = dict[str, np.ndarray]


@dataclass(frozen=True)
class Settings:
    width: int
    obs: int
    act: int
    batch: int
    learning_rate: float = LEARNING_RATE
    weight_decay: float = WEIGHT_DECAY
    tau: float = TAU
    discount: float = GAMMA

    @staticmethod
    def of(config: dict[str, Any]) -> "Settings":
        sizes = {name: int(config[name]) for name in formula.UPDATE_SIZES}
        names = {"learningRate": "learning_rate", "weightDecay": "weight_decay", "tau": "tau", "discount": "discount"}
        return Settings(**sizes, **{names[name]: float(config[name]) for name in names if name in config})


class Learner(Protocol):
    """One library's SAC-ERA state. Built from the formula's parameters."""

    def update(self, batch: Batch) -> dict[str, float]:
        """One update, the scalars of INFO materialized; uniforms are the batch's where it has them, else drawn here."""
        ...

    def norms(self) -> dict[str, float]:
        """L2 norms of all parameters of the actor, both critics, both targets."""
        ...


def random_batches(settings: Settings, count: int = 8) -> Iterator[Batch]:
    """Batches in host memory for timing, an endless cycle over `count`."""
    generator = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return generator.standard_normal(shape).astype(np.float32)

    def one() -> Batch:
        return {
            "observations": normal(settings.batch, settings.obs),
            "actions": np.tanh(normal(settings.batch, settings.act)),
            "rewards": normal(settings.batch),
            "masks": np.ones(settings.batch, np.float32),
            "nextObservations": normal(settings.batch, settings.obs),
        }

    return cycle([one() for _ in range(count)])


def handlers(make: Callable[[Settings], Learner], config: dict[str, Any]) -> tuple[float, Handlers]:
    """Builds and warms up the timed learner; returns the seconds this took and the protocol's handlers."""
    settings = Settings.of(config)
    begin = time.perf_counter()
    learner = make(settings)
    batches = random_batches(settings)
    for _ in range(WARM_UP_UPDATES):
        learner.update(next(batches))
    compile_seconds = time.perf_counter() - begin

    def run(count: int) -> dict[str, Any]:
        milliseconds = []
        for _ in range(count):
            batch = next(batches)
            begin = time.perf_counter()
            learner.update(batch)
            milliseconds.append((time.perf_counter() - begin) * 1000)
        return {"milliseconds": milliseconds}

    def check(request: dict[str, Any]) -> dict[str, Any]:
        checked = Settings.of(request)
        learner = make(checked)
        infos = [
            learner.update(formula.batch(i, checked.obs, checked.act, checked.batch))
            for i in range(int(request.get("updates", 3)))
        ]
        return {"check": {**{name: [info[name] for info in infos] for name in INFO}, "norms": learner.norms()}}

    return compile_seconds, {"run": run, "check": check}
