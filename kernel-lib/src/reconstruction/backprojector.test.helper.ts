import { halfWidth, ifft3Real } from "../fourier/fft";
import type { Volume } from "../maps/volume";
import type { CtfEvaluator } from "../optics/ctf";
import { type PointGroup, product } from "../optics/symmetry";
import { griddingCorrection, minWeight, padding, placesInPadded } from "./paddedGrid";

/** How the CTF is contained in an image: as recorded, with phases flipped, or multiplied by the CTF once more. */
export type CtfState = "raw" | "phaseFlipped" | "premultiplied";

/** The half transform of an image. */
export interface ImageSpectrum {
  /** As from `fft2Real`: origin in the corner, [size][⌊size/2⌋ + 1] complex. */
  half: Float32Array;
  /** Pixels along each edge of the image. */
  size: number;
  /** The same in Å. */
  boxLength: number;
  /** Factor from sums over the image's pixels to sums over the map's voxels. */
  gain: number;
}

/** How an image was recorded. */
export interface ImageView {
  /** Reference → image, 9 numbers, row-major. */
  rotation: ArrayLike<number>;
  /** Position of the particle's centre relative to pixel ⌊size/2⌋, in Å. */
  shift: ArrayLike<number>;
  /** Undefined for images without CTF. */
  ctf: CtfEvaluator | undefined;
  /** How the CTF is contained in the image. */
  ctfState: CtfState;
}

/**
 * The independent samples of a half transform with |k| below a limit; of the column kx = 0 only those with ky ≥ 0. Row r
 * has ky = `ky[r]` and kx from `first[r]` to `last[r]`.
 */
interface SampledRows {
  ky: Int32Array;
  first: Int32Array;
  last: Int32Array;
}

function sampledRows(limit: number): SampledRows {
  const reach = Math.ceil(limit) - 1;
  const ky = Int32Array.from({ length: 2 * reach + 1 }, (_, r) => r - reach);
  const first = ky.map((y) => (y >= 0 ? 0 : 1));
  const last = ky.map((y) => Math.ceil(Math.sqrt(limit * limit - y * y)) - 1);
  return { ky, first, last };
}

/**
 * The reference for `ThreadedSums`, in JavaScript and one thread, samples in double precision: sums of CTF-weighted image transforms, and of
 * their weights, on the padded half grid of a 3-D transform, and the map made from them. Several may be filled side by side (half maps) and merged.
 */
export class Backprojector implements SampleSums {
  /** Interleaved (Σ c·re, Σ c·im, Σ c²), [z][y][x] with x ≥ 0 and the origin at (0, reach, reach). */
  readonly grid: Float32Array;
  /** Index of the origin along y and z. */
  readonly reach: number;
  private readonly rows = new Map<number, SampledRows>();
  private phaseX = new Float64Array(0);
  private phaseY = new Float64Array(0);
  /** The samples of a row: position (x, y, z), re, im, weight each. */
  private samples = new Float64Array(0);
  /** −1 for the samples of the row that were replaced by their Friedel mates, else 1. */
  private mates = new Int8Array(0);
  /** Numbers from one row, and one section, of the grid to the next. */
  private readonly strideY: number;
  private readonly strideZ: number;

  /**
   * @param boxSize S, voxels along each edge of the map
   * @param apix    Å per voxel
   * @param group   every image is added once for each operator of this point group. Default: once
   */
  constructor(
    readonly boxSize: number,
    readonly apix: number,
    private readonly group?: PointGroup,
  ) {
    // One more grid point, since a sample at radius < S/2 is distributed over the points around it.
    this.reach = Math.ceil((padding * boxSize) / 2) + 1;
    this.strideY = 3 * (this.reach + 1);
    this.strideZ = this.strideY * (2 * this.reach + 1);
    this.grid = new Float32Array(this.strideZ * (2 * this.reach + 1));
  }

  private rowsBelow(limit: number): SampledRows {
    let rows = this.rows.get(limit);
    if (!rows) {
      rows = sampledRows(limit);
      this.rows.set(limit, rows);
    }
    return rows;
  }

