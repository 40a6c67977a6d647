import { InputError } from "../errors";
import { fft3Real } from "../fourier/fft";
import { shellRadii } from "../fourier/shellRadii";
import { filterVolume, lowPass } from "../maps/filter";
import type { Volume } from "../maps/volume";
import { type FscCurve, resolutionAt } from "./fsc";

/** Options of {@link sharpen}. */
export interface SharpenOptions {
  /** B factor in Å², negative to sharpen, or `auto` to fit it (Guinier plot). Default `auto`. */
  bFactor?: number | "auto";
  /** Å to which the map is low-pass filtered. Default: the resolution at which the curve falls below 0.143. */
  resolution?: number;
  /** Lowest resolution of the fit in Å. Default 10, or 2.5 times the finest where that is coarser than 4 Å. */
  fitFrom?: number;
}

/** A sharpened map. */
export interface SharpenedMap {
  /** The sharpened mean of the half maps. */
  map: Volume;
  /** The B factor that was applied, in Å². */
  bFactor: number;
  /** Å to which the map is filtered. */
  resolution: number;
}

/** Largest exponent at Nyquist. */
const mostExponent = 60;
/** Fewest shells of a fit. */
const fewestShells = 3;

/**
 * The mean of two half maps, weighted by what their FSC says of each shell, √(2·FSC / (1 + FSC)), sharpened by exp(−B s² / 4), and
 * low-pass filtered where the FSC ends (Rosenthal and Henderson, J. Mol. Biol. 333, 721, 2003), as `relion_postprocess` does.
 *
 * @param curve of the half maps, such as `maskedFsc(…).corrected`
 * @throws InputError when the maps differ, for a curve that is nowhere above 0.143, a resolution beyond Nyquist or the box, a B factor that
 *   overflows, and where too few shells are left for a fit
 * @example
 * ```ts
 * const [half1, half2] = [await e2.maps.read("half1.mrc"), await e2.maps.read("half2.mrc")];
 * const curve = e2.reconstruction.fsc(half1, half2);
 * const { map, bFactor } = e2.reconstruction.sharpen(half1, half2, curve, { bFactor: -50 });
 * console.log(map.size, bFactor);
 * ```
 */
export function sharpen(
  half1: Volume,
  half2: Volume,
  curve: FscCurve,
  options: SharpenOptions = {},
): SharpenedMap {
  const { bFactor: wanted = "auto" } = options;
  const resolution = options.resolution ?? resolutionAt(curve, 0.143);
  if (!(resolution > 0 && Number.isFinite(resolution)))
    throw new InputError("FSC of the half maps", "values above 0.143", "none");
  const [finest, coarsest] = [2 * half1.apix, Math.max(...half1.size) * half1.apix];
  if (resolution < finest * (1 - 1e-6) || resolution > coarsest)
    throw new InputError("resolution", `${finest.toFixed(2)} to ${coarsest.toFixed(1)} Å`, `${resolution}`);
  if (typeof wanted === "number" && Math.abs(wanted) / (4 * finest ** 2) > mostExponent)
    throw new InputError("bFactor", "one that leaves finite numbers", `${wanted}`);
  if (half1.data.length !== half2.data.length)
    throw new InputError(
      "half maps",
      "the same voxels",
      `${half1.size.join("×")} and ${half2.size.join("×")}`,
    );
  const mean = { ...half1, data: half1.data.map((x, i) => (x + half2.data[i]!) / 2) };
  const step = curve.frequency[1]!;
  const weighted = filterVolume(mean, (s) => {
    const fsc = Math.max(0, curve.fsc[Math.min(Math.round(s / step), curve.fsc.length - 1)]!);
    return Math.sqrt((2 * fsc) / (1 + fsc));
  });
  const fitFrom = options.fitFrom ?? Math.max(10, 2.5 * resolution);
  const bFactor = wanted === "auto" ? fittedBFactor(weighted, fitFrom, resolution) : wanted;
  const sharpened = filterVolume(weighted, (s) => Math.exp((-bFactor * s * s) / 4));
  return { map: lowPass(sharpened, resolution), bFactor, resolution };
}

/** B of a straight line through the logarithm of the RMS amplitudes of the shells over s²/4, which has gradient −B of the map. */
function fittedBFactor(map: Volume, coarsest: number, finest: number): number {
  const longest = Math.max(...map.size);
  const half = fft3Real(map.data, map.size);
  const shells = Math.floor(longest / 2) + 1;
  const [power, count] = [new Float64Array(shells), new Float64Array(shells)];
  for (const [i, radius] of shellRadii(map.size).entries()) {
    const shell = Math.round(radius);
    if (shell >= shells) continue;
    power[shell]! += half[2 * i]! ** 2 + half[2 * i + 1]! ** 2;
    count[shell]! += 1;
  }
  const points: [number, number][] = [];
  for (let shell = 1; shell < shells; shell++) {
    const s = shell / (longest * map.apix);
    if (s < 1 / coarsest || s > 1 / finest || power[shell] === 0) continue;
    points.push([(s * s) / 4, Math.log(Math.sqrt(power[shell]! / count[shell]!))]);
  }
  if (points.length < fewestShells) {
    const range = `${coarsest.toFixed(1)} to ${finest.toFixed(1)} Å`;
    throw new InputError(
      "bFactor",
      `a number: auto needs ${fewestShells} shells of signal from ${range}`,
      `${points.length}`,
    );
  }
  const mean = (k: 0 | 1) => points.reduce((sum, point) => sum + point[k], 0) / points.length;
  const [mx, my] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  const variance = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  return covariance / variance;
}
