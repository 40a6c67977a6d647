import { fft3Real, goodFftSize, halfWidth, ifft3Real, shiftOrigin } from "../fourier/fft";
import type { Volume } from "../maps/volume";
import { addGaussian, forEachGaussian, gatherGaussian, wrap } from "./gaussianGrid";

/** μ, the weight of scale and fall-off relative to the correlation. */
const scaleWeight = 0.1;

/**
 * Fits Gaussians to the transform of a map, shell by shell. By the central slice theorem the Fourier shells of a
 * map contain all of its projections, so this fits every view together: one forward and one inverse transform
 * of a small grid give the full gradient, where projections would need hundreds of images for the same information.
 *
 * The loss is Σ_r w_r · [(1 − FSC_r) + μ · Σ_{k∈r} |F − F_map|² / Σ_{k∈r} |F_map|²], F being the transform of the
 * Gaussians. The correlation counts every shell however weak it is, but ignores the scale of the amplitudes and the
 * fall-off with resolution, that is the widths; the small second term determines those.
 */
export class ShellTarget {
  /** Points along each edge of the working grid. */
  readonly grid: number;
  /** K, the outermost shell. */
  readonly rings: number;
  /** S, in whose pixels sigma is measured. */
  readonly boxSize: number;
  private readonly map: Float32Array;
  private readonly shell: Uint16Array;
  private readonly mapPower: Float64Array;
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
    this.mapPower = new Float64Array(rings + 1);
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
          this.mapPower[r]! += (kx > 0 ? 2 : 1) * (this.map[2 * to]! ** 2 + this.map[2 * to + 1]! ** 2);
        }
      }
    }
    shiftOrigin(this.map, [grid, grid, grid], "toCorner");
  }

  /**
   * The loss of a model and its Fourier shell correlation with the map.
   * @param params   the Gaussians, [5 · count], in the layout of a model
   * @param weights  w, [rings + 1]
   * @param gradient receives the derivatives of the loss in `params`, where given
   */
  evaluate(params: Float32Array, count: number, weights: Float64Array, gradient?: Float64Array): ShellScore {
    const { grid, density, boxSize, mapPower } = this;
    const set = { params, count, boxSize };
    density.fill(0);
    forEachGaussian(set, grid, (_, support) => addGaussian(density, grid, support));
    fft3Real(density, [grid, grid, grid], this.half);
    const { cross, modelPower } = this.shellSums();
    const { loss, fsc, modelFactor, mapFactor } = this.lossOf(cross, modelPower, weights);
    this.toDerivative(modelFactor, mapFactor);
    if (gradient) this.gatherGradient(params, count, gradient);
    return { loss, fsc, cross, modelPower, mapPower };
  }

  /** Sums over the shells; samples outside them are set to 0. */
  private shellSums(): { cross: Float64Array; modelPower: Float64Array } {
    const { half, map, shell } = this;
    const width = halfWidth(this.grid);
    const cross = new Float64Array(this.rings + 1);
    const modelPower = new Float64Array(this.rings + 1);
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
      modelPower[r]! += m * (re * re + im * im);
    }
    return { cross, modelPower };
  }

  /** The loss, and for each shell the factors a, b of its derivative in F: a·F − b·F_map. */
  private lossOf(cross: Float64Array, modelPower: Float64Array, weights: Float64Array) {
    const { rings, mapPower } = this;
    let loss = 0;
    const fsc = new Float64Array(rings + 1);
    const modelFactor = new Float64Array(rings + 1);
    const mapFactor = new Float64Array(rings + 1);
    for (let r = 1; r <= rings; r++) {
      if (!(mapPower[r]! > 0)) continue;
      const w = weights[r]!;
      modelFactor[r] = (2 * scaleWeight * w) / mapPower[r]!;
      mapFactor[r] = modelFactor[r]!;
      loss += w * (1 + scaleWeight * (1 + (modelPower[r]! - 2 * cross[r]!) / mapPower[r]!));
      if (!(modelPower[r]! > 0)) continue;
      fsc[r] = cross[r]! / Math.sqrt(modelPower[r]! * mapPower[r]!);
      loss -= w * fsc[r]!;
      modelFactor[r]! += (w * fsc[r]!) / modelPower[r]!;
      mapFactor[r]! += w / Math.sqrt(modelPower[r]! * mapPower[r]!);
    }
    return { loss, fsc, modelFactor, mapFactor };
  }

  /** Turns the transform of the model in `half` into the derivative of the loss in it. */
  private toDerivative(modelFactor: Float64Array, mapFactor: Float64Array): void {
    const { half, map, shell } = this;
    for (let i = 0; i < shell.length; i++) {
      const r = shell[i]!;
      if (r === 0) continue;
      half[2 * i] = modelFactor[r]! * half[2 * i]! - mapFactor[r]! * map[2 * i]!;
      half[2 * i + 1] = modelFactor[r]! * half[2 * i + 1]! - mapFactor[r]! * map[2 * i + 1]!;
    }
  }

  private gatherGradient(params: Float32Array, count: number, gradient: Float64Array): void {
    const { grid, density, boxSize } = this;
    // By Parseval's theorem the derivative in a grid point is the inverse transform without its factor of 1/n³.
    ifft3Real(this.half, [grid, grid, grid], density);
    const scale = grid ** 3;
    forEachGaussian({ params, count, boxSize }, grid, (i, support) => {
      const sums = gatherGaussian(density, grid, support);
      const { amplitude, sigma } = support;
      for (let axis = 0; axis < 3; axis++) {
        gradient[axis * count + i] = (scale * amplitude * sums[1 + axis]! * grid) / (sigma * sigma);
      }
      gradient[3 * count + i] = scale * sums[0]!;
      gradient[4 * count + i] = (scale * amplitude * sums[4]! * grid) / (sigma ** 3 * boxSize);
    });
  }

  /**
   * Map minus model on the working grid, [grid³], band-limited to the shells and whitened like the loss: shows where
   * Gaussians are missing.
   */
  residual(params: Float32Array, count: number, weights: Float64Array): Float32Array {
    const { grid } = this;
    this.evaluate(params, count, weights);
    const residual = ifft3Real(this.half, [grid, grid, grid]);
    for (let i = 0; i < residual.length; i++) residual[i] = -residual[i]!;
    return residual;
  }
}

/** Result of {@link ShellTarget.evaluate}. All arrays have one value per shell, index 0 … K. */
export interface ShellScore {
  /** The loss. */
  loss: number;
  /** Fourier shell correlation between model and map. */
  fsc: Float64Array;
  /** Σ Re F·F_map*. */
  cross: Float64Array;
  /** Σ |F|². */
  modelPower: Float64Array;
  /** Σ |F_map|². */
  mapPower: Float64Array;
}

/** The transform of a cubic map with its origin at index ⌊n/2⌋. */
export interface MapTransform {
  /** The half layout of fourier/fft. */
  half: Float32Array;
  /** Voxels along each edge of the map. */
  size: number;
}

/** The centred half transform of a cubic map. */
export function mapTransform(map: Volume): MapTransform {
  const half = fft3Real(map.data, map.size);
  shiftOrigin(half, map.size, "toCentre");
  return { half, size: map.size[0] };
}

/** At least three points for the shortest wavelength, so that narrow Gaussians alias less; powers of two are faster. */
function workingGrid(rings: number): number {
  const least = Math.max(16, goodFftSize(3 * rings));
  const power = 2 ** Math.ceil(Math.log2(least));
  return power <= 1.25 * least ? power : least;
}
