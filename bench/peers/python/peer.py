"""The line protocol (../README.md) that `era bench` speaks with every Python peer."""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

Handlers = dict[str, Callable[[Any], dict[str, Any]]]


def configuration() -> dict[str, Any]:
    """The JSON object given as the only argument."""
    if len(sys.argv) != 2:
        raise SystemExit(f"usage: {sys.argv[0]} JSON (see bench/peers/README.md)")
    return json.loads(sys.argv[1])


def private_stdout() -> Callable[[dict[str, Any]], None]:
    """Keeps standard output for the protocol alone: whatever a library prints goes to standard error instead."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return lambda message: out.write(json.dumps(message) + "\n") and out.flush()


def one_line(error: BaseException) -> str:
    if isinstance(error, KeyError):
        return f"the JSON given lacks {error}"
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {text}"[:500]


def timed(repetitions: int, work: Callable[[Callable[[], None]], None]) -> dict[str, Any]:
    """The answer to "run": times of `work(mark)`, wall and processor, whole and until it called `mark`."""
    times: dict[str, list[float]] = {}
    for _ in range(repetitions):
        begin, used = time.perf_counter(), time.process_time()

        def note(wall: str, cpu: str) -> None:
            times.setdefault(wall, []).append(1000 * (time.perf_counter() - begin))
            times.setdefault(cpu, []).append(1000 * (time.process_time() - used))

        work(lambda: note("firstPartMilliseconds", "firstPartCpuMilliseconds"))
        note("milliseconds", "cpuMilliseconds")
    return times


def serve(start: Callable[[dict[str, Any]], tuple[dict[str, Any], Handlers]]) -> NoReturn:
    """
    Runs a peer to its end. `start(configuration)` imports, compiles and warms up; it returns the fields of the "ready"
    line and, by request name, functions from the request's value to the answer.
    """
    send = private_stdout()
    try:
        ready, handlers = start(configuration())
    except Exception as error:
        send({"error": one_line(error)})
        raise SystemExit(1) from error
    send({"ready": True, **ready})
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if "quit" in request:
                break
            name = next((name for name in handlers if name in request), None)
            if name is None:
                raise ValueError(f"unknown request {line.strip()[:100]}; allowed: {', '.join(handlers)}, quit")
            answer = handlers[name](request[name])
        except Exception as error:
            answer = {"error": one_line(error)}
        send(answer)
    sys.stdout.flush()
    # Thread pools of the libraries may take seconds to shut down, and nothing is left to save.
    os._exit(0)
