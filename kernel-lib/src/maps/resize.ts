import { InputError } from "../errors";
import type { Volume } from "./volume";

/** The grid that {@link resizeVolume} resamples to. */
export interface ResizeTarget {
  /** Voxels along each axis, or along all three. Default: as many as keep the box length (rounded). */
  size?: number | readonly [number, number, number];
  /** Å per voxel. Default: what keeps the box length where `size` is given, else unchanged. */
  apix?: number;
}

/**
 * Resamples a map to another box and voxel size by trigonometric interpolation about index ⌊n/2⌋, which stays the
 * origin. Frequencies that the coarser of the two grids cannot hold are dropped; positions outside the old box are 0.
 * An unchanged box length gives Fourier cropping or padding; an unchanged `apix` gives exact cropping or padding in
 * real space. Densities keep their scale, and `origin` is adjusted.
 *
 * One axis is interpolated after the other, in time ∝ n⁴: a second for 200³ voxels.
 *
 * @throws InputError unless sizes are positive whole numbers and `apix` is above 0
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * const coarse = e2.maps.resize(map, { size: 24 });
 * const cropped = e2.maps.resize(map, { size: 24, apix: map.apix });
 * ```
 */
export function resizeVolume(volume: Volume, target: ResizeTarget): Volume {
  const apix = target.apix ?? keptApix(volume, target.size);
  if (!(apix > 0 && Number.isFinite(apix))) throw new InputError("apix", "a length in Å above 0", `${apix}`);
  const size = targetSize(volume, target.size, apix);
  let data: Float32Array = volume.data;
  const extent = [...volume.size] as [number, number, number];
  // z, y, x: lines along z and y are summed a whole row at a time.
  for (const axis of [2, 1, 0] as const) {
    const weights = interpolation(extent[axis], size[axis], apix / volume.apix);
    const inner = extent.slice(0, axis).reduce((a, b) => a * b, 1);
    const outer = extent.slice(axis + 1).reduce((a, b) => a * b, 1);
    if (weights) data = interpolateAxis(data, weights, { outer, from: extent[axis], to: size[axis], inner });
    extent[axis] = size[axis];
  }
  const placed = volume.origin && {
    origin: volume.origin.map(
      (x, axis) => x + Math.floor(volume.size[axis]! / 2) * volume.apix - Math.floor(size[axis]! / 2) * apix,
    ) as [number, number, number],
  };
  return { data: data === volume.data ? data.slice() : data, size, apix, ...placed };
}

function keptApix(volume: Volume, size: number | readonly number[] | undefined): number {
  const voxels = typeof size === "object" ? size[0] : size;
  return voxels === undefined ? volume.apix : (volume.size[0] * volume.apix) / voxels;
}

function targetSize(
  volume: Volume,
  size: number | readonly number[] | undefined,
  apix: number,
): [number, number, number] {
  const voxels =
    typeof size === "number"
      ? [size, size, size]
      : (size ?? volume.size.map((n) => Math.round((n * volume.apix) / apix)));
  if (voxels.some((n) => !Number.isInteger(n) || n < 1)) {
    throw new InputError("size", "positive whole numbers of voxels", voxels.join("×"));
  }
  return [...voxels] as [number, number, number];
}

/**
 * Weights [to · from] from samples at spacing 1 to samples at spacing `step`; undefined for the identity.
 * Each row is the trigonometric interpolation (1/n) Σ_k exp(2πi k(p − q)/n) over all |k| that both grids hold. The
 * Nyquist frequency of an even grid is its own mirror, a cosine, and counts once.
 */
function interpolation(from: number, to: number, step: number): Float64Array | undefined {
  if (step === 1 && from === to) return undefined;
  const weights = new Float64Array(from * to);
  // The Nyquist frequency of the coarser grid, rounded so that rounding errors do not decide whether k lies below it.
  const limit = Math.round((1e6 * from) / 2 / Math.max(1, step)) / 1e6;
  const below = Math.ceil(limit) - 1;
  const originFrom = Math.floor(from / 2);
  const originTo = Math.floor(to / 2);
  for (let p = 0; p < to; p++) {
    const position = (p - originTo) * step;
    const index = position + originFrom;
    // The box ends half a voxel beyond the outermost voxel centres.
    if (index < -0.5 || index >= from - 0.5) continue;
    for (let q = 0; q < from; q++) {
      const turns = (index - q) / from;
      if (step === 1) {
        weights[p * from + q] = index === q ? 1 : 0;
        continue;
      }
      const nyquist = Number.isInteger(limit) ? Math.cos(2 * Math.PI * limit * turns) : 0;
      weights[p * from + q] = (dirichlet(below, turns) + nyquist) / from;
    }
  }
  return weights;
}

/** Σ exp(2πi k·turns) over k = −n … n. */
function dirichlet(n: number, turns: number): number {
  const sin = Math.sin(Math.PI * turns);
  return Math.abs(sin) < 1e-9 ? 2 * n + 1 : Math.sin((2 * n + 1) * Math.PI * turns) / sin;
}

/** Shape of an array around one axis: [outer][from or to][inner]. */
interface AxisShape {
  outer: number;
  from: number;
  to: number;
  inner: number;
}

/** out[o][p][i] = Σ_q weights[p][q] · data[o][q][i] */
function interpolateAxis(data: Float32Array, weights: Float64Array, shape: AxisShape): Float32Array {
  const { outer, from, to, inner } = shape;
  const out = new Float32Array(outer * to * inner);
  const line = new Float64Array(inner);
  for (let o = 0; o < outer; o++) {
    for (let p = 0; p < to; p++) {
      line.fill(0);
      for (let q = 0; q < from; q++) {
        const weight = weights[p * from + q]!;
        if (weight === 0) continue;
        const start = (o * from + q) * inner;
        for (let i = 0; i < inner; i++) line[i]! += weight * data[start + i]!;
      }
      out.set(line, (o * to + p) * inner);
    }
  }
  return out;
}
