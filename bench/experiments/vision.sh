#!/bin/sh
# The runs behind the tables in results/vision.md. Usage: sh bench/experiments/vision.sh <cifar10> <fashion-mnist> [folder] [part …]
#   <cifar10>: what --data takes (class folders or tars of them, or the binary files); <fashion-mnist>: a folder with its four IDX files
#   parts: resnet20 cifar fashion
# Finished runs are kept and interrupted ones continued, so it can be stopped and started again. All parts take some two hours on two cores.
set -eu
[ $# -ge 2 ] || { sed -n '2,4s/^# *//p' "$0" >&2; exit 2; }
cifar=$(realpath "$1") fashion=$(realpath "$2")
out=$(realpath -m "${3:-runs/vision}")
[ $# -gt 2 ] && shift 3 || shift 2
parts=${*:-resnet20 cifar fashion}
cd "$(dirname "$0")/../.."

# train <name> <flags…>: a folder with one run a seed, as many at once as there are cores.
train() {
  folder=$out/$1
  shift
  if [ -d "$folder" ]; then npx era train classifier --resume "$folder" || true
  else npx era train classifier --run "$folder" --threads 1 "$@"; fi
}

# compare <folder> <settings>: all methods on the same test images, told from images of other things.
compare() { npx era eval "$1" --ood "$2" --label bound,entropy,labelSmoothing,confidencePenalty,dropout --markdown > "$1.md"; }

for part in $parts; do
  case $part in
  resnet20) # ERA, tight, at 0.2 nat; all else as by default.
    train resnet20 --data "$cifar" --epochs 22 --entropy 0.2 ;;
  cifar) # Four methods, three seeds.
    for arm in "plain" "plain --label-smoothing 0.1" "era --bound paper --inverse paper" "era --bound tight"; do
      train "cifar/$(echo "$arm" | tr -d '-' | tr ' ' '-')" --data "$cifar" --epochs 3 --eval-every 3 --checkpoint-every 3 \
        --seeds 1,2,3 --head $arm
    done
    compare "$out/cifar" "$fashion" ;;
  fashion) # Seven methods, five seeds.
    for arm in "plain" "plain --label-smoothing 0.1" "plain --confidence-penalty 0.1" "plain --dropout 0.5" \
      "era --bound paper --inverse paper" "era --bound tight" "era --bound tight --entropy 0.3"; do
      train "fashion/$(echo "$arm" | tr -d '-' | tr ' ' '-')" --data "$fashion" --model cnn --augment none --epochs 2 \
        --learning-rate 0.05 --warm-up-epochs 0.2 --eval-every 2 --checkpoint-every 2 --seeds 1,2,3,4,5 --head $arm
    done
    compare "$out/fashion" mnist ;;
  *) echo "there is no part $part; parts: resnet20 cifar fashion" >&2 && exit 2 ;;
  esac
done
