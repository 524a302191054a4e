"""The two modes of the PyTorch peer: the same losses (torch_networks.py), run eagerly or compiled as one function."""

import os
import shutil
import sysconfig

import numpy as np
import torch
from torch import Tensor

import formula
import sac
from torch_networks import Critics, Parameters, actor_loss, critic_loss, target_q


def parameters(values: dict[str, np.ndarray]) -> Parameters:
    """PyTorch keeps a dense layer's matrix as [out, in]."""
    return {
        name: torch.from_numpy(value.T.copy() if name.endswith(".weight") else value.copy())
        for name, value in values.items()
    }


def tensors(group: Parameters | Critics) -> list[Tensor]:
    return list(group.values()) if isinstance(group, dict) else [tensor for part in group for tensor in part.values()]


def pick_uniforms(batch: Parameters) -> tuple[Tensor, Tensor]:
    """The batch's uniforms (parity check) or fresh ones (timing)."""
    names = ("nextUniforms", "uniforms")
    return tuple(batch[name] if name in batch else torch.rand(batch["actions"].shape) for name in names)


class TorchLearner:
    def __init__(self, settings: sac.Settings):
        groups = {
            name: parameters(values)
            for name, values in formula.parameters(settings.width, settings.obs, settings.act).items()
        }
        self.settings = settings
        self.actor: Parameters = groups["actor"]
        self.critics: Critics = (groups["critic1"], groups["critic2"])
        self.targets: Critics = (groups["target1"], groups["target2"])

    def norms(self) -> dict[str, float]:
        groups = {"actor": self.actor, "critic": self.critics, "target": self.targets}
        return {
            name: torch.cat([tensor.detach().flatten() for tensor in tensors(group)]).norm().item()
            for name, group in groups.items()
        }


class EagerLearner(TorchLearner):
    def __init__(self, settings: sac.Settings):
        super().__init__(settings)
        self.actor_tensors, self.critic_tensors = tensors(self.actor), tensors(self.critics)
        self.target_tensors = tensors(self.targets)
        for tensor in self.actor_tensors + self.critic_tensors:
            tensor.requires_grad_()
        adam = {"lr": settings.learning_rate, "betas": (sac.BETA1, sac.BETA2), "eps": sac.ADAM_EPSILON, "fused": True}
        self.actor_optimizer = torch.optim.Adam(self.actor_tensors, **adam)
        self.critic_optimizer = torch.optim.AdamW(self.critic_tensors, weight_decay=settings.weight_decay, **adam)

    def update(self, batch: sac.Batch) -> dict[str, float]:
        inputs = {name: torch.from_numpy(value) for name, value in batch.items()}
        next_uniforms, uniforms = pick_uniforms(inputs)

        with torch.no_grad():
            target = target_q(self.actor, self.targets, inputs, next_uniforms, self.settings.discount)
        loss, (critic, q1, q2) = critic_loss(self.critics, inputs, target)
        descend(self.critic_optimizer, loss, self.critic_tensors)

        with torch.no_grad():
            torch._foreach_lerp_(self.target_tensors, self.critic_tensors, self.settings.tau)

        loss, (actor, entropy, action) = actor_loss(self.actor, self.critics, inputs, uniforms)
        descend(self.actor_optimizer, loss, self.actor_tensors)
        return dict(zip(sac.INFO, torch.stack([critic, actor, q1, q2, entropy, action]).tolist(), strict=True))


def descend(optimizer: torch.optim.Optimizer, loss: Tensor, params: list[Tensor]) -> None:
    """One step; only the gradients of `params` are computed."""
    for param, gradient in zip(params, torch.autograd.grad(loss, params), strict=True):
        param.grad = gradient
    optimizer.step()


class CompiledLearner(TorchLearner):
    """The whole update is one graph: torch.func differentiates, Adam is written out, state is updated in place."""

    def __init__(self, settings: sac.Settings):
        super().__init__(settings)
        actor_optimizer = Adam(tensors(self.actor), settings.learning_rate, 0)
        critic_optimizer = Adam(tensors(self.critics), settings.learning_rate, settings.weight_decay)

        def step(batch: Parameters) -> Tensor:
            next_uniforms, uniforms = pick_uniforms(batch)
            target = target_q(self.actor, self.targets, batch, next_uniforms, settings.discount)
            gradients, (critic, q1, q2) = torch.func.grad(critic_loss, has_aux=True)(self.critics, batch, target)
            critic_optimizer.descend(tensors(self.critics), tensors(gradients))
            for old, new in zip(tensors(self.targets), tensors(self.critics), strict=True):
                old.lerp_(new, settings.tau)
            differentiated = torch.func.grad(actor_loss, has_aux=True)
            gradients, (actor, entropy, action) = differentiated(self.actor, self.critics, batch, uniforms)
            actor_optimizer.descend(tensors(self.actor), tensors(gradients))
            return torch.stack([critic, actor, q1, q2, entropy, action])

        self.step = torch.compile(torch.no_grad()(step), fullgraph=True, dynamic=False)

    def update(self, batch: sac.Batch) -> dict[str, float]:
        info = self.step({name: torch.from_numpy(value) for name, value in batch.items()})
        return dict(zip(sac.INFO, info.tolist(), strict=True))


class Adam:
    """Adam and AdamW as tensor expressions to compile; the step count is a tensor, so that it never recompiles."""

    def __init__(self, params: list[Tensor], learning_rate: float, weight_decay: float):
        self.first = [torch.zeros_like(param) for param in params]
        self.second = [torch.zeros_like(param) for param in params]
        self.steps = torch.zeros(())
        self.learning_rate, self.weight_decay = learning_rate, weight_decay

    def descend(self, params: list[Tensor], gradients: list[Tensor]) -> None:
        self.steps += 1
        first_scale = 1 / (1 - sac.BETA1**self.steps)
        second_scale = 1 / (1 - sac.BETA2**self.steps)
        for param, gradient, first, second in zip(params, gradients, self.first, self.second, strict=True):
            first.lerp_(gradient, 1 - sac.BETA1)
            second.lerp_(gradient * gradient, 1 - sac.BETA2)
            step = first * first_scale / ((second * second_scale).sqrt() + sac.ADAM_EPSILON)
            param.sub_(self.learning_rate * (step + self.weight_decay * param))


def require_compiler() -> None:
    """torch.compile writes C++ against Python's headers: says what is missing before PyTorch fails in twenty lines."""
    compiler = os.environ.get("CXX", "g++")
    if shutil.which(compiler) is None and shutil.which("clang++") is None:
        raise RuntimeError(f"torch.compile needs a C++ compiler, and {compiler} was not found; install g++ or set CXX")
    if not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")):
        raise RuntimeError("torch.compile needs Python.h; install Python's headers (Debian: python3-dev)")
