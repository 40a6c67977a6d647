import { fft3Real, halfWidth } from "../fourier/fft";
import { boxOfRings } from "../fourier/trainingBox";
import { filterVolume } from "../maps/filter";
import { densityMask, meanPlusDeviations } from "../maps/mask";
import { resizeVolume } from "../maps/resize";
import type { Volume } from "../maps/volume";
import { inMask, shapeFilter } from "./growthMap";

/*
 * How much of a map is signal, by Fourier ring, from the map alone: what surrounds the molecule in the box is noise, and the noise
 * inside has the same power per voxel. With the power per voxel P of the molecule's region and N of what surrounds it, the signal
 * is 1 − N/P of the map there. A model without any error correlates with a map by √(1 − noise power / power), both of all that the
 * model is compared with.
 */

/** The signal of a map by Fourier ring, from ring 0. */
export interface MapSignal {
  /** Part of the power in the molecule's region that is signal, 0 to 1. */
  fraction: Float64Array;
  /** FRC that a model without errors would have with the map, 0 to 1. */
  allowedFrc: Float64Array;
}

/** Signal of a map from which a ring counts as seen: FSC 0.143 between half maps, or 0.5 with a map without noise. */
const leastSignal = 0.25;
/** Least part of the box that must surround the molecule, as the sum of squared weights. */
const leastSurroundings = 0.02;
/** The molecule's region extends this far beyond its density and ends softly over so much, in half periods of the last ring. */
const [extend, softEdge] = [3, 5];
/** Width of the soft surface of the sphere in the box, in voxels. */
const sphereEdge = 3;
/** A map without signal to this ring has no molecule that could be told from its surroundings. */
const fewestRings = 3;

/**
 * Measures the signal of a map.
 * @param mask  the part of the map that a model shall describe. Default: all of it
 * @param rings the outermost ring
 * @returns undefined where the noise cannot be seen: the molecule fills the box, or is not told from its surroundings
 */
export function mapSignal(map: Volume, mask: Volume | undefined, rings: number): MapSignal | undefined {
  const size = boxOfRings(rings);
  const small = resizeVolume(inMask(map, undefined), { size });
  const shape = filterVolume(small, shapeFilter);
  const threshold = meanPlusDeviations(shape.data, 1);
  if (!shape.data.some((v) => v > threshold)) return undefined;
  const around = densityMask(shape, { threshold, extend, softEdge }).data;
  const within = mask ? resizeVolume(mask, { size }).data : undefined;
  const sphere = insideSphere(size);
  const surroundings = sphere.map((weight, i) => {
    return weight * (1 - Math.max(around[i]!, Math.min(1, Math.max(0, within?.[i] ?? 0))));
  });
  if (sumOfSquares(surroundings) < leastSurroundings * size ** 3) return undefined;
  const noise = powerPerVoxel(small.data, surroundings, rings);
  const region = within ?? around;
  const power = powerPerVoxel(small.data, region, rings);
  const fraction = signalIn(power, noise);
  const signal = {
    fraction,
    allowedFrc: within ? fraction.map(Math.sqrt) : frcOfWholeBox(small.data, { sphere, noise }),
  };
  return lastRingOfSignal(signal) < Math.min(fewestRings, rings) ? undefined : signal;
}

/** The ring to which a map has signal, each ring judged with its two neighbours. */
export function lastRingOfSignal({ fraction }: Pick<MapSignal, "fraction">): number {
  const last = fraction.length - 1;
  for (let r = 1; r <= last; r++) {
    const near = fraction.subarray(Math.max(1, r - 1), Math.min(last, r + 1) + 1);
    if (near.reduce((sum, f) => sum + f, 0) < leastSignal * near.length) return r - 1;
  }
  return last;
}

/** FRC with a whole box of a model without errors. Its corners may have less noise than the sphere, or none. */
function frcOfWholeBox(
  density: Float32Array,
  { sphere, noise }: { sphere: Float32Array; noise: Float64Array },
): Float64Array {
  const corners = powerPerVoxel(
    density,
    sphere.map((weight) => 1 - weight),
    noise.length - 1,
  );
  const inSphere = sphere.reduce((sum, weight) => sum + weight, 0) / sphere.length;
  const power = powerPerVoxel(density, new Float32Array(density.length).fill(1), noise.length - 1);
  const mean = noise.map((n, r) => inSphere * n + (1 - inSphere) * corners[r]!);
  return signalIn(power, mean).map(Math.sqrt);
}

/** Part of the power that is not noise. */
function signalIn(power: Float64Array, noise: Float64Array): Float64Array {
  return power.map((p, r) => (p > 0 ? Math.min(1, Math.max(0, 1 - noise[r]! / p)) : 0));
}

/** 1 in the sphere that touches the faces of the box, 0 outside; back-projections have nothing, or no noise, beyond it. */
function insideSphere(size: number): Float32Array {
  const origin = Math.floor(size / 2);
  return Float32Array.from({ length: size ** 3 }, (_, i) => {
    const [x, y, z] = [i % size, Math.floor(i / size) % size, Math.floor(i / (size * size))];
    const inside = (size / 2 - Math.hypot(x - origin, y - origin, z - origin)) / sphereEdge;
    return inside >= 1 ? 1 : inside <= 0 ? 0 : 0.5 - 0.5 * Math.cos(Math.PI * inside);
  });
}

function sumOfSquares(values: Float32Array): number {
  return values.reduce((sum, v) => sum + v * v, 0);
}

/** Power in each ring of a map times weights, its weighted mean taken out, per voxel of the squared weights. */
function powerPerVoxel(density: Float32Array, weights: Float32Array, rings: number): Float64Array {
  const size = Math.round(Math.cbrt(density.length));
  let [sum, total] = [0, 0];
  for (let i = 0; i < density.length; i++) {
    sum += weights[i]! * density[i]!;
    total += weights[i]!;
  }
  const mean = total > 0 ? sum / total : 0;
  const weighted = density.map((v, i) => weights[i]! * (v - mean));
  const width = halfWidth(size);
  const half = new Float32Array(2 * width * size * size);
  fft3Real(weighted, [size, size, size], half);
  const power = new Float64Array(rings + 1);
  for (let i = 0; i < half.length / 2; i++) {
    const kx = i % width;
    const [ky, kz] = [Math.floor(i / width) % size, Math.floor(i / (width * size))].map((k) =>
      k > size / 2 ? k - size : k,
    ) as [number, number];
    const r = Math.round(Math.hypot(kx, ky, kz));
    if (r <= rings) power[r]! += (kx > 0 ? 2 : 1) * (half[2 * i]! ** 2 + half[2 * i + 1]! ** 2);
  }
  const voxels = sumOfSquares(weights);
  return power.map((value) => value / voxels);
}
