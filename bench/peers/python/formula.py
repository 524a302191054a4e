"""The parity check's numbers: parameters, batches, uniforms by a formula (../README.md), the same in every peer."""

import numpy as np

UPDATE_SIZES = ("width", "obs", "act", "batch")
BATCH_STREAM = 100


def uniform(stream: int, shape: tuple[int, ...]) -> np.ndarray:
    """Hashed numbers in (0, 1) of `shape`, in double precision."""
    count = int(np.prod(shape))
    x = np.arange(count, dtype=np.uint32) + np.uint32(stream * 0x9E3779B9 % 2**32)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    x = x ^ (x >> np.uint32(16))
    return ((x.astype(np.float64) + 0.5) / 2**32).reshape(shape)


def signed(stream: int, shape: tuple[int, ...]) -> np.ndarray:
    return 2 * uniform(stream, shape) - 1


def _tensor(name: str, stream: int, shape: tuple[int, ...]) -> np.ndarray:
    kind = name.split(".")[1]
    if kind == "weight":
        value = np.sqrt(3 / shape[0]) * signed(stream, shape)
    elif kind == "scale":
        value = 1 + 0.1 * signed(stream, shape)
    else:
        value = 0.1 * signed(stream, shape)
    return value.astype(np.float32)


def _tensors(shapes: dict[str, tuple[int, ...]], first_stream: int) -> dict[str, np.ndarray]:
    return {name: _tensor(name, first_stream + i, shape) for i, (name, shape) in enumerate(shapes.items())}


def parameters(width: int, obs: int, act: int) -> dict[str, dict[str, np.ndarray]]:
    """Groups actor, critic1, critic2, target1, target2; matrices are [in, out]."""
    actor = {
        "dense1.weight": (obs, width),
        "dense1.bias": (width,),
        "dense2.weight": (width, width),
        "dense2.bias": (width,),
        "mean.weight": (width, act),
        "mean.bias": (act,),
        "logStd.weight": (width, act),
        "logStd.bias": (act,),
    }
    critic = {
        "dense1.weight": (obs + act, width),
        "dense1.bias": (width,),
        "norm1.scale": (width,),
        "norm1.bias": (width,),
        "dense2.weight": (width, width),
        "dense2.bias": (width,),
        "norm2.scale": (width,),
        "norm2.bias": (width,),
        "out.weight": (width, 1),
        "out.bias": (1,),
    }
    return {
        "actor": _tensors(actor, 0),
        "critic1": _tensors(critic, 10),
        "critic2": _tensors(critic, 20),
        "target1": _tensors(critic, 30),
        "target2": _tensors(critic, 40),
    }


def batch(update: int, obs: int, act: int, size: int) -> dict[str, np.ndarray]:
    """Batch and uniforms of one update, float32."""
    stream = BATCH_STREAM + 10 * update
    values = {
        "observations": np.sqrt(3) * signed(stream, (size, obs)),
        "actions": signed(stream + 1, (size, act)),
        "rewards": uniform(stream + 2, (size,)),
        "masks": np.where(uniform(stream + 3, (size,)) < 0.1, 0.0, 1.0),
        "nextObservations": np.sqrt(3) * signed(stream + 4, (size, obs)),
        "nextUniforms": uniform(stream + 5, (size, act)),
        "uniforms": uniform(stream + 6, (size, act)),
    }
    return {name: value.astype(np.float32) for name, value in values.items()}


def classifier_parameter(name: str, stream: int, shape: tuple[int, ...]) -> np.ndarray:
    """A classifier's parameter: weights uniform with He's variance for what comes in; scales about 1, shifts and biases about 0."""
    if len(shape) == 1:
        value = (1 if name.endswith("weight") else 0) + 0.1 * signed(stream, shape)
    else:
        value = np.sqrt(6 / np.prod(shape[1:])) * signed(stream, shape)
    return value.astype(np.float32)
