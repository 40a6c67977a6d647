import { InputError } from "../errors";
import type { ParticleSet } from "../particles/particleSet";
import type { ImageSource } from "../reconstruction/imageSource";

/** Difference in Å beyond which defocus values are not of the same particle; files round them. */
const sameDefocus = 1;

/** Difference in e/Å² beyond which tilts are not the same. */
const sameDose = 0.01;

/**
 * Images of one file with the poses and half sets of another one of the same particles in the same order, such as full-size images with poses
 * that were refined on smaller ones; of tilt series with the pose of each tilt.
 * @throws InputError if the files cannot be of the same particles: by their number, and by defocus, exposure, tilts, original images and
 *   micrographs where both have them
 */
export function posedSource(images: ParticleSet, poses: ParticleSet): ImageSource {
  checkSame(images, poses, "particle");
  const particles = withPoses(images, poses);
  const [ownTilts, posedTilts] = [images.tilts(), poses.tilts()];
  if (ownTilts === images && posedTilts === poses) return particles;
  checkSameTilts({ images, poses }, ownTilts.particleOf, posedTilts.particleOf);
  checkSame(ownTilts, posedTilts, "image");
  const tilts = { ...withPoses(ownTilts, posedTilts), particleOf: ownTilts.particleOf };
  return { ...particles, tilts: () => tilts };
}

function withPoses(images: ParticleSet, poses: ParticleSet): ImageSource {
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

/** @throws InputError unless rows of both may be of the same particles, or images */
function checkSame(images: ParticleSet, poses: ParticleSet, what: "particle" | "image"): void {
  if (images.count !== poses.count) {
    throw new InputError(images.file, `the ${poses.count} ${what}s of ${poses.file}`, `${images.count}`);
  }
  for (let i = 0; i < images.count; i++) {
    const [a, b] = [images.ctf(i), poses.ctf(i)];
    if (!a || !b) continue;
    const inOrder = `as in ${poses.file}: the same ${what}s in the same order`;
    const refuse = (property: string, expected: string, found: string) =>
      new InputError(`${images.file}: ${what} ${i}`, `${property} of ${expected}, ${inOrder}`, found);
    if (Math.abs(a.defocusU - b.defocusU) > sameDefocus)
      throw refuse("a defocus", `${b.defocusU.toFixed(1)} Å`, `${a.defocusU.toFixed(1)} Å`);
    const [dose, other] = [a.dose ?? 0, b.dose ?? 0];
    if (Math.abs(dose - other) > sameDose)
      throw refuse("an exposure", `${other.toFixed(2)} e/Å²`, `${dose.toFixed(2)} e/Å²`);
  }
  checkNames(images, poses);
}

/** @throws InputError unless both have tilts, those of the same particles */
function checkSameTilts(
  { images, poses }: { images: ParticleSet; poses: ParticleSet },
  a: Int32Array | undefined,
  b: Int32Array | undefined,
): void {
  const kind = (particleOf: Int32Array | undefined) => (particleOf ? "tilt series" : "single images");
  if (!a || !b) throw new InputError(images.file, `${kind(b)}, as in ${poses.file}`, kind(a));
  const numbers = (particleOf: Int32Array) => {
    const all = new Int32Array(poses.count);
    for (const particle of particleOf) all[particle]!++;
    return all;
  };
  const [own, posed] = [numbers(a), numbers(b)];
  const i = own.findIndex((number, particle) => number !== posed[particle]);
  if (i >= 0) {
    const expected = `${posed[i]} visible tilts, as in ${poses.file}: the same tilts of the same particles`;
    throw new InputError(`${images.file}: particle ${i}`, expected, `${own[i]}`);
  }
  const row = a.findIndex((particle, image) => particle !== b[image]);
  if (row < 0) return;
  const expected = `a tilt of particle ${b[row]}, as in ${poses.file}: the same images in the same order`;
  throw new InputError(`${images.file}: image ${row}`, expected, `one of particle ${a[row]}`);
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
