import { InputError } from "../errors";
import type { ParticleSet } from "../particles/particleSet";
import type { ImageSource } from "../reconstruction/imageSource";

/** Difference in Å beyond which defocus values are not of the same particle; files round them. */
const sameDefocus = 1;

/**
 * Images of one file with the poses and half sets of another one of the same particles in the same order, such as full-size images with poses
 * that were refined on smaller ones.
 * @throws InputError if the files cannot be of the same particles: by their number, and by defocus where both have it
 */
export function posedSource(images: ParticleSet, poses: ParticleSet): ImageSource {
  if (images.count !== poses.count) {
    throw new InputError(images.file, `the ${poses.count} particles of ${poses.file}`, `${images.count}`);
  }
  for (let i = 0; i < images.count; i++) {
    const [a, b] = [images.ctf(i), poses.ctf(i)];
    if (!a || !b || Math.abs(a.defocusU - b.defocusU) <= sameDefocus) continue;
    throw new InputError(
      `${images.file}: particle ${i}`,
      `a defocus of ${b.defocusU.toFixed(1)} Å, as in ${poses.file}: the same particles in the same order`,
      `${a.defocusU.toFixed(1)} Å`,
    );
  }
  return {
    count: images.count,
    boxSize: images.boxSize,
    apix: images.apix,
    randomSubset: poses.randomSubset,
    images: images.images,
    opticsGroup: (i) => images.opticsGroup(i),
    rotations: () => poses.rotations(),
    shifts: () => poses.shifts(),
    ctf: (i) => images.ctf(i),
    readGroupImages: (indices) => images.readGroupImages(indices),
  };
}
