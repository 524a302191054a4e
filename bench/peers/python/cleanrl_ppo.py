"""PPO as CleanRL has it, in PyTorch and Gymnasium: what our PPO is measured beside.

Usage: cleanrl_ppo.py --env HalfCheetah-v5 --steps 100000 --seed 1 [--threads 1] [--episodes 10]
Prints one JSON line: steps, seconds (of training alone), stepsPerSecond, returns (of deterministic evaluation episodes after training, with the statistics of
normalization frozen), trainingReturns (the last 20 of training), version.

The algorithm, its hyperparameters and its order of operations are those of CleanRL's ppo_continuous_action.py and, for discrete actions, ppo.py
(github.com/vwxyzjn/cleanrl, MIT; Huang et al. 2022), written anew: the wrappers of Gymnasium that they use in their order, 1 environment of 2048 steps
(discrete: 4 of 128), one call of the networks per step, minibatches indexed out of the rollout, an episode that is cut counts as ended. What CleanRL does beside learning
(TensorBoard, videos) is left out, in its favour. Episodes begin anew in the step that ends them, as in the Gymnasium that CleanRL was written for.
"""

import argparse
import json
import sys
import time


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--env", required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--episodes", type=int, default=10)
    options = parser.parse_args()

    import gymnasium
    import numpy as np
    import torch
    from gymnasium import wrappers
    from torch import nn
    from torch.distributions import Categorical, Normal

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    np.random.seed(options.seed)
    gamma, gae_lambda, clip, value_weight, max_norm = 0.99, 0.95, 0.2, 0.5, 0.5

    probe = gymnasium.make(options.env)
    discrete = isinstance(probe.action_space, gymnasium.spaces.Discrete)
    observation_size = int(np.prod(probe.observation_space.shape))
    action_size = int(probe.action_space.n if discrete else np.prod(probe.action_space.shape))
    probe.close()
    if discrete:
        count, steps, epochs, minibatches, learning_rate, entropy_weight = 4, 128, 4, 4, 2.5e-4, 0.01
    else:
        count, steps, epochs, minibatches, learning_rate, entropy_weight = 1, 2048, 10, 32, 3e-4, 0.0
    batch = count * steps
    minibatch = batch // minibatches

    def make_env():
        env = gymnasium.make(options.env)
        if discrete:
            return wrappers.RecordEpisodeStatistics(env)
        env = wrappers.FlattenObservation(env)
        env = wrappers.RecordEpisodeStatistics(env)
        env = wrappers.ClipAction(env)
        env = wrappers.NormalizeObservation(env)
        env = wrappers.TransformObservation(env, lambda x: np.clip(x, -10, 10), env.observation_space)
        env = wrappers.NormalizeReward(env, gamma=gamma)
        return wrappers.TransformReward(env, lambda x: np.clip(x, -10, 10))

    same_step = gymnasium.vector.AutoresetMode.SAME_STEP
    envs = gymnasium.vector.SyncVectorEnv([make_env for _ in range(count)], autoreset_mode=same_step)

    def layer(inputs, outputs, gain=np.sqrt(2)):
        made = nn.Linear(inputs, outputs)
        nn.init.orthogonal_(made.weight, gain)
        nn.init.constant_(made.bias, 0.0)
        return made

    def network(outputs, gain):
        return nn.Sequential(
            layer(observation_size, 64), nn.Tanh(), layer(64, 64), nn.Tanh(), layer(64, outputs, gain)
        )

    class Agent(nn.Module):
        def __init__(self):
            super().__init__()
            self.critic = network(1, 1.0)
            self.actor = network(action_size, 0.01)
            if not discrete:
                self.log_std = nn.Parameter(torch.zeros(1, action_size))

        def forward(self, observations, actions=None):
            raw = self.actor(observations)
            if discrete:
                policy = Categorical(logits=raw)
                actions = policy.sample() if actions is None else actions
                return actions, policy.log_prob(actions), policy.entropy(), self.critic(observations)
            policy = Normal(raw, self.log_std.expand_as(raw).exp())
            actions = policy.sample() if actions is None else actions
            return actions, policy.log_prob(actions).sum(1), policy.entropy().sum(1), self.critic(observations)

    agent = Agent()
    optimizer = torch.optim.Adam(agent.parameters(), lr=learning_rate, eps=1e-5)
    observations = torch.zeros(steps, count, observation_size)
    actions = torch.zeros((steps, count) if discrete else (steps, count, action_size))
    log_probs, rewards, dones, values = (torch.zeros(steps, count) for _ in range(4))

    begin = time.perf_counter()
    training_returns = []
    seen, _ = envs.reset(seed=options.seed)
    next_observation, next_done = torch.Tensor(seen), torch.zeros(count)
    iterations = options.steps // batch
    for iteration in range(iterations):
        optimizer.param_groups[0]["lr"] = learning_rate * (1 - iteration / iterations)
        for t in range(steps):
            observations[t], dones[t] = next_observation, next_done
            with torch.no_grad():
                action, log_prob, _, value = agent(next_observation)
                values[t] = value.flatten()
            actions[t], log_probs[t] = action, log_prob
            seen, reward, terminated, truncated, info = envs.step(action.numpy())
            rewards[t] = torch.as_tensor(reward).view(-1)
            next_observation, next_done = torch.Tensor(seen), torch.Tensor(np.logical_or(terminated, truncated))
            if "final_info" in info and "episode" in info["final_info"]:
                episode = info["final_info"]["episode"]
                training_returns += [float(r) for r, ended in zip(episode["r"], np.logical_or(terminated, truncated)) if ended]

        with torch.no_grad():
            next_value = agent.critic(next_observation).reshape(1, -1)
            advantages, last = torch.zeros(steps, count), 0
            for t in reversed(range(steps)):
                goes_on = 1.0 - (next_done if t == steps - 1 else dones[t + 1])
                following = next_value if t == steps - 1 else values[t + 1]
                delta = rewards[t] + gamma * following * goes_on - values[t]
                advantages[t] = last = delta + gamma * gae_lambda * goes_on * last
            returns = advantages + values

        flat_observations = observations.reshape(batch, observation_size)
        flat_actions = actions.reshape((batch,) if discrete else (batch, action_size))
        flat_log_probs, flat_values = log_probs.reshape(-1), values.reshape(-1)
        flat_advantages, flat_returns = advantages.reshape(-1), returns.reshape(-1)
        order, clip_fractions = np.arange(batch), []
        for _ in range(epochs):
            np.random.shuffle(order)
            for start in range(0, batch, minibatch):
                rows = order[start : start + minibatch]
                _, log_prob, entropy, value = agent(flat_observations[rows], flat_actions[rows])
                log_ratio = log_prob - flat_log_probs[rows]
                ratio = log_ratio.exp()
                with torch.no_grad():
                    approx_kl = ((ratio - 1) - log_ratio).mean()
                    clip_fractions.append(((ratio - 1.0).abs() > clip).float().mean().item())
                advantage = flat_advantages[rows]
                advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
                policy_loss = torch.max(-advantage * ratio, -advantage * torch.clamp(ratio, 1 - clip, 1 + clip)).mean()
                value = value.view(-1)
                near = flat_values[rows] + torch.clamp(value - flat_values[rows], -clip, clip)
                worse = torch.max((value - flat_returns[rows]) ** 2, (near - flat_returns[rows]) ** 2)
                loss = policy_loss - entropy_weight * entropy.mean() + value_weight * 0.5 * worse.mean()
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), max_norm)
                optimizer.step()
    seconds = time.perf_counter() - begin
    done = iterations * batch

    # Deterministic episodes with the statistics of normalization as training left them.
    normalizer = None
    if not discrete:
        env = envs.envs[0]
        while not isinstance(env, wrappers.NormalizeObservation):
            env = env.env
        normalizer = env.obs_rms
    evaluation = gymnasium.make(options.env)
    evaluated = []
    for episode in range(options.episodes):
        seen, _ = evaluation.reset(seed=10_000 + options.seed + episode)
        total, over = 0.0, False
        while not over:
            if normalizer is not None:
                seen = np.clip((seen - normalizer.mean) / np.sqrt(normalizer.var + 1e-8), -10, 10)
            with torch.no_grad():
                raw = agent.actor(torch.Tensor(seen).reshape(1, -1))[0]
            action = int(raw.argmax()) if discrete else np.clip(
                raw.numpy(), evaluation.action_space.low, evaluation.action_space.high
            )
            seen, reward, terminated, truncated, _ = evaluation.step(action)
            total, over = total + float(reward), terminated or truncated
        evaluated.append(total)
    print(
        json.dumps(
            {
                "steps": done,
                "seconds": seconds,
                "stepsPerSecond": done / seconds,
                "returns": evaluated,
                "trainingReturns": training_returns[-20:],
                "version": f"CleanRL's PPO, PyTorch {torch.__version__.split('+')[0]}, Gymnasium {gymnasium.__version__}",
            }
        )
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
