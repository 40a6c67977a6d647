import type { WriteStarOptions } from "../../formats/starWriter";
import type { Aberrations } from "../../optics/aberrations";
import type { TaskOptions } from "../../progress";
import type { OptimisationSet } from "../tilts/optimisationSet";
import type { CheckedColumn } from "./metadataChecks";

/** Properties shared by the images of an optics group. */
export interface OpticsGroup {
  /** Name in the file, or a generated one. */
  name: string;
  /** Å per pixel of the images in their stacks. */
  apix: number;
  /** Size of the images in pixels. */
  boxSize: number;
  /** kV; NaN if not in the file. */
  voltage: number;
  /** mm; NaN if not in the file. */
  sphericalAberration: number;
  /** A fraction; NaN if not in the file. */
  amplitudeContrast: number;
  /** Whether images are already multiplied by the sign of their CTF. */
  phaseFlipped: boolean;
  /** Whether images are already multiplied by their CTF. */
  ctfPremultiplied: boolean;
  /** Aberrations beyond defocus and spherical aberration, which reconstructions take back; undefined for none. */
  aberrations?: Aberrations | undefined;
}

/** CTF parameters of each particle, with the units of `Ctf`; undefined for parameters that are not in the file. */
export interface DefocusColumns {
  defocusU: Float64Array;
  defocusV: Float64Array;
  angle: Float64Array;
  phaseShift: Float64Array | undefined;
  bFactor: Float64Array | undefined;
  scale: Float64Array | undefined;
  /** Of tilt series. */
  dose?: Float64Array | undefined;
}

/** A column of the particle file. */
export interface FileColumn {
  /** Name in the file, without leading underscore. */
  name: string;
  /** Content of its first rows. */
  kind: "number" | "text";
}

/** A column of text or numbers as categories. */
export interface Categories {
  /** Index into `names` of each row or particle. */
  codes: Uint32Array;
  /** The different values. */
  names: string[];
}

/**
 * The content of a particle file of any program, as columns over all its rows. Poses are converted on demand, since a file
 * without them can still be read for its images.
 */
export interface ParticleMetadata {
  readonly file: string;
  /** Extension of files of this format, which `write` and `writePoses` write. */
  readonly extension: ParticleExtension;
  readonly count: number;
  readonly opticsGroups: OpticsGroup[];
  /** Index into `opticsGroups` of each particle. */
  readonly opticsGroup: Uint16Array;
  /** Names of the image stacks, as in the file. */
  readonly stacks: readonly string[];
  /** Index into `stacks` of each particle. */
  readonly stack: Int32Array;
  /** Section of each particle in its stack, counted from 0. */
  readonly section: Int32Array;
  /** 1 for each image name without a number, valid only for stacks of one image; undefined if all have one. */
  readonly unnumbered: Uint8Array | undefined;
  /** 1 for each particle without an alignment, to be left out; undefined if there are none. */
  readonly unaligned: Uint8Array | undefined;
  readonly defocus: DefocusColumns | undefined;
  /** −1 for each image with the molecule darker than its surroundings; undefined if there are none. */
  readonly contrast: Int8Array | undefined;
  /** Half set (1 or 2) of each particle; undefined if there are none. */
  readonly randomSubset: Uint8Array | undefined;
  /** The images of tilt series, of which each row stands for the one of the lowest dose; undefined for single images. */
  readonly tilts?: ImagesOfParticles | undefined;
  /** Of tilt series of an optimisation set: files of the tomograms and their tilts. */
  readonly tomogramFiles?: readonly string[];
  /** Assumptions that were made, and data that is ignored. */
  readonly warnings: string[];
  /** Those of the warnings that say what is there, and nothing that could be wrong. Default: none. */
  readonly facts?: readonly string[] | undefined;
  /** Whether the file has orientations. */
  readonly hasPoses: boolean;
  /** The numbers of CTF, optics and poses, for `checkMetadata`. */
  checkedColumns(): Iterable<CheckedColumn>;
  /** Rotation matrices reference → image, [count · 9]. @throws InputError naming missing columns */
  rotations(): Float32Array;
  /** Shifts in Å, [count · 2]; zeros if the file has none. */
  shifts(): Float32Array;
  /** Whether there is a column of this name. */
  has(column: string): boolean;
  /** A column of numbers. @throws InputError if it is missing, or a value is not a finite number */
  numbers(column: string): Float64Array;
  /** A column of text. @throws InputError if it is missing */
  text(column: string): string[];
  /** All columns with a single number or text per row, in the order of the file. */
  columns(): FileColumn[];
  /** A column of numbers, with NaN for nan and inf; undefined if any other value is not a number. */
  numericValues(column: string): Float64Array | undefined;
  /** A column as categories, in the order of their first occurrence. */
  categories(column: string): Categories;
  /** Place of a row for messages. */
  where(row: number): string;
  /** Writes the given rows, in this order, as a file of the same format. */
  write(target: string, rows: ArrayLike<number>): Promise<void>;
  /** Writes all rows as a file of the same format, some of them with new poses, everything else as it is. */
  writePoses(target: string, poses: RowPoses, options: TaskOptions): Promise<void>;
  /** As `write`, with columns added or replaced; for STAR files only. */
  writeStar?(target: string, rows: ArrayLike<number>, options: WriteStarOptions): Promise<void>;
  /** As `write`, with values added or replaced; for lists of EMAN2 and .cs files. */
  writeList?(target: string, rows: ArrayLike<number>, columns: readonly ListColumn[]): Promise<void>;
}

/** Extensions of particle files. */
export type ParticleExtension = ".star" | ".cs" | ".lst";

/** A column to add to a list of EMAN2 or a .cs file. */
export interface ListColumn {
  /** Key in the dictionaries of a list, name of the field after `e2gmm/`. */
  name: string;
  /** Value of the i-th written row. */
  value: (i: number) => number | string;
}

/** New poses of the rows of a particle file. */
export interface RowPoses {
  /** Rotation matrices reference → image of all rows, [count · 9], row-major. */
  rotations: Float64Array;
  /** Shifts in Å of all rows, [count · 2]. */
  shifts: Float64Array;
  /** 1 for each row that gets its new pose, [count]; all others stay as they are. */
  changed: Uint8Array;
}

/** The images of particles as metadata of their own. */
export interface ImagesOfParticles {
  /** A row for each image. */
  metadata: ParticleMetadata;
  /** Row of the particle of each image, ascending. */
  particleOf: Int32Array;
}

/** Optics given by the user, which override the file. */
export interface GivenOptics {
  /** Å per pixel of the images. Default: as in the file. */
  apix?: number | undefined;
  /** The file with the tomograms of tilt series. */
  tomograms?: string | undefined;
  /** The optimisation set that names particles and tomograms. */
  optimisationSet?: OptimisationSet | undefined;
}

/** Facts from the header of an image stack. */
export interface StackFacts {
  /** Size of the images in pixels. */
  boxSize: number;
  /** Å per pixel, if the header says. */
  apix: number | undefined;
  /** Number of images. */
  images?: number;
}

/** Reads facts that are missing in the metadata from a stack, by its name. */
export type StackProbe = (name: string) => Promise<StackFacts>;
