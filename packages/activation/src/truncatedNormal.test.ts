import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LocationScale } from "./distribution.ts";
import { derivativeTwoWays } from "./dual.fixture.ts";
import type { Ops } from "./ops.ts";
import type { NdArray } from "./reference.ts";
import { arrayOps, ndArray, referenceOps } from "./reference.ts";
import { normalCdf } from "./special.ts";
import { truncatedNormal } from "./truncatedNormal.ts";

const first = (x: NdArray) => x.data[0] ?? Number.NaN;
const one = (m: number, logStd: number) =>
  truncatedNormal(referenceOps, { location: ndArray([m]), logStd: ndArray([logStd]) });

/** Distribution function and density of the normal truncated to [−1, 1], straight from their definitions. */
function exact(m: number, std: number) {
  const low = normalCdf((-1 - m) / std);
  const mass = normalCdf((1 - m) / std) - low;
  return {
    cdf: (x: number) => (normalCdf((x - m) / std) - low) / mass,
    logDensity: (x: number) => -0.5 * ((x - m) / std) ** 2 - Math.log(std * Math.sqrt(2 * Math.PI) * mass),
  };
}

/** Simpson's rule over the part of [−1, 1] within 12 standard deviations of m. */
function integrate(f: (x: number) => number, m: number, std: number): number {
  const low = Math.max(-1, m - 12 * std);
  const high = Math.min(1, m + 12 * std);
  const n = 2000;
  const h = (high - low) / n;
  let total = 0;
  for (let i = 0; i <= n; i++) total += f(low + i * h) * (i === 0 || i === n ? 1 : i % 2 === 0 ? 2 : 4);
  return (total * h) / 3;
}

/** Every corner and edge that a float32 policy can meet: locations, log-scales and uniforms, all combined. */
function extremes() {
  const locations = [-1, -1 + 2 ** -24, -0.999, -0.3, -1e-30, 0, 0.5, 1 - 2 ** -24, 1];
  const logStds = [-20, -8, -7.999, -4, -1, -1e-8, 0, 1, 2];
  const uniforms = [0, 2 ** -126, 2 ** -24, 1e-6, 0.01, 0.5, 0.99, 1 - 1e-6, 1 - 2 ** -24, 1];
  const all = locations.flatMap((m) => logStds.flatMap((s) => uniforms.map((u) => [m, s, u] as const)));
  const column = (i: 0 | 1 | 2) =>
    ndArray(
      all.map((row) => Math.fround(row[i])),
      [all.length, 1],
    );
  return { location: column(0), logStd: column(1), uniform: column(2) };
}

const location = fc.double({ min: -1, max: 1, noNaN: true });
const logStd = fc.double({ min: -8, max: 0, noNaN: true });
const uniform = fc.double({ min: 1e-5, max: 1 - 1e-5, noNaN: true });

