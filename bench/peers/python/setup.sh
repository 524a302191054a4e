#!/bin/sh
# Makes the Python peers' virtual environment, bench/peers/python/.venv, from requirements.txt (about 2.2 GB to download, 5 GB
# on disk: most of it is PyTorch and the CUDA libraries that its Linux build refuses to import without). Safe to run again: it
# does nothing where the environment already matches. PYTHON names the interpreter (3.11 or newer).
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3}

if ! command -v "$python" >/dev/null; then
  echo "setup: $python was not found; install Python 3.11 or newer, or name one: PYTHON=/path/to/python3 sh setup.sh" >&2
  exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "setup: $("$python" --version) is too old; Python 3.11 or newer is needed, name one: PYTHON=… sh setup.sh" >&2
  exit 1
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
  echo "setup: $python cannot make virtual environments; install its venv module (Debian: python3-venv)" >&2
  exit 1
fi

if [ -f .venv/requirements.txt ] && cmp -s requirements.txt .venv/requirements.txt; then
  echo "setup: bench/peers/python/.venv is up to date"
else
  rm -rf .venv
  "$python" -m venv .venv
  .venv/bin/python -m pip install --disable-pip-version-check --quiet --no-deps -r requirements.txt
  .venv/bin/python -c 'import torch, torchvision, jax, optax, mujoco, gymnasium.envs.mujoco.mujoco_env, transformers'
  cp requirements.txt .venv/requirements.txt # last: it marks a finished installation
  echo "setup: bench/peers/python/.venv is ready"
fi

if ! command -v "${CXX:-g++}" >/dev/null && ! command -v clang++ >/dev/null; then
  echo "setup: no C++ compiler was found; the peer torch-compile needs one (install g++ or set CXX), the others do without" >&2
fi
