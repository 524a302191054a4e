"""Prints the fitted coefficients that stand in src/special.ts and src/inverseErf.ts (needs numpy, scipy, mpmath).

    python coefficients.py
"""

import mpmath
import numpy
from scipy.special import erfcinv, erfinv

mpmath.mp.dps = 40


def scaled_erfc_chebyshev(count=24, nodes=64):
    """Chebyshev series of (x + 3)·exp(x²)·erfc(x) over y = (x − 3)/(x + 3), mapped from [−5/7, 1] (x ≥ 1/2) to [−1, 1]."""
    low = mpmath.mpf(-5) / 7

    def value(y):
        if y == 1:
            return 1 / mpmath.sqrt(mpmath.pi)
        x = 3 * (1 + y) / (1 - y)
        if x > 1000:
            tail = 1 - 1 / (2 * x**2) + 3 / (4 * x**4) - 15 / (8 * x**6)
            return (x + 3) / (x * mpmath.sqrt(mpmath.pi)) * tail
        return (x + 3) * mpmath.exp(x * x) * mpmath.erfc(x)

    angles = [mpmath.pi * (j + mpmath.mpf(1) / 2) / nodes for j in range(nodes)]
    samples = [value(low + (mpmath.cos(angle) + 1) / 2 * (1 - low)) for angle in angles]
    series = [
        mpmath.mpf(2) / nodes * sum(s * mpmath.cos(i * angle) for s, angle in zip(samples, angles)) for i in range(count)
    ]
    series[0] /= 2
    return [float(c) for c in series]


def inverse_erf_polynomial(degree=9, floor=4e-6, points=4000, rounds=300):
    """Minimax (relative) polynomial of erfinv(y)/y in L = log(1 − y²) over [log floor, 0], by Lawson's iteration."""
    width = -numpy.log(floor)
    x = -numpy.cos(numpy.linspace(0, numpy.pi, points))
    w = (x + 1) / 2 * width
    y = numpy.sqrt(-numpy.expm1(-w))
    complement = numpy.exp(-w) / (1 + y)  # 1 − y without cancellation
    inverse = numpy.where(complement < 0.5, erfcinv(complement), erfinv(y))
    ratio = numpy.where(y > 0, inverse / numpy.where(y > 0, y, 1), numpy.sqrt(numpy.pi) / 2)
    basis = numpy.polynomial.chebyshev.chebvander(x, degree)
    weight = numpy.full(points, 1 / points)
    for _ in range(rounds):
        scale = numpy.sqrt(weight) / ratio
        fit, *_ = numpy.linalg.lstsq(basis * scale[:, None], ratio * scale, rcond=None)
        error = numpy.abs(basis @ fit / ratio - 1)
        weight = weight * error
        weight /= weight.sum()
    series = numpy.polynomial.Chebyshev(fit, domain=[0, width])
    in_w = series.convert(kind=numpy.polynomial.Polynomial, domain=[-1, 1])
    in_log = in_w(numpy.polynomial.Polynomial([0, -1.0]))
    return error.max(), [float(f"{c:.12g}") for c in in_log.coef]


if __name__ == "__main__":
    print("scaled erfc:", *scaled_erfc_chebyshev(), sep="\n  ")
    error, coefficients = inverse_erf_polynomial()
    print(f"inverse erf (relative error {error:.2e}):", *coefficients, sep="\n  ")
