import { fft3Real, goodFftSize, halfWidth, ifft3Real, shiftOrigin } from "../fourier/fft";
import type { Volume } from "../maps/volume";

/** μ, the weight of scale and fall-off beside the correlation. */
const SCALE_WEIGHT = 0.1;

/**
 * Gaussians against the transform of a map, shell by shell. By the central slice theorem the Fourier shells of a
 * map hold all of its projections at once, so this fits every view together: one forward and one inverse transform
 * of a small grid for a full gradient, where projections would need hundreds of images for the same information.
 *
 * The loss is Σ_r w_r · [(1 − FSC_r) + μ · Σ_{k∈r} |F − F_map|² / Σ_{k∈r} |F_map|²], F being the transform of the
 * Gaussians. The correlation gives every shell its say however weak it is, but knows neither the scale of the
 * amplitudes nor the fall-off with resolution, that is the widths; the small second term fixes those.
 */
export class ShellTarget {
  /** Edge of the working grid. */
  readonly grid: number;
  /** K, the outermost shell. */
  readonly rings: number;
  /** S, in whose pixels sigma is measured. */
  readonly boxSize: number;
  private readonly map: Float32Array;
  private readonly shell: Uint16Array;
  private readonly power: Float64Array;
  private readonly density: Float32Array;
  private readonly half: Float32Array;

  /**
   * @param transform the map's centred half transform, see {@link mapTransform}
   * @param rings     K, the outermost shell to fit
   * @param boxSize   S, in whose pixels sigma is measured
   */
  constructor(transform: MapTransform, rings: number, boxSize: number) {
    const grid = workingGrid(rings);
    const width = halfWidth(grid);
    this.grid = grid;
    this.rings = rings;
    this.boxSize = boxSize;
    this.map = new Float32Array(2 * width * grid * grid);
    this.shell = new Uint16Array(width * grid * grid);
    this.power = new Float64Array(rings + 1);
    this.density = new Float32Array(grid ** 3);
    this.half = new Float32Array(this.map.length);
    // The transform of a density on a grid of n voxels grows with n³.
    const scale = (grid / transform.size) ** 3;
    const from = halfWidth(transform.size);
    for (let kz = -rings; kz <= rings; kz++) {
      for (let ky = -rings; ky <= rings; ky++) {
        for (let kx = 0; kx <= rings; kx++) {
          const r = Math.round(Math.hypot(kx, ky, kz));
          if (r < 1 || r > rings) continue;
          const to = kx + width * (wrap(ky, grid) + grid * wrap(kz, grid));
          const at = kx + from * (wrap(ky, transform.size) + transform.size * wrap(kz, transform.size));
          this.shell[to] = r;
          this.map[2 * to] = scale * transform.half[2 * at]!;
          this.map[2 * to + 1] = scale * transform.half[2 * at + 1]!;
          this.power[r]! += (kx > 0 ? 2 : 1) * (this.map[2 * to]! ** 2 + this.map[2 * to + 1]! ** 2);
        }
      }
    }
    shiftOrigin(this.map, [grid, grid, grid], "toCorner");
  }

  /**
   * The loss of a model, its Fourier shell correlation with the map, and, where `gradient` is given, the loss's
   * derivatives in the five runs of parameters.
   */
  evaluate(params: Float32Array, count: number, weights: Float64Array, gradient?: Float64Array): ShellScore {
    const { grid, rings, half, map, shell, power } = this;
    this.density.fill(0);
    forEachGaussian(params, count, this.boxSize, grid, (_, support) =>
      addGaussian(this.density, grid, support),
    );
    fft3Real(this.density, [grid, grid, grid], half);

    const width = halfWidth(grid);
    const cross = new Float64Array(rings + 1);
    const own = new Float64Array(rings + 1);
    for (let i = 0, kx = 0; i < shell.length; i++, kx = kx + 1 === width ? 0 : kx + 1) {
      const r = shell[i]!;
      if (r === 0) {
        half[2 * i] = 0;
        half[2 * i + 1] = 0;
        continue;
      }
      const m = kx > 0 ? 2 : 1;
      const re = half[2 * i]!;
      const im = half[2 * i + 1]!;
      cross[r]! += m * (re * map[2 * i]! + im * map[2 * i + 1]!);
      own[r]! += m * (re * re + im * im);
    }
    let loss = 0;
    const fsc = new Float64Array(rings + 1);
    const ofModel = new Float64Array(rings + 1);
    const ofMap = new Float64Array(rings + 1);
    for (let r = 1; r <= rings; r++) {
      if (!(power[r]! > 0)) continue;
      const w = weights[r]!;
      ofModel[r] = (2 * SCALE_WEIGHT * w) / power[r]!;
      ofMap[r] = ofModel[r]!;
      loss += w * (1 + SCALE_WEIGHT * (1 + (own[r]! - 2 * cross[r]!) / power[r]!));
      if (!(own[r]! > 0)) continue;
      fsc[r] = cross[r]! / Math.sqrt(own[r]! * power[r]!);
      loss -= w * fsc[r]!;
      ofModel[r]! += (w * fsc[r]!) / own[r]!;
      ofMap[r]! += w / Math.sqrt(own[r]! * power[r]!);
    }
    for (let i = 0; i < shell.length; i++) {
      const r = shell[i]!;
      if (r === 0) continue;
      half[2 * i] = ofModel[r]! * half[2 * i]! - ofMap[r]! * map[2 * i]!;
      half[2 * i + 1] = ofModel[r]! * half[2 * i + 1]! - ofMap[r]! * map[2 * i + 1]!;
    }
    if (gradient) {
      // By Parseval the derivative in a grid point is the inverse transform, its 1/n³ taken back.
      ifft3Real(half, [grid, grid, grid], this.density);
      const scale = grid ** 3;
      forEachGaussian(params, count, this.boxSize, grid, (i, support) => {
        const sums = gatherGaussian(this.density, grid, support);
        const { amplitude, sigma } = support;
        for (let axis = 0; axis < 3; axis++) {
          gradient[axis * count + i] = (scale * amplitude * sums[1 + axis]! * grid) / (sigma * sigma);
        }
        gradient[3 * count + i] = scale * sums[0]!;
        gradient[4 * count + i] = (scale * amplitude * sums[4]! * grid) / (sigma ** 3 * this.boxSize);
      });
    }
    return { loss, fsc, cross, own, power };
  }

