"""Networks, the ERA head, the truncated normal and the two losses, for both modes of the PyTorch peer."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

import sac

Parameters = dict[str, Tensor]
Critics = tuple[Parameters, Parameters]


def dense(params: Parameters, name: str, x: Tensor) -> Tensor:
    return F.linear(x, params[f"{name}.weight"], params[f"{name}.bias"])


def norm(params: Parameters, name: str, x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], params[f"{name}.scale"], params[f"{name}.bias"], sac.NORM_EPSILON)


def critic(params: Parameters, observations: Tensor, actions: Tensor) -> Tensor:
    x = torch.cat([observations, actions], -1)
    x = F.elu(norm(params, "norm1", dense(params, "dense1", x)))
    x = F.elu(norm(params, "norm2", dense(params, "dense2", x)))
    return dense(params, "out", x).squeeze(-1)


def critics(params: Critics, observations: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
    return critic(params[0], observations, actions), critic(params[1], observations, actions)


def policy(params: Parameters, observations: Tensor) -> tuple[Tensor, Tensor]:
    x = F.elu(dense(params, "dense1", observations))
    x = F.elu(dense(params, "dense2", x))
    means, raw = dense(params, "mean", x), dense(params, "logStd", x)
    budget = -raw.shape[-1] * (sac.LOG_STD_MAX - sac.ENTROPY_PER_DIM + 0.5 * math.log(2 * math.pi * math.e))
    return means, (budget * raw.softmax(-1) + sac.LOG_STD_MAX).clamp(sac.LOG_STD_MIN, sac.LOG_STD_MAX)


def cdf(x: Tensor) -> Tensor:
    return 0.5 * (1 + torch.erf(x * math.sqrt(0.5)))


def sample(means: Tensor, log_stds: Tensor, uniforms: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Actions of the truncated normal, and its location and scale."""
    loc = means.tanh().clamp(sac.LOW, sac.HIGH)
    scale = log_stds.exp().clamp(min=sac.EPSILON)
    alpha, mass = truncation(loc, scale)
    p = alpha + mass * uniforms.clamp(sac.EPSILON, 1 - sac.EPSILON)
    z = math.sqrt(2) * torch.erfinv(2 * p.clamp(sac.EPSILON, 1 - sac.EPSILON) - 1)
    return (loc + scale * z).clamp(sac.LOW + sac.EPSILON, sac.HIGH - sac.EPSILON), loc, scale


def truncation(loc: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """The normal's mass below the interval, and within it."""
    alpha, beta = cdf((sac.LOW - loc) / scale), cdf((sac.HIGH - loc) / scale)
    return alpha, (beta - alpha).clamp(min=sac.EPSILON)


@torch.no_grad()
def entropy(actions: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    z = (actions - loc) / scale
    log_probs = -0.5 * z * z - 0.5 * math.log(2 * math.pi) - scale.log() - truncation(loc, scale)[1].log()
    return -log_probs.clamp(-sac.LOG_PROB_LIMIT, sac.LOG_PROB_LIMIT).sum(-1).mean()


def target_q(actor: Parameters, targets: Critics, batch: Parameters, uniforms: Tensor, discount: float) -> Tensor:
    next_actions, _, _ = sample(*policy(actor, batch["nextObservations"]), uniforms)
    next_q = torch.minimum(*critics(targets, batch["nextObservations"], next_actions))
    return batch["rewards"] + discount * batch["masks"] * next_q


def critic_loss(params: Critics, batch: Parameters, target: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The loss, and (loss, q1, q2) for the log."""
    q1, q2 = critics(params, batch["observations"], batch["actions"])
    loss = ((q1 - target) ** 2 + (q2 - target) ** 2).mean()
    return loss, (loss.detach(), q1.detach().mean(), q2.detach().mean())


def actor_loss(
    params: Parameters, online: Critics, batch: Parameters, uniforms: Tensor
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The loss, and (loss, entropy, mean |action|) for the log."""
    actions, loc, scale = sample(*policy(params, batch["observations"]), uniforms)
    loss = -torch.minimum(*critics(online, batch["observations"], actions)).mean()
    return loss, (loss.detach(), entropy(actions, loc, scale), actions.detach().abs().mean())
