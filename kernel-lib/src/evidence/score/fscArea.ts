import { InputError } from "../../errors";
import { fft3Real, frequency, halfWidth } from "../../fourier/fft";
import { checkSameGrid } from "../../maps/grid";
import type { Volume } from "../../maps/volume";

/** Fourier shell correlation as CryoBench measures it, and the area under it. */
export interface FscArea {
  /** Correlation of each shell 0 … n/2 − 1. */
  fsc: Float64Array;
  /** Area under the curve over frequency in 1/pixel, 0 to (n/2 − 1)/n. */
  area: number;
}

/** Options of {@link fscArea}. */
export interface FscAreaOptions {
  /** Multiplied to both maps. Default: none. */
  mask?: Volume;
  /** What to call the two maps in errors. */
  names?: readonly [string, string];
}

/** Half of a map's Fourier transform, and the mask that was applied. */
export interface ShellTransform {
  /** Voxels along an edge. */
  size: number;
  /** [z][y][x], x = 0 … n/2, interleaved. */
  half: Float32Array;
}

/**
 * The transform of a map for {@link areaOfTransforms}, when it is compared with several.
 * @throws InputError for a map that is no cube of an even number of voxels
 */
export function shellTransform(map: Volume, mask: Volume | undefined, name = "map"): ShellTransform {
  const [nx, ny, nz] = map.size;
  if (nx !== ny || ny !== nz || nx % 2 !== 0 || nx < 4) {
    throw new InputError(name, "a cube of an even number of voxels, of 4 or more", `${nx} × ${ny} × ${nz}`);
  }
  if (mask) checkSameGrid(map, mask, name, "mask");
  const data = mask ? map.data.map((value, i) => value * mask.data[i]!) : map.data;
  return { size: nx, half: fft3Real(data, map.size) };
}

/**
 * Fourier shell correlation of two maps and the area under it, as CryoBench defines them (Jeon et al., NeurIPS 2024, their
 * `metrics/fsc`): shell 0 counts as 1, shell i has the samples with i − 1 ≤ |k| < i for i = 1 … n/2 − 1 and lies at i/n; the curve
 * is kept within 0 … 1, and the area found by trapezes. It is 1/2 − 1/n for equal maps. The shells differ from those of
 * `reconstruction.fsc` (|k| rounded).
 *
 * @returns the curve as it is, and the area under the bounded one
 * @throws InputError unless both maps, and the mask, are cubes of the same voxels
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * const { area } = e2.evidence.fscArea(map, e2.maps.lowPass(map, 20));
 * ```
 */
export function fscArea(a: Volume, b: Volume, options: FscAreaOptions = {}): FscArea {
  const [nameA, nameB] = options.names ?? ["first map", "second map"];
  checkSameGrid(a, b, nameA, nameB);
  return areaOfTransforms(shellTransform(a, options.mask, nameA), shellTransform(b, options.mask, nameB));
}

/** As {@link fscArea}, of the transforms of two maps of equal size. */
export function areaOfTransforms(a: ShellTransform, b: ShellTransform): FscArea {
  const n = a.size;
  const shells = n / 2;
  const sums = Array.from({ length: 3 }, () => new Float64Array(shells));
  const [cross, powerA, powerB] = sums as [Float64Array, Float64Array, Float64Array];
  const width = halfWidth(n);
  for (let z = 0, i = 0; z < n; z++) {
    for (let y = 0; y < n; y++) {
      const square = frequency(z, n) ** 2 + frequency(y, n) ** 2;
      for (let x = 0; x < width; x++, i += 2) {
        const shell = Math.floor(Math.sqrt(square + x * x)) + 1;
        if (shell >= shells) continue;
        const times = x === 0 ? 1 : 2;
        const [aRe, aIm, bRe, bIm] = [a.half[i]!, a.half[i + 1]!, b.half[i]!, b.half[i + 1]!];
        cross[shell]! += times * (aRe * bRe + aIm * bIm);
        powerA[shell]! += times * (aRe * aRe + aIm * aIm);
        powerB[shell]! += times * (bRe * bRe + bIm * bIm);
      }
    }
  }
  const fsc = cross.map((sum, r) => {
    const power = Math.sqrt(powerA[r]! * powerB[r]!);
    return r === 0 || power === 0 ? 1 : sum / power;
  });
  return { fsc, area: areaUnder(fsc) };
}

/** Area under a curve at i/n, i = 0 … n/2 − 1, bounded by 0 and 1. */
function areaUnder(fsc: Float64Array): number {
  const bounded = fsc.map((value) => Math.min(1, Math.max(0, value)));
  let sum = 0;
  for (let i = 1; i < bounded.length; i++) sum += (bounded[i - 1]! + bounded[i]!) / 2;
  return sum / (2 * fsc.length);
}
