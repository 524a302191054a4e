#!/bin/sh
# The runs behind the tables in results/control.md. Usage: sh bench/experiments/control.sh [folder] [part …], parts: sac ppo others large.
# Finished runs are kept and interrupted ones continued, so it can be stopped and started again. All parts take some three hours on two cores.
set -eu
cd "$(dirname "$0")/../.."
out=${1:-runs/control}
[ $# -gt 0 ] && shift
parts=${*:-sac ppo others large}

# train <name> <algorithm> <flags…>: a folder with one run a seed, as many at once as there are cores.
train() {
  folder=$out/$1
  algorithm=$2
  shift 2
  if [ -d "$folder" ]; then npx era train "$algorithm" --resume "$folder" || true
  elif [ "$part" = large ]; then npx era train "$algorithm" --run "$folder" "$@"
  else npx era train "$algorithm" --run "$folder" --threads 1 "$@"; fi
}

# HalfCheetah's returns lie far within ±500, discounted (FastTD3's own setting for cheetahs).
fast="--seed 1 --steps 40000 --envs 16 --batch-size 256 --updates-per-step 8 --policy-delay 2 --n-step 3 --value-min -500
  --value-max 500 --eval-every 10000 --eval-episodes 3 --checkpoint-every 20000"
# A model that plans within milliseconds.
tdmpc2="--seed 1 --latent 64 --encoder 64 --hidden 128 --samples 128 --prior-samples 16 --elites 16 --iterations 4
  --batch-size 64 --discount 0.99 --log-every 250"

for part in $parts; do
  case $part in
  sac) # Three entropy methods, three tasks, three seeds.
    for env in Hopper-v5 Walker2d-v5 dm_control/walker-walk-v0; do
      case $env in dm_control/*) width=128,128 ;; *) width=256,256 ;; esac
      for arm in "era --entropy-of gaussian" "era --entropy-of policy" maxent; do
        name=sac-$(echo "$env-$arm" | tr '/ ' '--')
        train "$name" sac --env "$env" --head $arm --seeds 1,2,3 --steps 30000 --hidden $width --updates-per-step 1 \
          --start-steps 1000 --eval-every 5000 --eval-episodes 5 --checkpoint-every 30000
      done
    done ;;
  ppo) # With an entropy floor and without, four tasks, five seeds.
    for env in HalfCheetah-v5 Hopper-v5 Walker2d-v5 InvertedDoublePendulum-v5; do
      for head in era gaussian; do
        train "ppo-$env-$head" ppo --env "$env" --head "$head" --seeds 1,2,3,4,5 --steps 204800 \
          --eval-every 20480 --eval-episodes 5 --checkpoint-every 204800
      done
    done ;;
  others) # Every other algorithm, with and without ERA, on a task that it can learn within minutes.
    for head in era maxent; do
      train "obac-$head" obac --env HalfCheetah-v5 --head $head --seed 1 --steps 20000 --start-steps 2500 --hidden 256,256 \
        --batch-size 256 --eval-every 5000 --eval-episodes 3 --checkpoint-every 5000
      train "fastsac-$head" fastsac --env HalfCheetah-v5 --head $head $fast --critic-hidden 256,256 --actor-hidden 256,256
    done
    train fasttd3 fasttd3 --env HalfCheetah-v5 $fast --critic-hidden 256,256 --actor-hidden 256,256 --noise-min 0.1 \
      --target-noise 0.1 --weight-decay 0.001
    for head in era baseline; do
      train "tdmpc2-$head" tdmpc2 --env InvertedPendulum-v5 --head $head $tdmpc2 --rho 0.7 --steps 3000 --start-steps 500 \
        --eval-every 1000 --eval-episodes 3
      train "tdmpc2-cartpole-$head" tdmpc2 --env dm_control/cartpole-swingup-v0 --head $head $tdmpc2 --learning-rate 0.001 \
        --steps 4000 --start-steps 1000 --eval-every 2000 --eval-episodes 2
    done ;;
  large) # The official network size on the largest robots: speed and memory. All cores work on one run.
    for env in h1-walk-v0 dm_control/dog-walk-v0; do
      train "sac-$(echo "$env" | tr / -)-official" sac --env "$env" --seed 1 --steps 3000 --start-steps 500 \
        --log-every 250 --eval-every 3000 --eval-episodes 1
    done ;;
  *) echo "there is no part $part; parts: sac ppo others large" >&2 && exit 2 ;;
  esac
done
