/** Pole of the cubic B-spline's recursive filter. */
const pole = Math.sqrt(3) - 2;
/** Terms of the geometric series after which it is below single precision. */
const terms = 14;

/**
 * Coefficients of the cubic B-spline that passes through the voxels of a cubic map (Unser, Aldroubi and Eden, IEEE Trans. Signal
 * Process. 41, 821, 1993), with mirrors at its borders.
 * @param data [n · n · n]
 */
export function splineCoefficients(data: Float32Array, n: number): Float32Array {
  const out = data.slice();
  const line = new Float64Array(n);
  for (const [step, strideA, strideB] of [
    [1, n, n * n],
    [n, 1, n * n],
    [n * n, 1, n],
  ] as const) {
    for (let b = 0; b < n; b++) {
      for (let a = 0; a < n; a++) {
        const first = a * strideA + b * strideB;
        for (let i = 0; i < n; i++) line[i] = out[first + i * step]!;
        filterLine(line, n);
        for (let i = 0; i < n; i++) out[first + i * step] = line[i]!;
      }
    }
  }
  return out;
}

function filterLine(line: Float64Array, n: number): void {
  let sum = line[0]!;
  for (let i = 1, power = pole; i < Math.min(n, terms); i++, power *= pole) sum += power * line[i]!;
  line[0] = sum;
  for (let i = 1; i < n; i++) line[i]! += pole * line[i - 1]!;
  line[n - 1] = (pole / (pole * pole - 1)) * (line[n - 1]! + pole * line[n - 2]!);
  for (let i = n - 2; i >= 0; i--) line[i] = pole * (line[i + 1]! - line[i]!);
  for (let i = 0; i < n; i++) line[i]! *= 6;
}

/** Weights of the four coefficients around a place, for the fraction of a voxel beyond the second. */
function weights(t: number, into: Float64Array): void {
  const s = 1 - t;
  into[0] = (s * s * s) / 6;
  into[1] = 2 / 3 - 0.5 * t * t * (2 - t);
  into[2] = 2 / 3 - 0.5 * s * s * (2 - s);
  into[3] = (t * t * t) / 6;
}

/** Reads a cubic B-spline between voxels. */
export class SplineReader {
  private readonly wx = new Float64Array(4);
  private readonly wy = new Float64Array(4);
  private readonly wz = new Float64Array(4);

  /** @param coefficients of {@link splineCoefficients}, [n · n · n] */
  constructor(
    private readonly coefficients: Float32Array,
    private readonly n: number,
  ) {}

  /** The value at a place in voxels; 0 beyond the last but one voxel. */
  at(x: number, y: number, z: number): number {
    const { n, coefficients, wx, wy, wz } = this;
    const [x0, y0, z0] = [Math.floor(x) - 1, Math.floor(y) - 1, Math.floor(z) - 1];
    if (x0 < 0 || y0 < 0 || z0 < 0 || x0 + 3 >= n || y0 + 3 >= n || z0 + 3 >= n) return 0;
    weights(x - x0 - 1, wx);
    weights(y - y0 - 1, wy);
    weights(z - z0 - 1, wz);
    let sum = 0;
    for (let k = 0; k < 4; k++) {
      for (let j = 0; j < 4; j++) {
        const at = x0 + n * (y0 + j + n * (z0 + k));
        sum +=
          wz[k]! *
          wy[j]! *
          (wx[0]! * coefficients[at]! +
            wx[1]! * coefficients[at + 1]! +
            wx[2]! * coefficients[at + 2]! +
            wx[3]! * coefficients[at + 3]!);
      }
    }
    return sum;
  }
}
