"""
One training step of an image classifier in PyTorch on the CPU. Mode "eager" or "compile" (forward and backward under torch.compile), memory
layout "nchw" (PyTorch's default) or "nhwc" (channels_last). SGD with Nesterov's momentum, PyTorch's fused one; cross-entropy.
"""

import time
from itertools import cycle
from typing import Any

from peer import Handlers, serve

# ImageNet's channel means and deviations of pixels from 0 to 255.
MEAN, DEVIATION = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
MOMENTUM, WEIGHT_DECAY = 0.9, 5e-4
WARM_UP_STEPS = 3


def start(config: dict[str, Any]) -> tuple[dict[str, Any], Handlers]:
    import numpy as np
    import torch

    import formula
    from torch_classifiers import classifier
    from torch_learner import require_compiler

    mode, layout = config.get("mode"), config.get("layout")
    layouts = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}
    if mode not in ("eager", "compile") or layout not in layouts:
        raise ValueError(f"mode {mode!r} with layout {layout!r} is unknown; allowed: eager, compile; nchw, nhwc")
    torch.set_num_threads(int(config["threads"]))
    torch.manual_seed(1)
    if mode == "compile":
        require_compiler()

    class Trainer:
        def __init__(self, model: str, classes: int, learning_rate: float, compiled: bool):
            self.network = classifier(model, classes).to(memory_format=layouts[layout])
            parameters = list(self.network.parameters())
            self.optimizer = torch.optim.SGD(
                parameters, learning_rate, MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True, fused=True
            )
            self.mean, self.deviation = torch.tensor(MEAN)[:, None, None], torch.tensor(DEVIATION)[:, None, None]
            self.loss = torch.compile(self.loss_of, dynamic=False) if compiled else self.loss_of

        def loss_of(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            logits = self.network((images - self.mean) / self.deviation)
            return torch.nn.functional.cross_entropy(logits, labels)

        def step(self, images: torch.Tensor, labels: torch.Tensor) -> float:
            loss = self.loss(images, labels)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            return loss.item()

    def batch(size: int, side: int, classes: int, images: np.ndarray, labels: np.ndarray) -> tuple:
        """From numbers in (0, 1): whole pixels and classes, in the layout."""
        pixels = np.floor(256 * images).astype(np.float32).reshape(size, 3, side, side)
        return (
            torch.from_numpy(pixels).contiguous(memory_format=layouts[layout]),
            torch.from_numpy(np.floor(classes * labels).astype(np.int64)),
        )

    size, side, classes = (int(config[name]) for name in ("batch", "imageSize", "classes"))
    begin = time.perf_counter()
    trainer = Trainer(config["model"], classes, 0.01, mode == "compile")
    generator = np.random.default_rng(0)
    batches = cycle(
        [batch(size, side, classes, generator.random((size, 3, side, side)), generator.random(size)) for _ in range(2)]
    )
    for _ in range(WARM_UP_STEPS):
        trainer.step(*next(batches))
    seconds = time.perf_counter() - begin

    def run(count: int) -> dict[str, Any]:
        milliseconds, cpu = [], []
        for _ in range(count):
            images, labels = next(batches)
            begin, used = time.perf_counter(), time.process_time()
            trainer.step(images, labels)
            milliseconds.append((time.perf_counter() - begin) * 1000)
            cpu.append((time.process_time() - used) * 1000)
        return {"milliseconds": milliseconds, "cpuMilliseconds": cpu}

    def check(request: dict[str, Any]) -> dict[str, Any]:
        size, side, classes = (int(request[name]) for name in ("batch", "imageSize", "classes"))
        checked = Trainer(request["model"], classes, float(request["learningRate"]), compiled=False)
        named = sorted(checked.network.named_parameters())
        with torch.no_grad():
            for stream, (name, parameter) in enumerate(named):
                parameter.copy_(torch.from_numpy(formula.classifier_parameter(name, stream, tuple(parameter.shape))))
        losses = []
        for j in range(int(request["updates"])):
            pixels = formula.uniform(1000 + 2 * j, (size, 3, side, side))
            losses.append(checked.step(*batch(size, side, classes, pixels, formula.uniform(1001 + 2 * j, (size,)))))
        squares = sum(float(parameter.detach().double().square().sum()) for _, parameter in named)
        return {"check": {"losses": losses, "norm": squares**0.5}}

    ready = {
        "name": f"torch-{mode}-{layout}",
        "version": torch.__version__.split("+")[0],
        "compileSeconds": seconds,
        "parameters": sum(parameter.numel() for parameter in trainer.network.parameters()),
    }
    return ready, {"run": run, "check": check}


if __name__ == "__main__":
    serve(start)
