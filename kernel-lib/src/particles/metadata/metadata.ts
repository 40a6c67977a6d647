import type { WriteStarOptions } from "../../formats/starWriter";
import type { Measured } from "./metadataChecks";

/** What images of one group have in common. */
export interface OpticsGroup {
  name: string;
  /** Å per pixel of the images as they lie in their stacks. */
  apix: number;
  /** Edge of the images in pixels. */
  boxSize: number;
  /** Voltage in kV, spherical aberration in mm and amplitude contrast; NaN where the file does not say. */
  voltage: number;
  sphericalAberration: number;
  amplitudeContrast: number;
  /** Whether images were already multiplied by the sign of their CTF, or by the CTF itself. */
  phaseFlipped: boolean;
  ctfPremultiplied: boolean;
}

/** CTF parameters that belong to the particle, one number each; units as in {@link Ctf}. */
export interface DefocusColumns {
  defocusU: Float64Array;
  defocusV: Float64Array;
  angle: Float64Array;
  phaseShift: Float64Array | undefined;
  bFactor: Float64Array | undefined;
  scale: Float64Array | undefined;
}

/** A column of the particle file by its name there. */
export interface FileColumn {
  name: string;
  /** What its first rows hold. */
  kind: "number" | "text";
}

/** Text in few words: the different words, and for each row the index of its word. */
export interface Categories {
  codes: Uint32Array;
  names: string[];
}

/**
 * What a particle file of any program says, as columns over all its rows. Angles and shifts are converted when asked
 * for, since a file without them can still be read for its images.
 */
export interface ParticleMetadata {
  readonly file: string;
  readonly count: number;
  readonly opticsGroups: OpticsGroup[];
  /** Index into `opticsGroups` of each particle. */
  readonly opticsGroup: Uint16Array;
  /** Names of the image stacks as the file has them. */
  readonly stacks: readonly string[];
  /** Index into `stacks`, and place in the stack counted from 0, of each particle's image. */
  readonly stack: Int32Array;
  readonly section: Int32Array;
  /** 1 for each image whose name has no number; right only in a stack of one image. Undefined where all have one. */
  readonly unnumbered: Uint8Array | undefined;
  /** 1 for each particle that was never aligned, which no set has; undefined where there is none. */
  readonly unaligned: Uint8Array | undefined;
  readonly defocus: DefocusColumns | undefined;
  /** −1 for each particle whose image shows the molecule darker than its surroundings; undefined where none does. */
  readonly contrast: Int8Array | undefined;
  /** 1 or 2 for the half set of each particle; undefined where there are none. */
  readonly randomSubset: Uint8Array | undefined;
  /** Remarks of one sentence on what was assumed or is left out of account. */
  readonly warnings: string[];
  readonly hasPoses: boolean;
  /** The numbers of CTF, optics and poses that are used, for `checkMetadata`. */
  measured(): Iterable<Measured>;
  /** Rotation matrices reference → image, [count · 9]. @throws InputError naming the columns that are missing */
  rotations(): Float32Array;
  /** Shifts in Å, [count · 2]; zero where the file has none. */
  shifts(): Float32Array;
  has(column: string): boolean;
  /** A column of numbers, or of text. @throws InputError where it is missing, or text stands for a number */
  numbers(column: string): Float64Array;
  text(column: string): string[];
  /** All columns of single numbers or text, in the order of the file. */
  columns(): FileColumn[];
  /** A column of numbers, NaN where the file says nan or inf; undefined where another word stands for one. */
  numericValues(column: string): Float64Array | undefined;
  /** A column as categories, in the order in which they occur. */
  categories(column: string): Categories;
  /** Place of a row for messages. */
  where(row: number): string;
  /** Writes the file again with these rows only, in this order. */
  write(target: string, rows: ArrayLike<number>): Promise<void>;
  /** As `write`, with columns added or replaced; only where the file is a STAR file. */
  writeStar?(target: string, rows: ArrayLike<number>, options: WriteStarOptions): Promise<void>;
}

/** What a user says of the particles that their file does not say, or says wrong. */
export interface GivenOptics {
  /** Å per pixel of the images, instead of what the file says. */
  apix?: number | undefined;
}

/** What the image stacks say of themselves. */
export interface StackFacts {
  boxSize: number;
  apix: number | undefined;
  /** Images in the stack. */
  images?: number;
}

/** What the metadata alone do not say can be read from the first stack: called at most once per file. */
export type StackProbe = (name: string) => Promise<StackFacts>;
