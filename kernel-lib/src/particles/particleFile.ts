import { InputError, throwIfStopped } from "../errors";
import { readStart } from "../formats/fileSource";
import { hdfSignature } from "../formats/hdfImages";
import type { ByteSign } from "../formats/mrc";
import { type PointGroup, pointGroup } from "../optics/symmetry";
import type { TaskOptions } from "../progress";
import { undividedHalves } from "./halves";
import { countRepeats, firstRowsOfImages } from "./imageIdentity";
import { StackReader } from "./images/stackReader";
import { readCryosparc } from "./metadata/cryosparcMetadata";
import type { UseStack } from "./metadata/eman2Images";
import { readEman2 } from "./metadata/eman2Metadata";
import type { ParticleMetadata, StackFacts } from "./metadata/metadata";
import { checkMetadata } from "./metadata/metadataChecks";
import { metadataWarnings } from "./metadata/metadataWarnings";
import { readRelion } from "./metadata/relionMetadata";

/** Options of `particles.open`. */
export interface OpenParticlesOptions {
  /**
   * Folder in which image stacks are looked for first: by their relative path, then without its leading folders one by one, at
   * last by the file name. Default: only the folder of the particle file, those above it, and the working folder.
   */
  dataFolder?: string | undefined;
  /**
   * Å per pixel of the images, overriding the file. Shifts in Å are scaled with it, since alignments find them in pixels.
   * Default: as in the file, else in the header of the first stack.
   */
  apix?: number | undefined;
  /** Whether to invert the sign of images, for molecules darker than their surroundings. Default false. */
  invertContrast?: boolean | undefined;
  /** How stacks of bytes (mode 0) are read. Default: see `formats.openMrc`. */
  bytes?: ByteSign | undefined;
  /**
   * Point group of the molecule, in RELION's notation: every particle then stands in the set once for each operator, see
   * `ParticleSet`. Default: none.
   */
  symmetry?: string | undefined;
  /**
   * Replaces facts from stacks that may be missing, if only poses and CTFs are needed.
   * @internal
   */
  withoutStacks?: StackFacts;
  /** Stops the opening. Default: in a notebook, set when the cell is interrupted. */
  signal?: AbortSignal;
  /** Called while headers of images are read, which EMAN2's lists need. Default: in a notebook, a progress bar. */
  onProgress?: TaskOptions["onProgress"];
}

/** An open particle file, shared by all sets of its particles. */
export interface ParticleFile {
  /** The file that was opened, which may be an optimisation set that names that of the metadata. */
  opened: string;
  metadata: ParticleMetadata;
  reader: StackReader;
  /** For each row the first row with the same image; undefined if no image is named twice. */
  images: Int32Array | undefined;
  /** Half set of each row, equal for rows that share an image. */
  halves: Uint8Array | undefined;
  /** The images of tilt series, a row for each. */
  tilts?: ParticleFile | undefined;
  /** Pixel size in Å that overrides the file's. */
  apix: number | undefined;
  /** Whether the sign of images is inverted. */
  invertContrast: boolean;
  /** How stacks of bytes are read, if given. */
  bytes: ByteSign | undefined;
  /** Point group of the molecule, if it has more than one operator. */
  symmetry: PointGroup | undefined;
}

/**
 * Reads and validates a particle file; see `openParticles`.
 * @throws InputError if the file is missing, in another format, or malformed, and for impossible values of CTF, optics or poses
 */
export async function openParticleFile(file: string, options: OpenParticlesOptions): Promise<ParticleFile> {
  const { apix, bytes, dataFolder, signal } = options;
  if (apix !== undefined && !(apix > 0 && Number.isFinite(apix))) {
    throw new InputError("apix", "a pixel size in Å above 0", String(apix));
  }
  const symmetry = symmetryOf(options.symmetry);
  const reader = new StackReader(file, dataFolder, bytes);
  try {
    const metadata = await readMetadata(file, reader, options);
    throwIfStopped(signal);
    checkMetadata(metadata.checkedColumns());
    metadata.warnings.push(...metadataWarnings(metadata));
    reader.namedIn = (name) =>
      `; row ${metadata.stack.indexOf(metadata.stacks.indexOf(name)) + 1} names it first`;
    const images = await firstRowsOfImages(metadata, (name) => reader.find(name));
    throwIfStopped(signal);
    const read = {
      opened: file,
      reader,
      apix,
      invertContrast: options.invertContrast === true,
      bytes,
      symmetry,
    };
    const rows: ParticleFile = { ...uniteImages(metadata, images), metadata, ...read };
    return { ...rows, tilts: tiltFile(rows) };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** The images of tilt series as a file of their own, in which those of a particle stay together. */
function tiltFile(rows: ParticleFile): ParticleFile | undefined {
  const { tilts, file } = rows.metadata;
  if (!tilts) return undefined;
  if (rows.symmetry) {
    throw new InputError(
      file,
      "no symmetry for tilt series, whose particles are placed as a whole: leave it out (a reconstruction of them takes one)",
      rows.symmetry.name,
    );
  }
  const halves = rows.halves && Uint8Array.from(tilts.particleOf, (row) => rows.halves![row]!);
  return { ...rows, metadata: tilts.metadata, images: tilts.particleOf, halves };
}

/** A point group with more than one operator, or undefined. @throws InputError for an unknown name */
function symmetryOf(name: string | undefined): PointGroup | undefined {
  const group = name === undefined ? undefined : pointGroup(name);
  return group && group.order > 1 ? group : undefined;
}

/** Assigns rows that share an image to the same half set, with warnings. */
function uniteImages(
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
    warnings.push(`${them} in both half sets: all rows of an image are assigned to one of them`);
  }
  return { images, halves };
}

async function readMetadata(
  file: string,
  reader: StackReader,
  { apix, withoutStacks, signal, onProgress }: OpenParticlesOptions,
): Promise<ParticleMetadata> {
  refuseDatabase(file);
  const start = (await readStart(file, 212)).toString("latin1");
  if (start.startsWith("\x93NUMPY") || /\.csg$/i.test(file)) return readCryosparc(file, { apix });
  if (start.startsWith(hdfSignature) || /^#LS[TX]/.test(start)) {
    const use: UseStack = (name, work) => reader.use(name, work, signal);
    const own = { apix, signal, onProgress, ...(withoutStacks && { withoutStacks }) };
    return readEman2(file, use, own);
  }
  const other = otherFormat(file, start);
  if (other) {
    throw new InputError(
      file,
      "a STAR file of RELION, a .cs file of cryoSPARC or a .lst file of EMAN2",
      other,
    );
  }
  const probe = (name: string): Promise<StackFacts> => {
    const facts = reader.use(
      name,
      async (stack) => ({ boxSize: stack.size[0], apix: stack.apix, images: stack.size[2] }),
      signal,
    );
    return withoutStacks ? facts.catch(() => withoutStacks) : facts;
  };
  return readRelion(file, probe, { apix });
}

/** Describes unsupported formats that users try; undefined for any other file. */
function otherFormat(file: string, start: string): string | undefined {
  if (start.slice(208, 211) === "MAP" || /\.(mrcs?|map|st)$/i.test(file)) {
    return "an image file, which has no orientations";
  }
  return undefined;
}

/** @throws InputError for EMAN2's databases before 2012, which nothing else reads */
function refuseDatabase(file: string): void {
  if (!/^bdb:/i.test(file)) return;
  const way = "`e2proc2d.py bdb:… particles.hdf` of EMAN2 writes one";
  throw new InputError(
    file,
    "a list (.lst) or an HDF5 file",
    `a database of old versions of EMAN2, which is not read: ${way}`,
  );
}
