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
  else npx era train "$algorithm" --run "$folder" --threads 1 "$@"; fi
}

for part in $parts; do
  case $part in
  sac) # Three entropy methods, three tasks, three seeds.
    for env in Hopper-v5 Walker2d-v5 dm_control/walker-walk-v0; do
      for arm in "era --entropy-of gaussian" "era --entropy-of policy" maxent; do
        name=sac-$(echo "$env-$arm" | tr '/ ' '--')
        train "$name" sac --env "$env" --head $arm --seeds 1,2,3 --steps 30000 --hidden 256,256 --updates-per-step 1 \
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
OTHERS
  ;;
  large) # The official network size on the largest robots: speed and memory. All cores work on one run.
    for env in h1-walk-v0 dm_control/dog-walk-v0; do
      train "sac-$(echo "$env" | tr / -)-official" sac --env "$env" --seed 1 --steps 3000 --start-steps 500 --threads 0 \
        --log-every 250 --eval-every 3000 --eval-episodes 1
    done ;;
  *) echo "there is no part $part; parts: sac ppo others large" >&2 && exit 2 ;;
  esac
done
