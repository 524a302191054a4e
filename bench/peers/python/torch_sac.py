"""
SAC-ERA's update in PyTorch on the CPU. Mode "eager": plain autograd with PyTorch's fused optimizers. Mode "compile":
the whole update (losses, both gradients, Adam, targets) as one function under torch.compile.
"""

from typing import Any

from peer import Handlers, serve


def start(config: dict[str, Any]) -> tuple[dict[str, Any], Handlers]:
    import torch

    import sac
    from torch_learner import CompiledLearner, EagerLearner, require_compiler

    learners = {"eager": EagerLearner, "compile": CompiledLearner}
    mode = config.get("mode")
    if mode not in learners:
        raise ValueError(f"mode {mode!r} is unknown; allowed: {', '.join(learners)}")
    torch.set_num_threads(int(config["threads"]))
    if mode == "compile":
        require_compiler()
    seconds, handlers = sac.handlers(learners[mode], config)
    return {"name": f"torch-{mode}", "version": torch.__version__, "compileSeconds": seconds}, handlers


if __name__ == "__main__":
    serve(start)
