import { InputError } from "../errors";
import type { ParticleSet } from "../particles/particleSet";
import { requireSingleImages } from "../particles/singleImages";
import type { ImageSource } from "../reconstruction/imageSource";

/** Difference in Å beyond which defocus values are not of the same particle; files round them. */
const sameDefocus = 1;

/**
 * Images of one file with the poses and half sets of another one of the same particles in the same order, such as full-size images with poses
 * that were refined on smaller ones.
 * @throws InputError if the files cannot be of the same particles: by their number, and by defocus, original images and micrographs where both have them
 */
export function posedSource(images: ParticleSet, poses: ParticleSet): ImageSource {
  // Poses and exposures of tilts would have to be matched image by image.
  requireSingleImages(images, "motion correction with images of their own");
  requireSingleImages(poses, "motion correction with images of their own");
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
  checkNames(images, poses);
  return {
    count: images.count,
    boxSize: images.boxSize,
    apix: images.apix,
    randomSubset: poses.randomSubset,
    invertContrast: images.invertContrast,
    bytes: images.bytes,
    images: images.images,
    opticsGroup: (i) => images.opticsGroup(i),
    rotations: () => poses.rotations(),
    shifts: () => poses.shifts(),
    ctf: (i) => images.ctf(i),
    imageStamp: () => images.imageStamp(),
    readGroupImages: (indices) => images.readGroupImages(indices),
  };
}

/** Columns that name a particle whatever its images are, in the order of preference. */
const names = ["_rlnImageOriginalName", "_rlnMicrographName"];

/**
 * @throws InputError where a column that names particles differs between both files, folders left out, or images of the same stacks
 *   are in another order
 */
function checkNames(images: ParticleSet, poses: ParticleSet): void {
  const sameStacks = JSON.stringify(images.stackNames().sort()) === JSON.stringify(poses.stackNames().sort());
  for (const name of [...names, ...(sameStacks ? ["_rlnImageName"] : [])]) {
    if (!images.hasColumn(name) || !poses.hasColumn(name)) continue;
    const own = (set: ParticleSet) => set.textColumn(name).map((text) => text.replace(/[^@/]*\//g, ""));
    const [a, b] = [own(images), own(poses)];
    const i = a.findIndex((text, row) => text !== b[row]);
    if (i < 0) continue;
    throw new InputError(
      `${images.file}: particle ${i}: ${name}`,
      `${b[i]}, as in ${poses.file}: the same particles in the same order`,
      a[i]!,
    );
  }
}
