"""
SAC-ERA's update in JAX: the official one (sac-era/jaxrl) for one seed, jitted as a whole, its state donated.
The official code maps it over seeds (vmap); for one seed the plain function is the faster form, and so are two separate
critics rather than a stacked pair.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.scipy.special import erf, erfinv

import formula
import sac


def dense(params, name, x):
    return x @ params[f"{name}.weight"] + params[f"{name}.bias"]


def layer_norm(params, name, x):
    mean = x.mean(-1, keepdims=True)
    variance = jnp.maximum(0, (x * x).mean(-1, keepdims=True) - mean * mean)
    scale = jax.lax.rsqrt(variance + sac.NORM_EPSILON) * params[f"{name}.scale"]
    return (x - mean) * scale + params[f"{name}.bias"]


def critic(params, observations, actions):
    x = jnp.concatenate([observations, actions], -1)
    x = jax.nn.elu(layer_norm(params, "norm1", dense(params, "dense1", x)))
    x = jax.nn.elu(layer_norm(params, "norm2", dense(params, "dense2", x)))
    return dense(params, "out", x).squeeze(-1)


def critics(params, observations, actions):
    return critic(params[0], observations, actions), critic(params[1], observations, actions)


def policy(params, observations):
    x = jax.nn.elu(dense(params, "dense1", observations))
    x = jax.nn.elu(dense(params, "dense2", x))
    means, raw = dense(params, "mean", x), dense(params, "logStd", x)
    budget = -raw.shape[-1] * (sac.LOG_STD_MAX - sac.ENTROPY_PER_DIM + 0.5 * np.log(2 * np.pi * np.e))
    log_stds = budget * jax.nn.softmax(raw, -1) + sac.LOG_STD_MAX
    return means, jnp.clip(log_stds, sac.LOG_STD_MIN, sac.LOG_STD_MAX)


def cdf(x):
    return 0.5 * (1 + erf(x / np.sqrt(2)))


def sample(means, log_stds, uniforms):
    loc = jnp.clip(jnp.tanh(means), sac.LOW, sac.HIGH)
    scale = jnp.maximum(jnp.exp(log_stds), sac.EPSILON)
    alpha, beta = cdf((sac.LOW - loc) / scale), cdf((sac.HIGH - loc) / scale)
    mass = jnp.maximum(beta - alpha, sac.EPSILON)
    p = alpha + mass * jnp.clip(uniforms, sac.EPSILON, 1 - sac.EPSILON)
    z = np.sqrt(2) * erfinv(2 * jnp.clip(p, sac.EPSILON, 1 - sac.EPSILON) - 1)
    actions = jnp.clip(loc + scale * z, sac.LOW + sac.EPSILON, sac.HIGH - sac.EPSILON)
    z = (actions - loc) / scale
    log_probs = -0.5 * z * z - 0.5 * np.log(2 * np.pi) - jnp.log(scale) - jnp.log(mass)
    return actions, jnp.clip(log_probs, -sac.LOG_PROB_LIMIT, sac.LOG_PROB_LIMIT).sum(-1)


class JaxLearner:
    def __init__(self, settings: sac.Settings):
        groups = jax.tree.map(jnp.array, formula.parameters(settings.width, settings.obs, settings.act))
        actor_optimizer = optax.adam(settings.learning_rate, sac.BETA1, sac.BETA2, sac.ADAM_EPSILON)
        critic_optimizer = optax.adamw(
            settings.learning_rate, sac.BETA1, sac.BETA2, sac.ADAM_EPSILON, weight_decay=settings.weight_decay
        )
        actor, online = groups["actor"], (groups["critic1"], groups["critic2"])
        self.state = {
            "actor": actor,
            "critics": online,
            "targets": (groups["target1"], groups["target2"]),
            "actorOptimizer": actor_optimizer.init(actor),
            "criticOptimizer": critic_optimizer.init(online),
            "key": jax.random.key(0),
        }

        @partial(jax.jit, donate_argnums=0)
        def update(state, batch):
            key, next_key, actor_key = jax.random.split(state["key"], 3)
            shape = batch["actions"].shape
            # The batch's uniforms (parity check) or fresh ones (timing): decided once, when this function is traced.
            next_uniforms = batch["nextUniforms"] if "uniforms" in batch else jax.random.uniform(next_key, shape)
            uniforms = batch["uniforms"] if "uniforms" in batch else jax.random.uniform(actor_key, shape)

            next_actions, _ = sample(*policy(state["actor"], batch["nextObservations"]), next_uniforms)
            next_q = jnp.minimum(*critics(state["targets"], batch["nextObservations"], next_actions))
            target = batch["rewards"] + settings.discount * batch["masks"] * next_q

            def critic_loss(params):
                q1, q2 = critics(params, batch["observations"], batch["actions"])
                loss = ((q1 - target) ** 2 + (q2 - target) ** 2).mean()
                return loss, {"criticLoss": loss, "q1": q1.mean(), "q2": q2.mean()}

            grads, critic_info = jax.grad(critic_loss, has_aux=True)(state["critics"])
            steps, critic_optimizer_state = critic_optimizer.update(grads, state["criticOptimizer"], state["critics"])
            online = optax.apply_updates(state["critics"], steps)
            targets = jax.tree.map(
                lambda new, old: settings.tau * new + (1 - settings.tau) * old, online, state["targets"]
            )

            def actor_loss(params):
                actions, log_probs = sample(*policy(params, batch["observations"]), uniforms)
                loss = -jnp.minimum(*critics(online, batch["observations"], actions)).mean()
                return loss, {"actorLoss": loss, "entropy": -log_probs.mean(), "action": jnp.abs(actions).mean()}

            grads, actor_info = jax.grad(actor_loss, has_aux=True)(state["actor"])
            steps, actor_optimizer_state = actor_optimizer.update(grads, state["actorOptimizer"])
            state = {
                "actor": optax.apply_updates(state["actor"], steps),
                "critics": online,
                "targets": targets,
                "actorOptimizer": actor_optimizer_state,
                "criticOptimizer": critic_optimizer_state,
                "key": key,
            }
            info = {**critic_info, **actor_info}
            return state, jnp.stack([info[name] for name in sac.INFO])

        self.step = update

    def update(self, batch: sac.Batch) -> dict[str, float]:
        self.state, info = self.step(self.state, batch)
        jax.block_until_ready(self.state)
        return dict(zip(sac.INFO, np.asarray(info).tolist(), strict=True))

    def norms(self) -> dict[str, float]:
        groups = {"actor": "actor", "critic": "critics", "target": "targets"}
        return {name: float(optax.global_norm(self.state[group])) for name, group in groups.items()}
