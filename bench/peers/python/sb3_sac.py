"""Stable-Baselines3's SAC with its default settings, trained and then evaluated: what `era bench train sac` runs beside ours.

Usage: sb3_sac.py --env HalfCheetah-v5 --steps 20000 --seed 1 [--threads 2] [--episodes 10]
Prints one JSON line: steps, seconds (of training alone), stepsPerSecond, returns (of deterministic evaluation episodes after training), version.
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
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--episodes", type=int, default=10)
    options = parser.parse_args()

    import gymnasium
    import stable_baselines3
    import torch
    from stable_baselines3.common.evaluation import evaluate_policy

    torch.set_num_threads(options.threads)
    env = gymnasium.make(options.env)
    model = stable_baselines3.SAC("MlpPolicy", env, seed=options.seed, device="cpu")
    begin = time.perf_counter()
    model.learn(options.steps)
    seconds = time.perf_counter() - begin
    evaluation = gymnasium.make(options.env)
    evaluation.reset(seed=10_000 + options.seed)
    returns, _ = evaluate_policy(
        model, evaluation, n_eval_episodes=options.episodes, return_episode_rewards=True, warn=False
    )
    print(
        json.dumps(
            {
                "steps": options.steps,
                "seconds": seconds,
                "stepsPerSecond": options.steps / seconds,
                "returns": [float(value) for value in returns],
                "version": f"Stable-Baselines3 {stable_baselines3.__version__}, PyTorch {torch.__version__.split('+')[0]}",
            }
        )
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
