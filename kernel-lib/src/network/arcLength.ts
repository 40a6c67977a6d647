import { type GaussianModel, Row } from "../model/gaussianModel";

/**
 * The arc length along a one-dimensional latent space, as its coordinate: equal steps are equal changes of the model. The
 * coordinate that a network learns is right in its order and arbitrary in its spacing. (On `adk` this raised Pearson's r
 * between z and the RMSD to the first state from 0.972 to 0.985 in one run, from 0.983 to 0.990 in another.)
 *
 * A table of network coordinates and arc lengths, extrapolated linearly. The arc length is 0 at network coordinate 0.
 */
export class ArcLengthScale {
  /**
   * @param network   ascending network coordinates
   * @param arcLength the arc length at each, ascending
   */
  constructor(
    readonly network: Float32Array,
    readonly arcLength: Float32Array,
  ) {}

  /**
   * Measures the change along models decoded at ascending network coordinates.
   * @param models    [points · 5N]
   * @param particles network coordinates of all particles; their arc lengths get unit variance
   * @returns undefined if the models do not change
   */
  static measure(
    network: Float32Array,
    models: Float32Array,
    neutral: GaussianModel,
    particles: Float32Array,
  ): ArcLengthScale | undefined {
    const path = cumulativeChange(models, network.length, neutral);
    const whole = path.at(-1)!;
    // A little of the old spacing keeps the scale invertible where the models do not change.
    const arcLength = Float32Array.from(path, (s, p) => 0.98 * (s / whole) + (0.02 * p) / (path.length - 1));
    if (!(whole > 0)) return undefined;
    const scale = new ArcLengthScale(network, arcLength);
    const zero = scale.toArcLength(0);
    let sum = 0;
    let squares = 0;
    for (const z of particles) {
      const s = scale.toArcLength(z);
      sum += s;
      squares += s * s;
    }
    const mean = sum / particles.length;
    const deviation = Math.sqrt(squares / particles.length - mean * mean);
    if (!(deviation > 0)) return undefined;
    return new ArcLengthScale(
      network,
      arcLength.map((s) => (s - zero) / deviation),
    );
  }

  /** The arc length at a network coordinate. */
  toArcLength(z: number): number {
    return interpolate(this.network, this.arcLength, z);
  }

  /** The network coordinate at an arc length. */
  toNetwork(s: number): number {
    return interpolate(this.arcLength, this.network, s);
  }

  /** d arc length / d network coordinate. */
  derivative(z: number): number {
    const i = segment(this.network, z);
    return (this.arcLength[i + 1]! - this.arcLength[i]!) / (this.network[i + 1]! - this.network[i]!);
  }
}

/** Sum of the changes from the first of `points` models to each of them. */
function cumulativeChange(models: Float32Array, points: number, neutral: GaussianModel): Float64Array {
  const size = 5 * neutral.count;
  const path = new Float64Array(points);
  for (let p = 1; p < points; p++) {
    const [a, b] = [(p - 1) * size, p * size];
    path[p] = path[p - 1]! + modelChange(models.subarray(a, b), models.subarray(b, b + size), neutral);
  }
  return path;
}

/**
 * Distance between two models: √Σ w(|Δc|²/2s² + (ΔA/A)² + 15/4·(Δσ/σ)²), with w each Gaussian's share of the neutral
 * model's mass. This is the change of a Gaussian's own density to first order (∫(dρ)²/∫ρ²), but with one width s for
 * all, the root mean square over the model: where only positions vary it is the mass-weighted RMSD.
 */
function modelChange(a: Float32Array, b: Float32Array, neutral: GaussianModel): number {
  const { count: n, params, boxSize } = neutral;
  let sum = 0;
  let mass = 0;
  let square = 0;
  let moment = 0;
  for (let i = 0; i < n; i++) {
    const amplitude = params[Row.amplitude * n + i]!;
    const sigma = params[Row.sigma * n + i]!;
    const w = Math.abs(amplitude) * sigma ** 3;
    mass += w;
    let moved = 0;
    for (let axis = 0; axis < 3; axis++) moved += ((b[axis * n + i]! - a[axis * n + i]!) * boxSize) ** 2;
    square += w * moved;
    moment += w * sigma * sigma;
    let d = 0;
    if (amplitude !== 0) d += ((b[Row.amplitude * n + i]! - a[Row.amplitude * n + i]!) / amplitude) ** 2;
    d += 3.75 * ((b[Row.sigma * n + i]! - a[Row.sigma * n + i]!) / sigma) ** 2;
    sum += w * d;
  }
  return Math.sqrt((sum + (square * mass) / (2 * moment)) / mass);
}

/** Index i of the segment xs[i] … xs[i + 1] that contains x; the outermost segments extend to infinity. */
function segment(xs: Float32Array, x: number): number {
  let low = 0;
  let high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle]! <= x) low = middle;
    else high = middle;
  }
  return low;
}

function interpolate(xs: Float32Array, ys: Float32Array, x: number): number {
  const i = segment(xs, x);
  return ys[i]! + ((x - xs[i]!) * (ys[i + 1]! - ys[i]!)) / (xs[i + 1]! - xs[i]!);
}
