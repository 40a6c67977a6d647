import { InputError } from "../errors";
import type { ParticleSet } from "../particles/particleSet";
import type { ImageSource } from "../reconstruction/imageSource";

/**
 * The particles of two sets as one source, those of the first set first, each set a half; of tilt series with the tilts of both.
 * @throws InputError for sets of another box or pixel size, and for tilt series beside single images
 */
export function joinedSource(first: ParticleSet, second: ParticleSet): ImageSource {
  if (first.boxSize !== second.boxSize || Math.abs(first.apix / second.apix - 1) > 1e-4) {
    const text = ({ boxSize, apix }: ParticleSet) => `${boxSize} pixels of ${apix} Å`;
    throw new InputError(second.file, `images of ${text(first)}, as in ${first.file}`, text(second));
  }
  const particles = inTurn(first, second);
  const [own, others] = [first.tilts(), second.tilts()];
  if (own === first && others === second) return particles;
  if (!own.particleOf || !others.particleOf) {
    const kind = ({ particleOf }: ParticleSet) => (particleOf ? "tilt series" : "single images");
    throw new InputError(second.file, `${kind(own)}, as in ${first.file}`, kind(others));
  }
  const particleOf = new Int32Array(own.count + others.count);
  particleOf.set(own.particleOf);
  particleOf.set(
    others.particleOf.map((particle) => first.count + particle),
    own.count,
  );
  const tilts = { ...inTurn(own, others), particleOf };
  return { ...particles, tilts: () => tilts };
}

function inTurn(first: ParticleSet, second: ParticleSet): ImageSource {
  const n = first.count;
  const joined = (of: (set: ParticleSet) => Float32Array) => {
    const [a, b] = [of(first), of(second)];
    const both = new Float32Array(a.length + b.length);
    both.set(a);
    both.set(b, a.length);
    return both;
  };
  return {
    count: n + second.count,
    boxSize: first.boxSize,
    apix: first.apix,
    randomSubset: new Uint8Array(n + second.count).fill(2).fill(1, 0, n),
    invertContrast: first.invertContrast,
    bytes: first.bytes,
    opticsGroup: (i) => (i < n ? first.opticsGroup(i) : second.opticsGroup(i - n)),
    rotations: () => joined((set) => set.rotations()),
    shifts: () => joined((set) => set.shifts()),
    ctf: (i) => (i < n ? first.ctf(i) : second.ctf(i - n)),
    imageStamp: async () => `${await first.imageStamp()} ${await second.imageStamp()}`,
    // Chunks are of one optics group, and groups of different files are different objects.
    readGroupImages: (indices) =>
      indices[0]! < n
        ? first.readGroupImages(indices)
        : second.readGroupImages(Array.from(indices, (i) => i - n)),
  };
}
