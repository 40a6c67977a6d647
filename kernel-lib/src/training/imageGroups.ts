import type { ParticleTargets } from "../particles/targets";

/*
 * Particles of tilt series have several images each. Everything that is computed with images (steps, FRC, projections) sees images
 * only, each as if it were a particle. Everything that is said of particles (places, halves, evidence) is said of the first image of
 * each, its head, which stands for all of them: its encoder input and its log-likelihood are sums over the images, and its place is
 * that of all. So a set of single images, each its own head, takes the same way.
 */

/** The images of each particle. */
export class ImageGroups {
  /** The first image of each particle, ascending. */
  readonly heads: Int32Array;
  /** Index of the first image of each particle, and at last their number, [particles + 1]. */
  private readonly starts: Int32Array;

  private constructor(private readonly particleOf: Int32Array) {
    const heads: number[] = [];
    particleOf.forEach((particle, image) => {
      if (image === 0 || particle !== particleOf[image - 1]) heads.push(image);
    });
    this.heads = Int32Array.from(heads);
    this.starts = Int32Array.from([...heads, particleOf.length]);
  }

  private static readonly known = new WeakMap<Int32Array, ImageGroups>();

  /** Those of particles with several images; undefined if each has one. */
  static of({ particleOf }: Pick<ParticleTargets, "particleOf">): ImageGroups | undefined {
    if (!particleOf) return undefined;
    let groups = ImageGroups.known.get(particleOf);
    if (!groups) {
      groups = new ImageGroups(particleOf);
      ImageGroups.known.set(particleOf, groups);
    }
    return groups;
  }

  /** Images of a particle, on average. */
  get imagesPerParticle(): number {
    return this.particleOf.length / this.heads.length;
  }

  /** The heads among some images, in their order. */
  headsAmong(images: Int32Array): Int32Array {
    return images.filter((image) => this.headOf(image) === image);
  }

  /** The head of the particle of an image. */
  headOf(image: number): number {
    return this.heads[this.particleOf[image]!]!;
  }

  /** All images of some particles, which are given by any image of each, and for each image the row of its particle. */
  imagesOf(particles: ArrayLike<number>): { images: Int32Array; rowOf: Int32Array } {
    const images: number[] = [];
    const rowOf: number[] = [];
    for (let row = 0; row < particles.length; row++) {
      const particle = this.particleOf[particles[row]!]!;
      for (let image = this.starts[particle]!; image < this.starts[particle + 1]!; image++) {
        images.push(image);
        rowOf.push(row);
      }
    }
    return { images: Int32Array.from(images), rowOf: Int32Array.from(rowOf) };
  }

  /** Index of the particle of an image. */
  indexOf(image: number): number {
    return this.particleOf[image]!;
  }

  /** Rows of all images, each that of its particle, from the rows of all particles [particles · width]. */
  toImages<T extends Float32Array | Float64Array>(values: T, width: number): T {
    const out = new (values.constructor as new (length: number) => T)(this.particleOf.length * width);
    for (let i = 0; i < this.particleOf.length; i++) {
      const from = this.particleOf[i]! * width;
      out.set(values.subarray(from, from + width), i * width);
    }
    return out;
  }

  /** Rows of all particles, those of their heads, from the rows of all images [images · width]. */
  toParticles<T extends Float32Array | Float64Array>(values: T, width: number): T {
    const out = new (values.constructor as new (length: number) => T)(this.heads.length * width);
    this.heads.forEach((head, i) => {
      out.set(values.subarray(head * width, (head + 1) * width), i * width);
    });
    return out;
  }

  /** Replaces the row of each image by the sum over the images of its particle, [images · width], in place. */
  sum(values: Float32Array | Float64Array, width: number): void {
    for (let p = 0; p < this.heads.length; p++) {
      const [from, to] = [this.starts[p]!, this.starts[p + 1]!];
      for (let k = 0; k < width; k++) {
        let total = 0;
        for (let i = from; i < to; i++) total += values[i * width + k]!;
        for (let i = from; i < to; i++) values[i * width + k] = total;
      }
    }
  }
}

/** The particles among some images: their heads; the images themselves if each is a particle. */
export function particlesAmong(targets: Pick<ParticleTargets, "particleOf">, images: Int32Array): Int32Array {
  return ImageGroups.of(targets)?.headsAmong(images) ?? images;
}

/** Sums of rows [rows · width] over those of equal `rowOf`, [count · width]. */
export function sumsOfRows(
  values: Float32Array,
  { rowOf, count, width }: { rowOf: Int32Array; count: number; width: number },
): Float32Array {
  const sums = new Float64Array(count * width);
  for (let i = 0; i < rowOf.length; i++) {
    for (let k = 0; k < width; k++) sums[rowOf[i]! * width + k]! += values[i * width + k]!;
  }
  return Float32Array.from(sums);
}
