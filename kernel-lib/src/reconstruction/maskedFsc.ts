import { InputError } from "../errors";
import { fft3Real, halfWidth, ifft3Real } from "../fourier/fft";
import { shellRadii } from "../fourier/shellRadii";
import type { Volume } from "../maps/volume";
import { Random } from "../random";
import { type FscCurve, fourierShellCorrelation } from "./fsc";

/** Options of {@link maskedFsc}. */
export interface MaskedFscOptions {
  /** FSC of the unmasked maps below which phases are randomised. Default 0.8, as RELION. */
  randomizeBelow?: number;
  /** Seed of the random phases. Default 1. */
  seed?: number;
  /** What to call the two maps in errors, such as their files. */
  names?: readonly [string, string];
}

/** Correlations of half maps in a mask. */
export interface MaskedFsc {
  /** Of the maps as they are. */
  unmasked: FscCurve;
  /** Of the masked maps: agreement of the maps and of the mask with itself. */
  masked: FscCurve;
  /** Of the masked maps after their phases were randomised: what the mask alone does. */
  randomized: FscCurve;
  /** What of the masked FSC is not the mask's. */
  corrected: FscCurve;
  /** Shell from which on phases are random; the number of shells if the FSC nowhere falls below the limit, so that nothing is corrected. */
  from: number;
}

/** Shells from the first random one to the first that is corrected: a mask carries correlation over from its neighbours. */
const carried = 2;

/**
 * The FSC of two half maps in a mask, corrected for the correlation that the mask brings along, by randomised phases: (FSC_masked −
 * FSC_random) / (1 − FSC_random) from two shells beyond the first random one on, the masked FSC within (Chen et al.,
 * Ultramicroscopy 135, 24, 2013), as `relion_postprocess` does.
 *
 * @param mask on the grid of the maps
 * @throws InputError when maps and mask differ in size or voxel size, and unless 0 < randomizeBelow < 1
 * @example
 * ```ts
 * const [half1, half2] = [await e2.maps.read("half1.mrc"), await e2.maps.read("half2.mrc")];
 * const mask = e2.maps.sphericalMask(half1, { diameter: 60 });
 * const { corrected, from } = e2.reconstruction.maskedFsc(half1, half2, mask);
 * console.log(e2.reconstruction.resolutionAt(corrected, 0.143), from);
 * ```
 */
export function maskedFsc(a: Volume, b: Volume, mask: Volume, options: MaskedFscOptions = {}): MaskedFsc {
  const { randomizeBelow = 0.8, seed = 1, names } = options;
  if (!(randomizeBelow > 0 && randomizeBelow < 1))
    throw new InputError("randomizeBelow", "a number between 0 and 1", `${randomizeBelow}`);
  const named = names && { names };
  const unmasked = fourierShellCorrelation(a, b, { ...named });
  const masked = fourierShellCorrelation(a, b, { ...named, mask });
  const below = unmasked.fsc.findIndex((value, shell) => shell > 0 && value < randomizeBelow);
  const from = below < 0 ? unmasked.fsc.length : below;
  const random = new Random(seed);
  const randomized = fourierShellCorrelation(
    withRandomPhases(a, from, random.fork(1)),
    withRandomPhases(b, from, random.fork(2)),
    { mask },
  );
  const fsc = masked.fsc.map((value, shell) => {
    const noise = randomized.fsc[shell]!;
    return shell < from + carried || noise >= 1 ? value : (value - noise) / (1 - noise);
  });
  return { unmasked, masked, randomized, corrected: { ...masked, fsc }, from };
}

/** A map whose phases are random from a shell on, with the amplitudes that it has. */
function withRandomPhases(map: Volume, from: number, random: Random): Volume {
  const [nx, ny, nz] = map.size;
  const radii = shellRadii(map.size);
  const half = fft3Real(map.data, map.size);
  const width = halfWidth(nx);
  const at = (x: number, y: number, z: number) => 2 * (x + width * (y + ny * z));
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < width; x++) {
        const i = at(x, y, z);
        if (radii[i / 2]! < from) continue;
        const angle = 2 * Math.PI * random.uniform();
        const amplitude = Math.hypot(half[i]!, half[i + 1]!);
        // Samples that are their own Friedel mates are real.
        const own = (x === 0 || 2 * x === nx) && (2 * y) % ny === 0 && (2 * z) % nz === 0;
        half[i] = own ? Math.sign(Math.cos(angle)) * amplitude : amplitude * Math.cos(angle);
        half[i + 1] = own ? 0 : amplitude * Math.sin(angle);
        if (x > 0 && 2 * x !== nx) continue;
        const mate = at(x, (ny - y) % ny, (nz - z) % nz);
        if (mate === i) continue;
        half[mate] = half[i]!;
        half[mate + 1] = -half[i + 1]!;
      }
    }
  }
  return { ...map, data: ifft3Real(half, map.size) };
}
