#!/bin/sh
# The runs behind the tables in results/language.md: entropy methods of GRPO on countdown, from one supervised start, three seeds each.
# Usage: sh bench/experiments/language.sh [folder] [method …], methods: none bonus kl-cov clip-cov clip-higher era.
# Finished runs are kept and interrupted ones continued, so it can be stopped and started again. All take some ten minutes on two cores.
set -eu
cd "$(dirname "$0")/../.."
out=${1:-runs/language}
[ $# -gt 0 ] && shift
methods=${*:-none bonus kl-cov clip-cov clip-higher era}

small="--task countdown --threads 1 --eval-problems 256"
if [ ! -d "$out-start" ]; then
  npx era train sft --run "$out-start" $small --layers 2 --width 64 --heads 2 --steps 1600 --seed 1
elif [ ! -d "$out-start/model" ]; then npx era train sft --resume "$out-start"; fi

# Four updates a sampling: with one, ratios are 1, nothing is clipped and KL-Cov's penalty has no gradient. ERA's threshold is the demo's, the
# bonus ten times the official weight, whose effect is not visible at this size; everything else is official.
for method in $methods; do
  case $method in
    era) flags="--era-low 1" ;;
    bonus) flags="--bonus-coefficient 0.01" ;;
    *) flags= ;;
  esac
  if [ -d "$out/$method" ]; then npx era train grpo --resume "$out/$method" || true
  else
    npx era train grpo --run "$out/$method" --seeds 1,2,3 --model "$out-start" $small --entropy-method "$method" $flags \
      --steps 500 --mini-batches 4 --learning-rate 1.5e-4 --warm-up 10 --eval-every 250 --checkpoint-every 500
  fi
done
npx era compare "$out" --html "$out/compare.html"
