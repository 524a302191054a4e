/**
 * The probability that one of k responses drawn from n, of which c are right, is right: 1 − C(n−c, k)/C(n, k), the unbiased estimator of pass@k
 * (Chen et al. 2021, arXiv 2107.03374, section 2.1), as a product that does not overflow.
 * @param n at least k
 */
export function passAtK(n: number, c: number, k: number): number {
  if (n - c < k) return 1;
  let wrong = 1;
  for (let i = n - c + 1; i <= n; i++) wrong *= 1 - k / i;
  return 1 - wrong;
}
