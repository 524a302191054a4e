"""
Text from a language model by transformers on the CPU, float32, with its cache of keys and values: prompts of one length are read at once,
then every row grows token by token, drawn at temperature 1. The loop is written out, which is faster than `generate`.
"""

import time
from typing import Any

from peer import Handlers, serve, timed

WARM_UP_TOKENS = 4


def start(config: dict[str, Any]) -> tuple[dict[str, Any], Handlers]:
    import torch
    import transformers

    torch.set_num_threads(int(config["threads"]))
    torch.manual_seed(1)
    transformers.logging.set_verbosity_error()
    begin = time.perf_counter()
    model = transformers.AutoModelForCausalLM.from_pretrained(config["model"], dtype=torch.float32).eval()
    batch, length, count = (int(config[name]) for name in ("batch", "prompt", "tokens"))

    def drawn(logits: torch.Tensor) -> torch.Tensor:
        return torch.multinomial(torch.softmax(logits, -1), 1)

    @torch.inference_mode()
    def generate(prompts: torch.Tensor, count: int, choose=drawn, mark=lambda: None) -> tuple:
        """The new tokens [batch, count], and the log-probabilities of all tokens where `choose` is not `drawn`."""
        cache = transformers.DynamicCache(config=model.config)
        tokens, scores, fed = [], [], prompts
        for step in range(count):
            logits = model(fed, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[:, -1]
            fed = choose(logits)
            if choose is not drawn:
                scores.append(torch.log_softmax(logits, -1).gather(1, fed))
            tokens.append(fed)
            if step == 0:
                mark()
        return torch.cat(tokens, 1), scores

    def prompts() -> torch.Tensor:
        return torch.randint(0, model.config.vocab_size, (batch, length))

    generate(prompts(), min(count, WARM_UP_TOKENS))
    seconds = time.perf_counter() - begin

    def run(repetitions: int) -> dict[str, Any]:
        return timed(repetitions, lambda mark: generate(prompts(), count, mark=mark))

    def check(request: dict[str, Any]) -> dict[str, Any]:
        tokens, scores = generate(
            torch.tensor(request["prompts"]), int(request["tokens"]), lambda logits: logits.argmax(-1, keepdim=True)
        )
        return {"check": {"tokens": tokens.tolist(), "logProbabilities": torch.cat(scores, 1).tolist()}}

    ready = {
        "name": "transformers",
        "version": f"{transformers.__version__}, torch {torch.__version__.split('+')[0]}",
        "compileSeconds": seconds,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    return ready, {"run": run, "check": check}


if __name__ == "__main__":
    serve(start)