  /** Adds one image, whose box length and pixel size may differ from the map's. */
  add(image: ImageSpectrum, view: ImageView): void {
    const { size, boxLength } = image;
    const mapLength = this.boxSize * this.apix;
    const rows = this.rowsBelow(Math.min(size, (this.boxSize * boxLength) / mapLength) / 2);
    this.fillShiftPhases(rows, image, view.shift);
    // Rows 1 and 2 of the rotation, in padded Fourier pixels of the map per Fourier pixel of the image.
    const scale = (padding * mapLength) / boxLength;
    const { rotation } = view;
    const rotations = this.group?.operators.map((operator) => product(rotation, operator)) ?? [rotation];
    const axesOf = (r: ArrayLike<number>) => Float64Array.from({ length: 6 }, (_, i) => scale * r[i]!);
    const [axes, ...others] = rotations.map(axesOf);
    if (this.mates.length < rows.ky.length) {
      this.samples = new Float64Array(6 * rows.ky.length);
      this.mates = new Int8Array(rows.ky.length);
    }
    for (let row = 0; row < rows.ky.length; row++) {
      const count = this.sampleRow(rows, row, { image, view, axes: axes! });
      this.distribute(count);
      for (const other of others) {
        this.moveRow(rows, row, other);
        this.distribute(count);
      }
    }
  }

  /** Gives the samples of a row, which keep their values, their positions in another orientation. */
  private moveRow(rows: SampledRows, row: number, axes: Float64Array): void {
    const { samples, mates, reach } = this;
    const ky = rows.ky[row]!;
    const end = rows.last[row]!;
    let to = 0;
    for (let kx = rows.first[row]!, i = 0; kx <= end; kx++, i++, to += 6) {
      const qx = kx * axes[0]! + ky * axes[3]!;
      const mate = qx < 0 ? -1 : 1;
      samples[to + 4]! *= mate * mates[i]!;
      mates[i] = mate;
      samples[to] = mate * qx;
      samples[to + 1] = mate * (kx * axes[1]! + ky * axes[4]!) + reach;
      samples[to + 2] = mate * (kx * axes[2]! + ky * axes[5]!) + reach;
    }
  }

  /** Phases that move the particle's centre to the origin, along kx and ky. */
  private fillShiftPhases(
    { ky }: SampledRows,
    { size, boxLength }: ImageSpectrum,
    shift: ArrayLike<number>,
  ): void {
    if (this.phaseY.length < 2 * ky.length) {
      this.phaseX = new Float64Array(ky.length + 3);
      this.phaseY = new Float64Array(2 * ky.length);
    }
    const centre = Math.floor(size / 2) / size;
    fillPhases(this.phaseX, 0, centre + shift[0]! / boxLength);
    fillPhases(this.phaseY, ky[0]!, centre + shift[1]! / boxLength);
  }

  /** Computes the samples of one row: position in padded Fourier pixels, weighted value, and weight, 6 numbers each. */
  private sampleRow(
    rows: SampledRows,
    row: number,
    { image, view, axes }: { image: ImageSpectrum; view: ImageView; axes: Float64Array },
  ): number {
    const { half, size, boxLength, gain } = image;
    const { ctf, ctfState } = view;
    const { phaseX, phaseY, samples, mates, reach } = this;
    const [raw, premultiplied] = [ctfState === "raw", ctfState === "premultiplied"];
    const perPixel = 1 / boxLength;
    const ky = rows.ky[row]!;
    const py = 2 * (ky - rows.ky[0]!);
    const yRe = phaseY[py]!;
    const yIm = phaseY[py + 1]!;
    const line = 2 * halfWidth(size) * (ky < 0 ? ky + size : ky);
    const sy = ky * perPixel;
    const end = rows.last[row]!;
    let to = 0;
    for (let kx = rows.first[row]!, i = 0; kx <= end; kx++, i++, to += 6) {
      const c = ctf === undefined ? 1 : ctf.at(kx * perPixel, sy);
      const amplitude = gain * (premultiplied ? 1 : raw || c > 0 ? c : -c);
      const pRe = phaseX[2 * kx]! * yRe - phaseX[2 * kx + 1]! * yIm;
      const pIm = phaseX[2 * kx]! * yIm + phaseX[2 * kx + 1]! * yRe;
      const fRe = half[line + 2 * kx]!;
      const fIm = half[line + 2 * kx + 1]!;
      const qx = kx * axes[0]! + ky * axes[3]!;
      const qy = kx * axes[1]! + ky * axes[4]!;
      const qz = kx * axes[2]! + ky * axes[5]!;
      // Samples at negative x are replaced by their Friedel mates.
      const mate = qx < 0 ? -1 : 1;
      mates[i] = mate;
      samples[to] = mate * qx;
      samples[to + 1] = mate * qy + reach;
      samples[to + 2] = mate * qz + reach;
      samples[to + 3] = amplitude * (fRe * pRe - fIm * pIm);
      samples[to + 4] = mate * amplitude * (fRe * pIm + fIm * pRe);
      samples[to + 5] = c * c;
    }
    return to / 6;
  }

