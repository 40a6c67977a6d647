import { InputError } from "../errors";
import type { ByteSign } from "../formats/mrc";
import type { Ctf } from "../optics/ctf";
import type { PointGroup } from "../optics/symmetry";
import { beginTask, type TaskOptions } from "../progress";
import { copiedAngles, copiesOf, turnRotations } from "./copies";
import { hasRepeats } from "./imageIdentity";
import { ImageReader, type VisitImage } from "./images/imageReader";
import { imageStamp } from "./images/imageStamp";
import type { Categories, FileColumn, OpticsGroup, ParticleMetadata } from "./metadata/metadata";
import { type OpenParticlesOptions, openParticleFile, type ParticleFile } from "./particleFile";
import { ctfOfRow, placesOfRows, valuesOfRows } from "./particleRows";
import { setOfSelection } from "./tilts/optimisationSet";

export type { VisitImage } from "./images/imageReader";
export type { FileColumn, OpticsGroup } from "./metadata/metadata";
export type { OpenParticlesOptions } from "./particleFile";

/**
 * Opens a particle file: a STAR file of RELION 3.0 to 5, a `.cs` file of cryoSPARC, or a list (`.lst`) or HDF5 file of EMAN2. The format is detected from the first
 * bytes; images are read on demand. Particles without an alignment (null vectors in cryoSPARC) are left out, with a warning.
 *
 * @param given default: stacks are looked for beside the file and in the folders above it, pixel size and contrast are the file's
 * @throws InputError if the file is missing, in another format, or malformed, and for impossible values of CTF, optics or poses
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * console.log(`${particles.count} particles of ${particles.boxSize} pixels, ${particles.apix} Å each`);
 * await particles.close();
 * ```
 */
export async function openParticles(file: string, given: OpenParticlesOptions = {}): Promise<ParticleSet> {
  const source = await openParticleFile(file, beginTask(given));
  const { count, unaligned } = source.metadata;
  const all = Int32Array.from({ length: count }, (_, i) => i);
  const aligned = unaligned ? all.filter((row) => unaligned[row] === 0) : all;
  if (!source.symmetry) return new ParticleSet(source, aligned);
  const { rows, operators } = copiesOf(aligned, source.symmetry);
  return new ParticleSet(source, rows, operators);
}

/**
 * The particles of a file, or some of them. All arrays and indices refer to the particles of this set, counted from 0.
 *
 * In a set that was opened with a `symmetry` of order n, every particle stands n times: number i·n + g is particle i seen with
 * operator g, with rotation R·S_g. The copies share one image, and stay together when a set is divided.
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const some = particles.select([0, 5, 9]);
 * const images = await some.readImages([0, 1, 2]);
 * console.log(images.length / some.boxSize ** 2); // 3
 * ```
 */
export class ParticleSet {
  private readonly imageReader: ImageReader;
  /** null until it is computed. */
  private sharedImages: Int32Array | undefined | null = null;

  /** @internal */
  constructor(
    private readonly source: ParticleFile,
    /** Row in the file, counted from 0, of each particle. */
    readonly rows: Int32Array,
    /** Index of the symmetry operator of each particle; undefined if the set was opened without symmetry. */
    readonly operators?: Uint8Array,
    /** In the {@link tilts} of a set: the particle of each image, by its index in that set, ascending. */
    readonly particleOf?: Int32Array,
  ) {
    this.imageReader = new ImageReader(source);
  }

  /** @internal */
  get metadata(): ParticleMetadata {
    return this.source.metadata;
  }

  /** Whether images are read with inverted sign. */
  get invertContrast(): boolean {
    return this.source.invertContrast;
  }

  /** How stacks of bytes (mode 0) are read; undefined if not given on opening. */
  get bytes(): ByteSign | undefined {
    return this.source.bytes;
  }

  /** The pixel size in Å that was given on opening; undefined if the file's is used. */
  get givenApix(): number | undefined {
    return this.source.apix;
  }

  /** The point group that the set was opened with, unless it has only one operator. */
  get symmetry(): PointGroup | undefined {
    return this.source.symmetry;
  }

