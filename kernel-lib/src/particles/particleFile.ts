import { InputError, throwIfStopped } from "../errors";
import { readStart } from "../formats/fileSource";
import { type ByteSign, squarePixelSize } from "../formats/mrc";
import { undividedHalves } from "./halves";
import { countRepeats, firstRowsOfImages } from "./imageIdentity";
import { StackReader } from "./images/stackReader";
import { readCryosparc } from "./metadata/cryosparcMetadata";
import type { ParticleMetadata, StackFacts } from "./metadata/metadata";
import { checkMetadata } from "./metadata/metadataChecks";
import { metadataWarnings } from "./metadata/metadataWarnings";
import { readRelion } from "./metadata/relionMetadata";

export interface OpenParticlesOptions {
  /**
   * Folder in which image stacks are looked for first: by their full relative name, then by ever shorter ends of it, at last by
   * the name of the file alone.
   */
  dataFolder?: string | undefined;
  /**
   * Å per pixel of the images, where the file does not say it or says it wrong. Shifts that the file has in Å change with it, since
   * they were found in pixels. Default: as in the file, else in the header of the first stack.
   */
  apix?: number | undefined;
  /** Whether images are read with the opposite sign: for molecules that are darker than their surroundings. */
  invertContrast?: boolean | undefined;
  /** How stacks of bytes (mode 0) are read; see `openMrc`. */
  bytes?: ByteSign | undefined;
  /**
   * What to take for the stacks where nothing but poses and CTFs is wanted and they may be elsewhere.
   * @internal
   */
  withoutStacks?: StackFacts;
  signal?: AbortSignal;
}

/** What all sets of one file share. */
export interface ParticleFile {
  metadata: ParticleMetadata;
  reader: StackReader;
  /** First row with the image of each row; undefined where no image is named twice. */
  images: Int32Array | undefined;
  /** Half set of each row, every image in one of them. */
  halves: Uint8Array | undefined;
  /** Pixel size that was given instead of the file's. */
  apix: number | undefined;
  /** Whether images are read with the opposite sign of what the file says. */
  invertContrast: boolean;
  /** How stacks of bytes are read, where it was given. */
  bytes: ByteSign | undefined;
}

/**
 * Reads a particle file of any program and checks what it says; see `openParticles`.
 * @throws InputError when the file is missing, in another format, or broken, and where CTF, optics or poses cannot be
 */
export async function openParticleFile(file: string, options: OpenParticlesOptions): Promise<ParticleFile> {
  const { apix, bytes, dataFolder, signal } = options;
  if (apix !== undefined && !(apix > 0 && Number.isFinite(apix))) {
    throw new InputError("apix", "a pixel size in Å above 0", String(apix));
  }
  const reader = new StackReader(file, dataFolder, bytes);
  try {
    const metadata = await readMetadata(file, reader, options);
    throwIfStopped(signal);
    checkMetadata(metadata.measured());
    metadata.warnings.push(...metadataWarnings(metadata));
    reader.namedIn = (name) =>
      `; row ${metadata.stack.indexOf(metadata.stacks.indexOf(name)) + 1} names it first`;
    const images = await firstRowsOfImages(metadata, (name) => reader.find(name));
    throwIfStopped(signal);
    return {
      ...withoutDivided(metadata, images),
      metadata,
      reader,
      apix,
      invertContrast: options.invertContrast === true,
      bytes,
    };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** Counts repeated images, and brings each into one half set; both are noted. */
function withoutDivided(
  metadata: ParticleMetadata,
  images: Int32Array | undefined,
): Pick<ParticleFile, "images" | "halves"> {
  const { randomSubset, count, warnings } = metadata;
  if (!images) return { images, halves: randomSubset };
  const repeats = countRepeats(images);
  warnings.push(
    `${repeats} of ${count} rows name an image a second time: rows of one image stay in the same half`,
  );
  if (!randomSubset) return { images, halves: undefined };
  const { halves, divided } = undividedHalves(randomSubset, images);
  if (divided > 0) {
    const them = divided === 1 ? "1 image is" : `${divided} images are`;
    warnings.push(`${them} in both half sets: all rows of an image are counted to one of them`);
  }
  return { images, halves };
}

async function readMetadata(
  file: string,
  reader: StackReader,
  { apix, withoutStacks, signal }: OpenParticlesOptions,
): Promise<ParticleMetadata> {
  const start = (await readStart(file, 212)).toString("latin1");
  if (start.startsWith("\x93NUMPY")) return readCryosparc(file, { apix });
  const other = otherFormat(file, start);
  if (other) throw new InputError(file, "a STAR file of RELION or a .cs file of cryoSPARC", other);
  const probe = (name: string): Promise<StackFacts> => {
    const facts = reader.use(
      name,
      async (stack) => ({ boxSize: stack.size[0], apix: squarePixelSize(stack), images: stack.size[2] }),
      signal,
    );
    return withoutStacks ? facts.catch(() => withoutStacks) : facts;
  };
  return readRelion(file, probe, { apix });
}

/** Names a format that people try and that is not read, with a way out where there is one. */
function otherFormat(file: string, start: string): string | undefined {
  // No program of EMAN2 writes a STAR file with angles (e2refinetorelion3d.py writes images and CTF only).
  const elsewhere =
    "which is not read yet, and EMAN2 writes no STAR file with angles: refine or import the particles in RELION or cryoSPARC";
  if (start.startsWith("#LS")) return `a particle list of EMAN2, ${elsewhere}`;
  if (start.startsWith("\x89HDF")) return "an HDF5 file, as EMAN2 has for images, which has no orientations";
  if (start.slice(208, 211) === "MAP" || /\.(mrcs?|map|st)$/i.test(file)) {
    return "an image file, which has no orientations";
  }
  return undefined;
}
