import { InputError } from "../errors";
import { product } from "../optics/symmetry";
import type { ImageSource } from "./imageSource";

/** Helical symmetry about the z axis. */
export interface Helix {
  /** Å along the axis from one unit to the next. */
  rise: number;
  /** Degrees about the axis from one unit to the next, above 0 for a right-handed helix. */
  twist: number;
  /** Units that every image is used for: those that an image shows beyond its neighbours on the filament, so that each counts once. */
  units: number;
}

/** Most units that an image can be used for. */
const mostUnits = 1000;

/**
 * @param length of an edge of the box in Å
 * @throws InputError for values out of range, and for units that would lie outside the box, where the transform wraps them round
 */
export function checkHelix({ rise, twist, units }: Helix, length: number): void {
  if (!Number.isInteger(units) || units < 1 || units > mostUnits)
    throw new InputError("helix: units", `an integer from 1 to ${mostUnits}`, `${units}`);
  if (!Number.isFinite(rise)) throw new InputError("helix: rise", "Å along the axis", `${rise}`);
  if (Math.floor(units / 2) * Math.abs(rise) > length / 2) {
    const found = `${Math.floor(units / 2)} of ${rise} Å each`;
    throw new InputError(
      "helix: units",
      `units on each side of the middle within half of the box, ${length / 2} Å`,
      found,
    );
  }
  if (!Number.isFinite(twist) || Math.abs(twist) > 360)
    throw new InputError("helix: twist", "degrees from -360 to 360", `${twist}`);
}

/**
 * Every particle once for each of its helical units, one after the other, the middle one as it is: ρ(r) = ρ(R_z(τ)·r + h·ẑ) for twist τ and
 * rise h, so that an image is also that of the particle turned by R·R_z(τ)⁻¹ and moved by −h·(R·ẑ) in the image.
 */
export function helicalSource(source: ImageSource, { rise, twist, units }: Helix): ImageSource {
  const first = -Math.floor((units - 1) / 2);
  const steps = Array.from({ length: units }, (_, u) => {
    const angle = ((first + u) * twist * Math.PI) / 180;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    return { back: [c, s, 0, -s, c, 0, 0, 0, 1], along: (first + u) * rise };
  });
  const count = source.count * units;
  const of = (i: number) => Math.floor(i / units);
  const { images, randomSubset } = source;
  return {
    count,
    boxSize: source.boxSize,
    apix: source.apix,
    randomSubset: randomSubset && Uint8Array.from({ length: count }, (_, i) => randomSubset[of(i)]!),
    images: Int32Array.from({ length: count }, (_, i) => images?.[of(i)] ?? of(i)),
    opticsGroup: (i) => source.opticsGroup(of(i)),
    ctf: (i) => source.ctf(of(i)),
    rotations: () => {
      const own = source.rotations();
      const all = new Float32Array(9 * count);
      for (let i = 0; i < count; i++)
        all.set(product(own.subarray(9 * of(i), 9 * of(i) + 9), steps[i % units]!.back), 9 * i);
      return all;
    },
    shifts: () => {
      const [rotations, own] = [source.rotations(), source.shifts()];
      return Float32Array.from({ length: 2 * count }, (_, n) => {
        const [i, axis] = [n >> 1, n & 1];
        return own[2 * of(i) + axis]! - steps[i % units]!.along * rotations[9 * of(i) + 3 * axis + 2]!;
      });
    },
    ...(source.imageStamp && { imageStamp: () => source.imageStamp!() }),
    readGroupImages: async (indices) => {
      // Each image is read once for its units.
      const wanted = Int32Array.from(indices, of);
      const distinct = wanted.filter((index, n) => n === 0 || index !== wanted[n - 1]);
      const read = await source.readGroupImages(distinct);
      const pixels = read.length / distinct.length;
      const all = new Float32Array(wanted.length * pixels);
      for (let n = 0, d = -1; n < wanted.length; n++) {
        if (n === 0 || wanted[n] !== wanted[n - 1]) d++;
        all.set(read.subarray(d * pixels, (d + 1) * pixels), n * pixels);
      }
      return all;
    },
  };
}