  /** Path of the particle file. */
  get file(): string {
    return this.metadata.file;
  }

  /** The file that was opened: {@link file}, or the optimisation set that names it. @internal */
  get openedFile(): string {
    return this.source.opened;
  }

  /** Of tilt series of an optimisation set: files of the tomograms and their tilts. Empty for all others. */
  get tomogramFiles(): readonly string[] {
    return this.metadata.tomogramFiles ?? [];
  }

  /** The file by which a selection that was written to `target` is opened: of tilt series of an optimisation set a set of its own. @internal */
  openedAs(target: string): string {
    return this.tomogramFiles.length > 0 ? setOfSelection(target) : target;
  }

  /** Number of particles. */
  get count(): number {
    return this.rows.length;
  }

  /** All optics groups of the file. */
  get opticsGroups(): readonly OpticsGroup[] {
    return this.metadata.opticsGroups;
  }

  /** The optics group whose box and pixel size are used for the whole set: that of the first particle in the file. */
  get reference(): OpticsGroup {
    return this.metadata.opticsGroups[this.metadata.opticsGroup[0]!]!;
  }

  /** Size of the reference group's images in pixels. */
  get boxSize(): number {
    return this.reference.boxSize;
  }

  /** Å per pixel of the reference group's images. */
  get apix(): number {
    return this.reference.apix;
  }

  /** Whether the file has CTF parameters. */
  get hasCtf(): boolean {
    return this.metadata.defocus !== undefined;
  }

  /** Whether the file has orientations. */
  get hasPoses(): boolean {
    return this.metadata.hasPoses;
  }

  /** Assumptions made in reading the file and the stacks opened so far, and data that is ignored. */
  get warnings(): readonly string[] {
    return [...this.metadata.warnings, ...this.source.reader.warnings];
  }

  /** Those of the {@link warnings} that say what is there, such as tilt series, and nothing that could be wrong. */
  get facts(): readonly string[] {
    return this.metadata.facts ?? [];
  }

  /** The {@link warnings} about image stacks. */
  get stackWarnings(): readonly string[] {
    return this.source.reader.warnings;
  }

  /** The optics group of particle i. */
  opticsGroup(i: number): OpticsGroup {
    return this.metadata.opticsGroups[this.metadata.opticsGroup[this.rows[i]!]!]!;
  }

  /** Rotation matrices reference → image, [count · 9], row-major. @throws InputError if the file has no angles */
  rotations(): Float32Array {
    const { operators, symmetry } = this;
    const own = valuesOfRows(this.metadata.rotations(), 9, this.rows);
    return operators && symmetry ? turnRotations(own, operators, symmetry) : own;
  }

  /** Shifts in Å, [count · 2]: where the centre of the particle is, relative to pixel ⌊S/2⌋. */
  shifts(): Float32Array {
    return valuesOfRows(this.metadata.shifts(), 2, this.rows);
  }

  /** CTF of particle i; undefined if the file has none. */
  ctf(i: number): Ctf | undefined {
    return ctfOfRow(this.metadata, this.rows[i]!, this.opticsGroup(i));
  }

  /** Half set (1 or 2) of each particle, equal for particles that share an image; undefined if the file has none. */
  get randomSubset(): Uint8Array | undefined {
    const all = this.source.halves;
    return all && Uint8Array.from(this.rows, (row) => all[row]!);
  }

  /**
   * A number for the image (file and section) of each particle. Particles that share an image have equal numbers, and must stay
   * together when a set is divided. Undefined if no two particles share an image.
   */
  get images(): Int32Array | undefined {
    if (this.sharedImages === null) {
      const { images, metadata } = this.source;
      const own = images ? Int32Array.from(this.rows, (row) => images[row]!) : this.rows;
      this.sharedImages = hasRepeats(own, metadata.count) ? own : undefined;
    }
    return this.sharedImages;
  }

  /** Whether the file has a column of this name. */
  hasColumn(name: string): boolean {
    return this.metadata.has(name);
  }

  /** A column of the file as numbers. @throws InputError if it is missing, or a value is not a finite number */
  column(name: string): Float64Array {
    const all = this.metadata.numbers(name);
    return Float64Array.from(this.rows, (row) => all[row]!);
  }

