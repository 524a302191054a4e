/**
 * Area under the ROC curve of a score that tells positives by high values: the chance that a positive's score exceeds a negative's, ties
 * counting half (Mann and Whitney's U). NaN where either is empty.
 */
export function auroc(negatives: readonly number[], positives: readonly number[]): number {
  const all = [
    ...negatives.map((score) => ({ score, isPositive: false })),
    ...positives.map((score) => ({ score, isPositive: true })),
  ].sort((a, b) => a.score - b.score);
  let [below, sum] = [0, 0];
  for (let start = 0; start < all.length; ) {
    let end = start;
    let [equal, found] = [0, 0];
    for (; end < all.length && all[end]?.score === all[start]?.score; end++) {
      if (all[end]?.isPositive) found++;
      else equal++;
    }
    sum += found * (below + equal / 2);
    below += equal;
    start = end;
  }
  return sum / (negatives.length * positives.length);
}