  /** Map minus model on the working grid, band-limited to the shells (whitened like the loss); for placing Gaussians. */
  residual(params: Float32Array, count: number, weights: Float64Array): Float32Array {
    const { grid } = this;
    this.evaluate(params, count, weights);
    const residual = ifft3Real(this.half, [grid, grid, grid]);
    for (let i = 0; i < residual.length; i++) residual[i] = -residual[i]!;
    return residual;
  }
}

export interface ShellScore {
  loss: number;
  /** Fourier shell correlation, index 0 … K. */
  fsc: Float64Array;
  /** Σ Re F·F_map*, Σ |F|² and Σ |F_map|² of each shell. */
  cross: Float64Array;
  own: Float64Array;
  power: Float64Array;
}

/** The transform of a cubic map with its origin at index ⌊n/2⌋, in the half layout of fourier/fft. */
export interface MapTransform {
  half: Float32Array;
  size: number;
}

export function mapTransform(map: Volume): MapTransform {
  const half = fft3Real(map.data, map.size);
  shiftOrigin(half, map.size, "toCentre");
  return { half, size: map.size[0] };
}

/** Where a Gaussian lies on the grid, with its profile along each axis. */
interface Support {
  amplitude: number;
  /** In grid pixels. */
  sigma: number;
  /** Grid points in reach along an axis, an odd number. */
  points: number;
  /** Grid indices (wrapped) of the points of each axis, 3 runs of `points`. */
  index: Int32Array;
  /** Offset from the centre in grid pixels, and exp(−offset²/2σ²), laid out alike. */
  offset: Float64Array;
  profile: Float64Array;
}

/** How many widths a Gaussian reaches: exp(−4.2²/2) = 1.5·10⁻⁴ is left out. */
const REACH = 4.2;

/** Visits each Gaussian with its support, which the next one reuses. */
function forEachGaussian(
  params: Float32Array,
  count: number,
  boxSize: number,
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
  return Math.min(grid - 1 + (grid & 1), 2 * Math.ceil(REACH * sigma) + 1);
}

/** How many points to each side of the middle one are in reach, `square` being the distance² along other axes. */
function pointsToEachSide({ sigma, points }: Support, square: number): number {
  const rest = (REACH * sigma) ** 2 - square;
  return rest < 0 ? -1 : Math.min(points >> 1, Math.ceil(Math.sqrt(rest)));
}

function addGaussian(density: Float32Array, grid: number, support: Support): void {
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

/** Σ ρ·g, Σ ρ·g·Δx, Σ ρ·g·Δy, Σ ρ·g·Δz and Σ ρ·g·|Δ|² over the support (the array is reused). */
function gatherGaussian(density: Float32Array, grid: number, support: Support): Float64Array {
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

/** Three points for the shortest wavelength or more: narrower Gaussians alias on less, and powers of two are quicker. */
function workingGrid(rings: number): number {
  const least = Math.max(16, goodFftSize(3 * rings));
  const power = 2 ** Math.ceil(Math.log2(least));
  return power <= 1.25 * least ? power : least;
}

function wrap(i: number, n: number): number {
  const r = i % n;
  return r < 0 ? r + n : r;
}
