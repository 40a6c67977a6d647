import { throwIfStopped } from "../errors";
import type { ByteSign } from "../formats/mrc";
import type { Aberrations } from "../optics/aberrations";
import type { Ctf } from "../optics/ctf";

/** Properties that the images of a group of particles share. */
export interface ImageGroup {
  /** Pixels along each edge of an image. */
  readonly boxSize: number;
  /** Å per pixel. */
  readonly apix: number;
  /** Images were multiplied by the sign of their CTF. */
  readonly phaseFlipped: boolean;
  /** Images were multiplied by their CTF. */
  readonly ctfPremultiplied: boolean;
  /** Aberrations beyond defocus and spherical aberration. Default: none. */
  readonly aberrations?: Aberrations | undefined;
}

/** The particles of a reconstruction; a `ParticleSet` is one. */
export interface ImageSource {
  /** Number of particles. */
  readonly count: number;
  /** Pixels along each edge of the box that determines the map's. */
  readonly boxSize: number;
  /** Å per pixel of that box. */
  readonly apix: number;
  /** Half set, 1 or 2, of every particle, [count]. Default: none. */
  readonly randomSubset?: Uint8Array | undefined;
  /** Whether images are read with inverted sign. Default false. */
  readonly invertContrast?: boolean | undefined;
  /** How stacks of bytes are read. Default: as their file says. */
  readonly bytes?: ByteSign | undefined;
  /** A number for the image of every particle, [count], where several particles have the same image. */
  readonly images?: ArrayLike<number> | undefined;
  /** The images of tilt series, as a source of its own, in which `particleOf` is the particle of each. Default: one image each. */
  tilts?(): ImageSource & { readonly particleOf?: Int32Array | undefined };
  /** The group of a particle: the same object for all particles of a group. */
  opticsGroup(index: number): ImageGroup;
  /** Reference → image of every particle, [count · 9], row-major. */
  rotations(): Float32Array;
  /** Position of the particle's centre in its image relative to pixel ⌊S/2⌋, in Å, [count · 2]. */
  shifts(): Float32Array;
  /** The CTF of a particle; undefined for images without CTF. */
  ctf(index: number): Ctf | undefined;
  /** A text that is another one for other image files, and after they were changed. Default: images are taken to stay as they are. */
  imageStamp?(): Promise<string>;
  /** The images of some particles of one group in its own pixels, [indices.length · S · S] with S its box size. */
  readGroupImages(indices: ArrayLike<number>): Promise<Float32Array>;
}

/**
 * Floats of a chunk of images, 4 MiB; two chunks are in memory while the next one is read. The signal is checked between
 * chunks.
 */
export const chunkLength = 1 << 20;

/** Particles of one group that are read together. */
export interface ImageChunk {
  /** Their group. */
  group: ImageGroup;
  /** Their indices. */
  indices: number[];
}

/**
 * Divides particles into chunks of one group each, in order.
 * @param mostOf most images of a group in a chunk. Default: those of 4 MiB
 */
export function imageChunks(
  source: ImageSource,
  indices: Int32Array,
  mostOf: (group: ImageGroup) => number = ({ boxSize }) => Math.floor(chunkLength / boxSize ** 2),
): ImageChunk[] {
  const open = new Map<ImageGroup, ImageChunk>();
  const chunks: ImageChunk[] = [];
  for (const index of indices) {
    const group = source.opticsGroup(index);
    let chunk = open.get(group);
    if (!chunk || chunk.indices.length >= mostOf(group)) {
      chunk = { group, indices: [] };
      open.set(group, chunk);
      chunks.push(chunk);
    }
    chunk.indices.push(index);
  }
  return chunks;
}

/** The images of one chunk after another, each read while the one before is in use. */
export async function* readAhead(
  source: ImageSource,
  chunks: readonly ImageChunk[],
  signal: AbortSignal | undefined,
): AsyncGenerator<{ chunk: ImageChunk; images: Float32Array }> {
  let reading = source.readGroupImages(chunks[0]!.indices);
  for (const [c, chunk] of chunks.entries()) {
    const images = await reading;
    throwIfStopped(signal);
    const next = chunks[c + 1];
    if (next) {
      reading = source.readGroupImages(next.indices);
      // Awaited in the next turn; until then a failure must not count as unhandled.
      reading.catch(() => undefined);
    }
    yield { chunk, images };
  }
}
