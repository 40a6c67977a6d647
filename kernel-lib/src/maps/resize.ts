import { InputError } from "../errors";
import type { Volume } from "./volume";

/**
 * A map in another box and with another voxel size, by trigonometric interpolation about the origin at index ⌊n/2⌋,
 * which stays the origin. Frequencies that the coarser of the two grids cannot hold are left out; places outside the
 * old box are 0. An origin in Å is carried along. With `apix · size` unchanged this is Fourier cropping or padding; with `apix` unchanged it is cropping
 * or padding in real space, exact. Values keep their scale.
 *
 * Interpolation is done along one axis after the other, in time ∝ n⁴: a second for 200³ voxels.
 *
 * @param target.size edge, or three edges, in voxels; default: as many as keep the box's edges in Å (rounded)
 * @param target.apix Å per voxel; default: what keeps the box's edges where `size` is given
 */
export function resizeVolume(
  volume: Volume,
  target: { size?: number | readonly [number, number, number]; apix?: number },
): Volume {
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
    if (weights) data = alongAxis(data, weights, outer, extent[axis], size[axis], inner);
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
  const edge = typeof size === "object" ? size[0] : size;
  return edge === undefined ? volume.apix : (volume.size[0] * volume.apix) / edge;
}

function targetSize(
  volume: Volume,
  size: number | readonly number[] | undefined,
  apix: number,
): [number, number, number] {
  const edges =
    typeof size === "number"
      ? [size, size, size]
      : (size ?? volume.size.map((n) => Math.round((n * volume.apix) / apix)));
  if (edges.some((n) => !Number.isInteger(n) || n < 1)) {
    throw new InputError("size", "whole numbers of voxels above 0", edges.join("×"));
  }
  return [...edges] as [number, number, number];
}

/**
 * Weights [to · from] that take samples at spacing 1 to samples at spacing `step`; undefined where they change nothing.
 * Each row is the trigonometric interpolation (1/n) Σ_k exp(2πi k(p − q)/n) over all |k| that both grids hold. The
 * Nyquist frequency of an even grid is a cosine, its own mirror, and is counted once.
 */
function interpolation(from: number, to: number, step: number): Float64Array | undefined {
  if (step === 1 && from === to) return undefined;
  const weights = new Float64Array(from * to);
  // The Nyquist frequency of the coarser grid; a hair's breadth must not decide on which side of it k lies.
  const limit = Math.round((1e6 * from) / 2 / Math.max(1, step)) / 1e6;
  const below = Math.ceil(limit) - 1;
  const originFrom = Math.floor(from / 2);
  const originTo = Math.floor(to / 2);
  for (let p = 0; p < to; p++) {
    const position = (p - originTo) * step;
    const index = position + originFrom;
    // Beyond the outermost voxels by less than half of one is still in the box.
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

/** out[o][p][i] = Σ_q weights[p][q] · data[o][q][i] */
function alongAxis(
  data: Float32Array,
  weights: Float64Array,
  outer: number,
  from: number,
  to: number,
  inner: number,
): Float32Array {
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
