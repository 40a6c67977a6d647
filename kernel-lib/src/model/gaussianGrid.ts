/** Gaussians on a periodic 3-D grid: adding them to a density, and the adjoint, sums of a density under each of them. */

/** A Gaussian on the grid, with its profile along each axis. */
export interface Support {
  /** Density at the centre. */
  amplitude: number;
  /** Standard deviation in grid points. */
  sigma: number;
  /** Grid points in reach along an axis, an odd number. */
  points: number;
  /** Grid indices (wrapped) of the points of each axis, 3 runs of `points`. */
  index: Int32Array;
  /** Distance of these points from the centre, in grid points. */
  offset: Float64Array;
  /** exp(−offset²/2σ²) at these points. */
  profile: Float64Array;
}

/** Gaussians in the layout of a model, and the box in whose pixels sigma is measured. */
export interface GaussianSet {
  /** Number of Gaussians. */
  count: number;
  /** Parameters, [5 · count]. */
  params: Float32Array;
  /** S in pixels. */
  boxSize: number;
}

/** Reach of a Gaussian in standard deviations: exp(−4.2²/2) = 1.5·10⁻⁴ is cut off. */
const reach = 4.2;

/** Calls `visit` with the index and the support of each Gaussian; the support is reused for the next one. */
export function forEachGaussian(
  { params, count, boxSize }: GaussianSet,
  grid: number,
  visit: (i: number, support: Support) => void,
): void {
  let widest = 0;
  for (let i = 0; i < count; i++) widest = Math.max(widest, params[4 * count + i]!);
  const room = 3 * pointsWithin(widest * (grid / boxSize), grid);
  const support: Support = {
    amplitude: 0,
    sigma: 0,
    points: 0,
    index: new Int32Array(room),
    offset: new Float64Array(room),
    profile: new Float64Array(room),
  };
  const { index, offset, profile } = support;
  for (let i = 0; i < count; i++) {
    const sigma = (params[4 * count + i]! * grid) / boxSize;
    const points = pointsWithin(sigma, grid);
    support.amplitude = params[3 * count + i]!;
    support.sigma = sigma;
    support.points = points;
    for (let axis = 0; axis < 3; axis++) {
      const centre = params[axis * count + i]! * grid + grid / 2;
      const first = Math.round(centre) - (points >> 1);
      for (let p = 0; p < points; p++) {
        const d = first + p - centre;
        index[axis * points + p] = wrap(first + p, grid);
        offset[axis * points + p] = d;
        profile[axis * points + p] = Math.exp((-d * d) / (2 * sigma * sigma));
      }
    }
    visit(i, support);
  }
}

/** Grid points along an axis in reach of a Gaussian: odd, and at most once around the grid. */
function pointsWithin(sigma: number, grid: number): number {
  return Math.min(grid - 1 + (grid & 1), 2 * Math.ceil(reach * sigma) + 1);
}

/** How many points to each side of the middle one are in reach, `square` being the distance² along other axes. */
function pointsToEachSide({ sigma, points }: Support, square: number): number {
  const rest = (reach * sigma) ** 2 - square;
  return rest < 0 ? -1 : Math.min(points >> 1, Math.ceil(Math.sqrt(rest)));
}

/** Adds a Gaussian to a density of `grid`³ points, [z][y][x]. */
export function addGaussian(density: Float32Array, grid: number, support: Support): void {
  const { points, index, profile, offset } = support;
  const middle = points >> 1;
  for (let z = 0; z < points; z++) {
    const alongZ = support.amplitude * profile[2 * points + z]!;
    const plane = grid * index[2 * points + z]!;
    const squareZ = offset[2 * points + z]! ** 2;
    for (let y = points; y < 2 * points; y++) {
      const side = pointsToEachSide(support, squareZ + offset[y]! ** 2);
      const alongY = alongZ * profile[y]!;
      const row = grid * (plane + index[y]!);
      for (let x = middle - side; x <= middle + side; x++) density[row + index[x]!]! += alongY * profile[x]!;
    }
  }
}

const gathered = new Float64Array(5);

/** Σ ρ·g, Σ ρ·g·Δx, Σ ρ·g·Δy, Σ ρ·g·Δz and Σ ρ·g·|Δ|² over the support; the array is reused by the next call. */
export function gatherGaussian(density: Float32Array, grid: number, support: Support): Float64Array {
  const { points, index, profile, offset } = support;
  const middle = points >> 1;
  gathered.fill(0);
  for (let z = 0; z < points; z++) {
    const plane = grid * index[2 * points + z]!;
    const dz = offset[2 * points + z]!;
    let sum = 0;
    let sumX = 0;
    let sumY = 0;
    let square = 0;
    for (let y = points; y < 2 * points; y++) {
      const dy = offset[y]!;
      const side = pointsToEachSide(support, dz * dz + dy * dy);
      const row = grid * (plane + index[y]!);
      let s = 0;
      let sx = 0;
      let sxx = 0;
      for (let x = middle - side; x <= middle + side; x++) {
        const v = density[row + index[x]!]! * profile[x]!;
        const d = offset[x]!;
        s += v;
        sx += v * d;
        sxx += v * d * d;
      }
      const py = profile[y]!;
      sum += py * s;
      sumX += py * sx;
      sumY += py * s * dy;
      square += py * (sxx + s * dy * dy);
    }
    const pz = profile[2 * points + z]!;
    gathered[0]! += pz * sum;
    gathered[1]! += pz * sumX;
    gathered[2]! += pz * sumY;
    gathered[3]! += pz * sum * dz;
    gathered[4]! += pz * (square + sum * dz * dz);
  }
  return gathered;
}

/** i modulo n, from 0 to n − 1. */
export function wrap(i: number, n: number): number {
  const r = i % n;
  return r < 0 ? r + n : r;
}