  /** Distributes samples over the eight grid points around each by trilinear weights. Unrolled: a loop takes twice as long. */
  private distribute(count: number): void {
    const { grid, samples, strideY, strideZ } = this;
    for (let s = 0; s < 6 * count; s += 6) {
      const [re, im, weight] = [samples[s + 3]!, samples[s + 4]!, samples[s + 5]!];
      // Coordinates are not negative, so that truncation rounds down.
      const x0 = samples[s]! | 0;
      const y0 = samples[s + 1]! | 0;
      const z0 = samples[s + 2]! | 0;
      const fx = samples[s]! - x0;
      const fy = samples[s + 1]! - y0;
      const fz = samples[s + 2]! - z0;
      const i00 = 3 * x0 + y0 * strideY + z0 * strideZ;
      const i10 = i00 + strideY;
      const i01 = i00 + strideZ;
      const i11 = i10 + strideZ;
      const w00 = (1 - fy) * (1 - fz);
      const w10 = fy * (1 - fz);
      const w01 = (1 - fy) * fz;
      const w11 = fy * fz;
      grid[i00]! += w00 * (1 - fx) * re;
      grid[i00 + 1]! += w00 * (1 - fx) * im;
      grid[i00 + 2]! += w00 * (1 - fx) * weight;
      grid[i00 + 3]! += w00 * fx * re;
      grid[i00 + 4]! += w00 * fx * im;
      grid[i00 + 5]! += w00 * fx * weight;
      grid[i10]! += w10 * (1 - fx) * re;
      grid[i10 + 1]! += w10 * (1 - fx) * im;
      grid[i10 + 2]! += w10 * (1 - fx) * weight;
      grid[i10 + 3]! += w10 * fx * re;
      grid[i10 + 4]! += w10 * fx * im;
      grid[i10 + 5]! += w10 * fx * weight;
      grid[i01]! += w01 * (1 - fx) * re;
      grid[i01 + 1]! += w01 * (1 - fx) * im;
      grid[i01 + 2]! += w01 * (1 - fx) * weight;
      grid[i01 + 3]! += w01 * fx * re;
      grid[i01 + 4]! += w01 * fx * im;
      grid[i01 + 5]! += w01 * fx * weight;
      grid[i11]! += w11 * (1 - fx) * re;
      grid[i11 + 1]! += w11 * (1 - fx) * im;
      grid[i11 + 2]! += w11 * (1 - fx) * weight;
      grid[i11 + 3]! += w11 * fx * re;
      grid[i11 + 4]! += w11 * fx * im;
      grid[i11 + 5]! += w11 * fx * weight;
    }
  }

  /** Adds the sums of another backprojector with the same box. */
  merge(other: Backprojector): void {
    const { grid } = this;
    for (let i = 0; i < grid.length; i++) grid[i]! += other.grid[i]!;
  }

  /** Sets all sums to 0, for other images. */
  clear(): void {
    this.grid.fill(0);
  }

  /** The map of the added images: sums divided by weights, transformed back, and corrected for the gridding. */
  map(): Volume {
    return dividedMap(this);
  }
}

/** exp(2πi k·turns) for k = first, first + 1, … */
function fillPhases(phases: Float64Array, first: number, turns: number): void {
  for (let i = 0, k = first; i < phases.length; i += 2, k++) {
    const angle = 2 * Math.PI * k * turns;
    phases[i] = Math.cos(angle);
    phases[i + 1] = Math.sin(angle);
  }
}

