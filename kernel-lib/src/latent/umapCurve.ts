/** Similarity of two points at distance x in the map: 1 / (1 + a x^2b). */
export interface UmapCurve {
  a: number;
  b: number;
}

type Residuals = (a: number, b: number) => number[];

/**
 * Fits the curve by least squares over [0, 3] to 1 up to `minDistance` and exp(minDistance − x) beyond: a = 1.577,
 * b = 0.895 for 0.1.
 */
export function fitCurve(minDistance: number): UmapCurve {
  const samples = Array.from({ length: 300 }, (_, i) => (3 * i) / 299);
  const residuals: Residuals = (a, b) =>
    samples.map((x) => 1 / (1 + a * x ** (2 * b)) - (x < minDistance ? 1 : Math.exp(minDistance - x)));
  const sumOfSquares = (values: number[]) => values.reduce((sum, r) => sum + r * r, 0);
  let curve: UmapCurve = { a: 1, b: 1 };
  let damping = 1e-3;
  let current = residuals(curve.a, curve.b);
  for (let iteration = 0; iteration < 100; iteration++) {
    const next = levenbergMarquardtStep(curve, samples, current, damping);
    const trial = residuals(next.a, next.b);
    if (sumOfSquares(trial) < sumOfSquares(current)) {
      curve = next;
      current = trial;
      damping /= 10;
    } else {
      damping *= 10;
    }
  }
  return curve;
}

function levenbergMarquardtStep(
  { a, b }: UmapCurve,
  samples: readonly number[],
  residuals: readonly number[],
  damping: number,
): UmapCurve {
  // JᵀJ and Jᵀr.
  let [aa, ab, bb, ar, br] = [0, 0, 0, 0, 0];
  for (const [i, x] of samples.entries()) {
    if (x === 0) continue;
    const power = x ** (2 * b);
    const outer = -1 / (1 + a * power) ** 2;
    const da = outer * power;
    const db = outer * a * power * 2 * Math.log(x);
    aa += da * da;
    ab += da * db;
    bb += db * db;
    ar += da * residuals[i]!;
    br += db * residuals[i]!;
  }
  const [p, q] = [aa * (1 + damping), bb * (1 + damping)];
  const determinant = p * q - ab * ab;
  return { a: a - (q * ar - ab * br) / determinant, b: b - (p * br - ab * ar) / determinant };
}