  /** A column of the file as text. @throws InputError if it is missing */
  textColumn(name: string): string[] {
    const all = this.metadata.text(name);
    return Array.from(this.rows, (row) => all[row]!);
  }

  /** All columns of the file with a single number or text per row, in its order. */
  fileColumns(): FileColumn[] {
    return this.metadata.columns();
  }

  /**
   * A column of the file as numbers, with NaN for nan and inf; undefined if it is not numeric.
   * @throws InputError if it is missing
   */
  numericColumn(name: string): Float64Array | undefined {
    const all = this.metadata.numericValues(name);
    return all && Float64Array.from(this.rows, (row) => all[row]!);
  }

  /**
   * A column of the file as categories, in the order of their first occurrence in the file; some may not occur in this set.
   * @throws InputError if it is missing
   */
  categories(name: string): Categories {
    const { codes, names } = this.metadata.categories(name);
    return { codes: Uint32Array.from(this.rows, (row) => codes[row]!), names };
  }

  /** The image of particle i: the name of its stack, as in the file, and its section, counted from 0. */
  image(i: number): { stack: string; section: number } {
    const row = this.rows[i]!;
    return { stack: this.metadata.stacks[this.metadata.stack[row]!]!, section: this.metadata.section[row]! };
  }

  /** Path of a stack by its name in the file. @throws InputError if it is not found */
  findStack(name: string): Promise<string> {
    return this.source.reader.resolve(name);
  }

  /**
   * Some of these particles, in the given order.
   * @throws InputError if `indices` is empty or out of range
   */
  select(indices: ArrayLike<number>): ParticleSet {
    if (indices.length === 0) throw new InputError("selection", "at least one particle", "none");
    const operators = this.operators && Uint8Array.from(indices, (index) => this.operators![index]!);
    const particleOf = this.particleOf && Int32Array.from(indices, (index) => this.particleOf![index]!);
    return new ParticleSet(this.source, this.rowsOf(indices), operators, particleOf);
  }

  /**
   * As {@link select}, by rows of the file counted from 0.
   * @param operators symmetry operator of each of them, in a set with symmetry. Default: the first of the row in the set
   * @throws InputError for rows that are not in the set
   */
  selectRows(rows: ArrayLike<number>, operators?: ArrayLike<number>): ParticleSet {
    return this.select(placesOfRows(this, { rows, operators }, this.metadata.count));
  }

  /**
   * The particles that these are symmetry copies of, each once, in the order of their first copy, as the file has them. Of a set
   * without symmetry the set itself.
   */
  originals(): ParticleSet {
    if (!this.operators) return this;
    const rows = Int32Array.from(new Set(this.rows));
    return new ParticleSet(this.source, rows, new Uint8Array(rows.length));
  }

  /**
   * The images of particles of tilt series: a set of as many as there are visible tilts, those of a particle together, with
   * `particleOf`. In the set itself a particle stands for its image of the lowest dose. Of single particles the set itself.
   * @example
   * ```ts
   * const particles = await e2.particles.open("particles.star");
   * console.log(particles.tilts().count / particles.count); // 1 for single particles
   * ```
   */
  tilts(): ParticleSet {
    const { tilts, metadata } = this.source;
    if (!tilts || this.particleOf) return this;
    const { particleOf } = metadata.tilts!;
    const first = firstOfEach(particleOf, metadata.count);
    const rows: number[] = [];
    const of: number[] = [];
    this.rows.forEach((row, i) => {
      for (let image = first[row]!; image < first[row + 1]!; image++) {
        rows.push(image);
        of.push(i);
      }
    });
    return new ParticleSet(tilts, Int32Array.from(rows), undefined, Int32Array.from(of));
  }

  private rowsOf(indices: ArrayLike<number>): Int32Array {
    return Int32Array.from(indices, (index) => {
      if (Number.isInteger(index) && index >= 0 && index < this.count) return this.rows[index]!;
      throw new InputError("selection", `particles from 0 to ${this.count - 1}`, String(index));
    });
  }