/** Sums of CTF-weighted image transforms, and of their weights, on the padded half grid of a 3-D transform. */
interface SampleSums {
  /** Interleaved (Σ c·re, Σ c·im, Σ c²), [z][y][x] with x ≥ 0 and the origin at (0, reach, reach). */
  readonly grid: Float32Array;
  /** Index of the origin along y and z. */
  readonly reach: number;
  /** S, voxels along each edge of the map. */
  readonly boxSize: number;
  /** Å per voxel. */
  readonly apix: number;
}

/** The map of sums: divided by their weights, transformed back, and corrected for the gridding. */
function dividedMap(sums: SampleSums): Volume {
  const { grid } = sums;
  const means = shellMeans(sums);
  const half = emptyHalf(sums);
  visit(sums, (from, mirror, to, shell) => {
    let re = grid[from]!;
    let im = grid[from + 1]!;
    let weight = grid[from + 2]!;
    if (mirror >= 0) {
      re += grid[mirror]!;
      im -= grid[mirror + 1]!;
      weight += grid[mirror + 2]!;
    }
    if (weight === 0) return;
    const divisor = Math.max(weight, minWeight * means[shell]!);
    half[to] = re / divisor;
    half[to + 1] = im / divisor;
  });
  return mapOf(sums, half);
}

/** Mean weight in each padded shell, [S + 1]. */
function shellMeans(sums: SampleSums): Float64Array {
  const { grid, boxSize } = sums;
  const shells = (padding * boxSize) / 2 + 1;
  const [weight, count] = [new Float64Array(shells), new Float64Array(shells)];
  visit(sums, (from, mirror, _, shell) => {
    weight[shell]! += grid[from + 2]! + (mirror < 0 ? 0 : grid[mirror + 2]!);
    count[shell]! += 1;
  });
  return weight.map((sum, shell) => (count[shell]! > 0 ? sum / count[shell]! : 0));
}

function emptyHalf({ boxSize }: SampleSums): Float32Array {
  const padded = padding * boxSize;
  return new Float32Array(2 * halfWidth(padded) * padded * padded);
}

/** The map of a padded half transform. */
function mapOf({ boxSize: size, apix }: SampleSums, half: Float32Array): Volume {
  const padded = padding * size;
  const real = ifft3Real(half, [padded, padded, padded]);
  const place = placesInPadded(size);
  const correction = griddingCorrection(size);
  const data = new Float32Array(size ** 3);
  for (let z = 0, i = 0; z < size; z++) {
    for (let y = 0; y < size; y++) {
      const from = padded * (place[y]! + padded * place[z]!);
      const factor = correction[y]! * correction[z]!;
      for (let x = 0; x < size; x++, i++) data[i] = real[from + place[x]!]! * factor * correction[x]!;
    }
  }
  return { data, size: [size, size, size], apix };
}

/**
 * Calls `use` for every grid point within the sphere of radius S/2.
 *
 * `from` is the index of its sums in `grid`; `mirror` that of its mirror image in the plane x = 0, where samples that
 * were reflected to x ≥ 0 left their share, else −1; `to` the index of its value in a half transform.
 */
function visit(
  { reach, boxSize }: SampleSums,
  use: (from: number, mirror: number, to: number, shell: number) => void,
): void {
  const padded = padding * boxSize;
  const columns = halfWidth(padded);
  const height = 2 * reach + 1;
  const index = (y: number, z: number) => 3 * (reach + 1) * (y + reach + height * (z + reach));
  const limit = padded / 2;
  for (let z = 1 - limit; z < limit; z++) {
    for (let y = 1 - limit; y < limit; y++) {
      const square = limit * limit - z * z - y * y;
      if (square <= 0) continue;
      const end = Math.ceil(Math.sqrt(square)) - 1;
      const to = 2 * columns * ((y < 0 ? y + padded : y) + padded * (z < 0 ? z + padded : z));
      const from = index(y, z);
      for (let x = 0; x <= end; x++) {
        const shell = Math.round(Math.sqrt(x * x + y * y + z * z));
        use(from + 3 * x, x === 0 ? index(-y, -z) : -1, to + 2 * x, shell);
      }
    }
  }
}
