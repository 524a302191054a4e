"""
One step of GRPO in plain PyTorch with a model of transformers, float32, on the CPU: responses are drawn with a cache of keys and values (each
prompt is read once), then all parameters take one step of AdamW on the token-mean policy gradient, in parts of a few rows whose gradients
accumulate.
"""

import time
from typing import Any

from peer import Handlers, serve, timed

LEARNING_RATE, WEIGHT_DECAY, GRADIENT_CLIP = 1e-6, 0.01, 1.0


def start(config: dict[str, Any]) -> tuple[dict[str, Any], Handlers]:
    import torch
    import transformers

    torch.set_num_threads(int(config["threads"]))
    torch.manual_seed(1)
    transformers.logging.set_verbosity_error()
    model = transformers.AutoModelForCausalLM.from_pretrained(config["model"], dtype=torch.float32)
    names = ("prompts", "responses", "prompt", "tokens", "rows")
    prompts, responses, length, count, rows = (int(config[name]) for name in names)
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True)

    @torch.no_grad()
    def roll_out(given: torch.Tensor) -> torch.Tensor:
        """Prompts with their responses: [prompts · responses, length + count]."""
        cache = transformers.DynamicCache(config=model.config)
        logits = model(given, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[:, -1]
        cache.batch_repeat_interleave(responses)
        logits = logits.repeat_interleave(responses, 0)
        tokens = [given.repeat_interleave(responses, 0)]
        for step in range(count):
            tokens.append(torch.multinomial(torch.softmax(logits, -1), 1))
            if step < count - 1:
                logits = model(tokens[-1], past_key_values=cache, use_cache=True).logits[:, -1]
        return torch.cat(tokens, 1)

    def update(tokens: torch.Tensor, advantages: torch.Tensor, start: int, learning_rate: float) -> tuple[float, float]:
        """One step by the tokens from column `start` on; the loss and the gradient's norm."""
        optimizer.zero_grad(set_to_none=True)
        total = tokens[:, start:].numel()
        whole = 0.0
        for part, weights in zip(tokens.split(rows), advantages.split(rows)):
            hidden = model.model(part, use_cache=False).last_hidden_state[:, start - 1 : -1]
            logits = model.lm_head(hidden).flatten(0, 1)
            score = -torch.nn.functional.cross_entropy(logits, part[:, start:].flatten(), reduction="none")
            ratio = torch.exp(score - score.detach())
            loss = -(weights.repeat_interleave(part.shape[1] - start) * ratio).sum() / total
            loss.backward()
            whole += loss.item()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_CLIP, foreach=True).item()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate
        optimizer.step()
        return whole, norm

    # Half of each group was right: advantages as GRPO normalizes them, with the deviation of the sample.
    rewards = torch.tensor([1.0 if i % 2 == 0 else 0.0 for i in range(responses)])
    normalized = (rewards - rewards.mean()) / (rewards.std() + 1e-6)

    def step(mark=lambda: None, learning_rate: float = LEARNING_RATE) -> None:
        tokens = roll_out(torch.randint(0, model.config.vocab_size, (prompts, length)))
        mark()
        update(tokens, normalized.repeat(prompts), length, learning_rate)

    # At rate 0, so that the check that follows is of the weights as they were read.
    begin = time.perf_counter()
    step(learning_rate=0.0)
    seconds = time.perf_counter() - begin

    def run(repetitions: int) -> dict[str, Any]:
        return timed(repetitions, step)

    def check(request: dict[str, Any]) -> dict[str, Any]:
        advantages = torch.tensor(request["advantages"], dtype=torch.float32)
        loss, norm = update(torch.tensor(request["tokens"]), advantages, int(request["start"]), 0.0)
        return {"check": {"loss": loss, "gradientNorm": norm}}

    ready = {
        "name": "torch",
        "version": f"{torch.__version__.split('+')[0]}, transformers {transformers.__version__}",
        "compileSeconds": seconds,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    return ready, {"run": run, "check": check}


if __name__ == "__main__":
    serve(start)