describe("truncatedNormal", () => {
  it("samples the inverse of the distribution function", () => {
    fc.assert(
      fc.property(location, logStd, uniform, (m, s, u) => {
        const x = first(one(m, s).sample(ndArray([u])));
        expect(Math.abs(exact(m, Math.exp(s)).cdf(x) - u)).toBeLessThan(2e-6);
      }),
      { numRuns: 500 },
    );
  });

  it("has the density, mean and entropy of its definition", () => {
    for (const m of [-1, -0.7, 0, 0.3, 0.999, 1]) {
      for (const s of [-8, -4, -1.2, -0.3, 0, 1]) {
        const std = Math.exp(s);
        const { logDensity } = exact(m, std);
        const density = (x: number) => Math.exp(logDensity(x));
        const distribution = one(m, s);
        for (const x of [-1, -0.2, m, 1]) {
          expect(first(distribution.logProb(ndArray([x]))) / logDensity(x)).toBeCloseTo(1, 12);
        }
        expect(integrate(density, m, std)).toBeCloseTo(1, 9);
        const entropy = integrate((x) => -density(x) * logDensity(x), m, std);
        expect(first(distribution.entropy())).toBeCloseTo(entropy, 8);
        expect(first(distribution.mean())).toBeCloseTo(
          integrate((x) => x * density(x), m, std),
          9,
        );
        expect(first(distribution.mode())).toBe(m);
      }
    }
  });

  it("sums log-density and entropy over dimensions and keeps the batch", () => {
    const params = { location: ndArray([0.1, -0.4, 0.9, 0], [2, 2]), logStd: ndArray([-1, -0.5, -3, 0], [2, 2]) };
    const x = ndArray([0.3, -0.2, 0.95, 0.1], [2, 2]);
    const joint = truncatedNormal(referenceOps, params);
    const flat = (a: NdArray) => ndArray(a.data, [4, 1]);
    const parts = truncatedNormal(referenceOps, { location: flat(params.location), logStd: flat(params.logStd) });
    const pairs = (a: NdArray) => referenceOps.sum(ndArray(a.data, [2, 2]));
    const close = (a: NdArray, b: NdArray) => {
      expect(a.shape).toEqual([2, 1]);
      a.data.forEach((value, i) => {
        expect(value).toBeCloseTo(b.data[i] ?? Number.NaN, 12);
      });
    };
    close(joint.logProb(x), pairs(parts.logProb(flat(x))));
    close(joint.entropy(), pairs(parts.entropy()));
  });

  it("accepts a scale shared by the batch and another support", () => {
    const params = { location: ndArray([2, 3, 4, 5], [2, 2]), logStd: ndArray([0, 1]) };
    const x = truncatedNormal(referenceOps, params, { low: 1, high: 6 }).sample(ndArray([0, 0.3, 0.9, 1], [2, 2]));
    expect(x.shape).toEqual([2, 2]);
    expect(x.data.every((value) => value >= 1 && value <= 6)).toBe(true);
  });

  it("costs few operations, since each is a node of a graph that runs twice in every update", () => {
    let count = 0;
    const counting = new Proxy(referenceOps, {
      get: (ops, name: keyof Ops<NdArray>) => {
        count += name === "withDerivatives" ? 0 : 1;
        return ops[name];
      },
    });
    const distribution = truncatedNormal(counting, { location: ndArray([0]), logStd: ndArray([0]) });
    expect(count).toBe(9);
    distribution.sample(ndArray([0.5]));
    expect(count).toBe(9 + 11 + 17);
  });

  describe("derivatives", () => {
    const params = { m: ndArray([-1, -0.9, -0.2, 0, 0.6, 0.99, 1]), s: ndArray([-1, -6, -0.1, 0, -2, -1.5, -0.7]) };
    const directions = { m: ndArray([0, 1, -0.7, 0.4, 1, -1, 0]), s: ndArray([1, 0.3, 1, -1, 0.5, 0.8, 1]) };
    // The difference quotient sees the slope of the polynomial's 2e-6 error, the automatic derivative the exact one.
    const expectClose = (
      formula: <T>(ops: Ops<T>, distribution: ReturnType<typeof truncatedNormal<T>>) => T,
      digits: number,
    ) => {
      const { automatic, difference } = derivativeTwoWays(
        (ops, { m, s }) =>
          formula(ops, truncatedNormal(ops, { location: m, logStd: s } satisfies LocationScale<unknown>)),
        params,
        directions,
      );
      automatic.forEach((value, i) => {
        expect(value).toBeCloseTo(difference[i] ?? Number.NaN, digits);
      });
    };

    it("of a sample are those of the quantile function", () => {
      for (const u of [0.001, 0.2, 0.5, 0.93, 0.9995]) {
        expectClose((ops, distribution) => distribution.sample(ops.add(ops.mul(distribution.mode(), 0), u)), 4);
      }
    });

    it("of entropy, mean and log-density are those of their values", () => {
      expectClose((_, distribution) => distribution.entropy(), 6);
      expectClose((_, distribution) => distribution.mean(), 6);
      expectClose((ops, distribution) => distribution.logProb(ops.add(ops.mul(distribution.mode(), 0), 0.2)), 4);
    });

    it("of a sample's mean over u is that of the mean", () => {
      const n = 4000;
      const u = ndArray(
        Array.from({ length: n }, (_, i) => (i + 0.5) / n),
        [n],
      );
      for (const [m, s] of [
        [1, -0.5],
        [0.3, 0],
        [-0.8, -1],
      ] as const) {
        const at = (dm: number, ds: number) => {
          const move = (formula: <T>(ops: Ops<T>, p: LocationScale<T>, uniform: T) => T) =>
            derivativeTwoWays(
              (ops, inputs) => formula(ops, { location: inputs.m, logStd: inputs.s }, inputs.u),
              { m: ndArray([m]), s: ndArray([s]), u },
              { m: ndArray([dm]), s: ndArray([ds]), u: ndArray(new Float64Array(n)) },
            ).automatic;
          const samples = move((ops, p, uniform) => truncatedNormal(ops, p).sample(uniform));
          const mean = move((ops, p) => truncatedNormal(ops, p).mean());
          return [samples.reduce((sum, x) => sum + x, 0) / n, mean[0] ?? Number.NaN] as const;
        };
        for (const [sampled, expected] of [at(1, 0), at(0, 1)]) expect(sampled).toBeCloseTo(expected, 4);
      }
    });
  });

  describe("in float32", () => {
    const float32 = arrayOps(Math.fround);

    it("is finite and inside the support at every extreme", () => {
      const { uniform, ...params } = extremes();
      const distribution = truncatedNormal(float32, params);
      const action = distribution.sample(uniform);
      for (const result of [action, distribution.logProb(action), distribution.entropy(), distribution.mean()]) {
        expect(result.data.every(Number.isFinite)).toBe(true);
      }
      expect(action.data.every((x) => x >= -1 && x <= 1)).toBe(true);
      expect(
        distribution
          .logProb(
            ndArray(
              action.data.map((x) => -x),
              action.shape,
            ),
          )
          .data.every(Number.isFinite),
      ).toBe(true);
    });

    it("has finite derivatives at every extreme", () => {
      const { uniform, ...params } = extremes();
      const slopes: NdArray[] = [];
      const recording: Ops<NdArray> = {
        ...float32,
        withDerivatives: (value, derivatives) => {
          slopes.push(...derivatives.map(([, derivative]) => derivative));
          return value;
        },
      };
      truncatedNormal(recording, params).sample(uniform);
      expect(slopes).toHaveLength(2);
      for (const slope of slopes) expect(slope.data.every((d) => Math.abs(d) < 100)).toBe(true);
      // Moving the location moves the sample the same way, and never further.
      expect(slopes[0]?.data.every((d) => d > -1e-3 && d < 1 + 1e-3)).toBe(true);
    });

    it("stays near float64", () => {
      fc.assert(
        fc.property(location, logStd, fc.double({ min: 1e-3, max: 1 - 1e-3, noNaN: true }), (m, s, u) => {
          const params = { location: ndArray([Math.fround(m)]), logStd: ndArray([Math.fround(s)]) };
          const x = ndArray([Math.fround(u)]);
          const [a, b] = [truncatedNormal(float32, params), truncatedNormal(referenceOps, params)];
          expect(Math.abs(first(a.sample(x)) - first(b.sample(x)))).toBeLessThan(5e-5 * Math.exp(s) + 1e-7);
          expect(first(a.entropy())).toBeCloseTo(first(b.entropy()), 4);
        }),
        { numRuns: 300 },
      );
    });
  });
});