  /**
   * Reads images, [n · S · S], [y][x] with x fastest and S the reference group's box: the molecule brighter than its
   * surroundings as far as the file says, inverted if the set was opened with `invertContrast`. Images of optics groups with
   * another box or pixel size are resampled in Fourier space, without interpolation; what exceeds the reference box or its
   * Nyquist circle is dropped, and their background becomes 0.
   *
   * @throws InputError if a stack is missing or broken, an image is missing or not finite, or its size differs from the file's
   */
  async readImages(indices: ArrayLike<number>): Promise<Float32Array> {
    return this.imageReader.readResampled(this.rowsOf(indices), this.reference);
  }

  /**
   * Reads images of one optics group in its own pixels, [n · S · S] with S the group's box, otherwise as {@link readImages}.
   * @throws InputError as {@link readImages}, and if the particles are not all of one group
   */
  async readGroupImages(indices: ArrayLike<number>): Promise<Float32Array> {
    if (indices.length === 0) return new Float32Array();
    const rows = this.rowsOf(indices);
    const group = this.opticsGroup(indices[0]!);
    for (let i = 0; i < indices.length; i++) {
      if (this.opticsGroup(indices[i]!) === group) continue;
      throw new InputError("selection", `particles of ${group.name} alone`, `particle ${indices[i]}`);
    }
    return this.imageReader.readOfGroup(rows, group);
  }

  /**
   * Reads images in their own pixels, in the order of their stacks, and passes each on with its index in `indices`.
   * @throws InputError as {@link readImages}
   */
  async visitImages(indices: ArrayLike<number>, visit: VisitImage): Promise<void> {
    await this.imageReader.visit(this.rowsOf(indices), visit);
  }

  /**
   * Opens every stack once, and checks that it holds each particle's image in the expected size, so that long-running work
   * does not fail half way.
   * @throws InputError for the first that is missing, broken or different; StoppedError
   */
  async checkStacks(options: TaskOptions = {}): Promise<void> {
    const { imageReader, rows } = this.tilts();
    await imageReader.checkStacks(rows, beginTask(options));
  }

  /** Names of the image stacks, as in the file, in the order of their first particle; of tilt series those of all tilts. */
  stackNames(): string[] {
    const { metadata, rows } = this.tilts();
    const { stacks, stack } = metadata;
    return [...new Set(Array.from(rows, (row) => stack[row]!))].map((index) => stacks[index]!);
  }

  /** Paths of those image stacks that exist. */
  async stackFiles(): Promise<string[]> {
    const files = await Promise.all(
      this.stackNames().map((name) => this.source.reader.resolve(name).catch(() => undefined)),
    );
    return files.filter((file): file is string => file !== undefined);
  }

  /** A text that is another one for other image stacks, and after they were changed. */
  async imageStamp(): Promise<string> {
    return imageStamp(await this.stackFiles());
  }

  /**
   * Writes these particles, in their order, in the format of their file: its rows with every column, and all other tables.
   * Names of stacks are copied. Of tilt series of an optimisation set, one of the
   * written particles is written beside `target`: `chosen_optimisation_set.star`. Symmetry copies get the angles in which they are seen; {@link originals} are written as they are.
   *
   * @throws InputError if `target` is the source file, and for symmetry copies of a `.cs` file (see `writeSelection`)
   */
  async writeStar(target: string): Promise<void> {
    const { metadata } = this;
    const columns = copiedAngles(this);
    if (columns.length === 0) return metadata.write(target, this.rows);
    if (!metadata.writeStar)
      throw new InputError(target, "particles without symmetry copies, or a STAR file");
    return metadata.writeStar(target, this.rows, { columns });
  }

  /** Closes the image stacks, which are shared with sets made by {@link select}; they open again when needed. */
  close(): Promise<void> {
    return this.source.reader.close();
  }
}

/** Index of the first of the images of each particle, and at last their number, [count + 1]. */
function firstOfEach(particleOf: Int32Array, count: number): Int32Array {
  const first = new Int32Array(count + 1);
  for (const particle of particleOf) first[particle + 1]!++;
  for (let i = 0; i < count; i++) first[i + 1]! += first[i]!;
  return first;
}
