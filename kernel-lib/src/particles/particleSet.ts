import path from "node:path";
import { InputError, throwIfStopped } from "../errors";
import type { ByteSign, MrcFile } from "../formats/mrc";
import { type Resampler, resampler } from "../fourier/resample";
import type { Ctf } from "../optics/ctf";
import { inParallel } from "../parallel";
import { beginTask, type TaskOptions } from "../progress";
import { readSections, type StackReader } from "./images/stackReader";
import type { Categories, FileColumn, OpticsGroup, ParticleMetadata } from "./metadata/metadata";
import { type OpenParticlesOptions, openParticleFile, type ParticleFile } from "./particleFile";

export type { OpticsGroup } from "./metadata/metadata";
export type { OpenParticlesOptions } from "./particleFile";

/** Image stacks that are read at the same time. */
const stacksAtOnce = 8;

/**
 * Opens a particle file: a STAR file of RELION 3.0 to 5, or a `.cs` file of cryoSPARC. Images are read only when
 * asked for. The format is detected from the first bytes. Particles that were never aligned (null vectors of cryoSPARC) are
 * left out, which is noted.
 *
 * @throws InputError when the file is missing, in another format, or broken, and where CTF, optics or poses cannot be
 */
export async function openParticles(file: string, given: OpenParticlesOptions = {}): Promise<ParticleSet> {
  const source = await openParticleFile(file, beginTask(given));
  const { count, unaligned } = source.metadata;
  const all = Int32Array.from({ length: count }, (_, i) => i);
  return new ParticleSet(source, unaligned ? all.filter((row) => unaligned[row] === 0) : all);
}

/** Particles of one file, or some of them. Every array and index refers to the particles of this set, from 0. */
export class ParticleSet {
  private ownImages: Int32Array | undefined | null = null;

  /** @internal */
  constructor(
    private readonly source: ParticleFile,
    /** Row in the file, counted from 0, of each particle of this set. */
    readonly rows: Int32Array,
  ) {}

  /** @internal */
  get metadata(): ParticleMetadata {
    return this.source.metadata;
  }

  private get reader(): StackReader {
    return this.source.reader;
  }

  /** Whether images are read with the opposite sign of what the file says. */
  get invertContrast(): boolean {
    return this.source.invertContrast;
  }

  /** How stacks of bytes (mode 0) are read, undefined where nothing was given on opening. */
  get bytes(): ByteSign | undefined {
    return this.source.bytes;
  }

  /** The pixel size that was given on opening, undefined where the file's own holds. */
  get givenApix(): number | undefined {
    return this.source.apix;
  }

  get file(): string {
    return this.metadata.file;
  }

  get count(): number {
    return this.rows.length;
  }

  get opticsGroups(): readonly OpticsGroup[] {
    return this.metadata.opticsGroups;
  }

  /** The optics group that sets the scale of the whole set: that of the file's first particle. */
  get reference(): OpticsGroup {
    return this.metadata.opticsGroups[this.metadata.opticsGroup[0]!]!;
  }

  /** Edge of the reference group's images in pixels. */
  get boxSize(): number {
    return this.reference.boxSize;
  }

  /** Å per pixel of the reference group's images. */
  get apix(): number {
    return this.reference.apix;
  }

  get hasCtf(): boolean {
    return this.metadata.defocus !== undefined;
  }

  /** What was assumed on reading or is left out of account, in sentences; of stacks that were opened so far. */
  get warnings(): readonly string[] {
    return [...this.metadata.warnings, ...this.reader.warnings];
  }

  /** Those of the warnings that are about image stacks. */
  get stackWarnings(): readonly string[] {
    return this.reader.warnings;
  }

  /** The optics group of particle i. */
  opticsGroup(i: number): OpticsGroup {
    return this.metadata.opticsGroups[this.metadata.opticsGroup[this.rows[i]!]!]!;
  }

  /** Rotation matrices reference → image, [count · 9]. @throws InputError where the file has no angles */
  rotations(): Float32Array {
    return this.gather(this.metadata.rotations(), 9);
  }

  /** Shifts in Å, [count · 2]. */
  shifts(): Float32Array {
    return this.gather(this.metadata.shifts(), 2);
  }

  private gather(all: Float32Array, width: number): Float32Array {
    const out = new Float32Array(width * this.count);
    for (let i = 0; i < this.count; i++) {
      const from = width * this.rows[i]!;
      for (let j = 0; j < width; j++) out[width * i + j] = all[from + j]!;
    }
    return out;
  }

  /** CTF of particle i, or undefined where the file has none. */
  ctf(i: number): Ctf | undefined {
    const { defocus } = this.metadata;
    if (!defocus) return undefined;
    const row = this.rows[i]!;
    const { voltage, sphericalAberration, amplitudeContrast } = this.opticsGroup(i);
    return {
      defocusU: defocus.defocusU[row]!,
      defocusV: defocus.defocusV[row]!,
      angle: defocus.angle[row]!,
      phaseShift: defocus.phaseShift?.[row] ?? 0,
      voltage,
      sphericalAberration,
      amplitudeContrast,
      bFactor: defocus.bFactor?.[row] ?? 0,
      scale: defocus.scale?.[row] ?? 1,
    };
  }

  /** Half set (1 or 2) of each particle, all of one image in the same; undefined where the file has none. */
  get randomSubset(): Uint8Array | undefined {
    const all = this.source.halves;
    return all && Uint8Array.from(this.rows, (row) => all[row]!);
  }

  /**
   * A number for the image of each particle, the same for those that show the same image (file and place in it): they have to
   * stay together wherever particles are divided. Undefined where every particle has an image of its own.
   */
  get images(): Int32Array | undefined {
    if (this.ownImages === null) {
      const { images, metadata } = this.source;
      const own = images ? Int32Array.from(this.rows, (row) => images[row]!) : this.rows;
      this.ownImages = hasRepeats(own, metadata.count) ? own : undefined;
    }
    return this.ownImages;
  }

  hasColumn(name: string): boolean {
    return this.metadata.has(name);
  }

  /** A column of the file as numbers. @throws InputError where it is missing, or text stands for a number */
  column(name: string): Float64Array {
    const all = this.metadata.numbers(name);
    return Float64Array.from(this.rows, (row) => all[row]!);
  }

  /** A column of the file as text. @throws InputError where it is missing */
  textColumn(name: string): string[] {
    const all = this.metadata.text(name);
    return Array.from(this.rows, (row) => all[row]!);
  }

  /** All columns of single numbers or text that the file has, in its order. */
  fileColumns(): FileColumn[] {
    return this.metadata.columns();
  }

  /**
   * A column of the file as numbers, NaN where the file says nan or inf; undefined where it is not of numbers.
   * @throws InputError where it is missing
   */
  numericColumn(name: string): Float64Array | undefined {
    const all = this.metadata.numericValues(name);
    return all && Float64Array.from(this.rows, (row) => all[row]!);
  }

  /**
   * A column of the file as categories, in the order in which they occur in the file; some may not occur in this set.
   * @throws InputError where it is missing
   */
  categories(name: string): Categories {
    const { codes, names } = this.metadata.categories(name);
    return { codes: Uint32Array.from(this.rows, (row) => codes[row]!), names };
  }

  /** Whether the file has orientations. */
  get hasPoses(): boolean {
    return this.metadata.hasPoses;
  }

  /** Where the image of particle i is: the name of its stack as the file has it, and its place there, counted from 0. */
  image(i: number): { stack: string; section: number } {
    const row = this.rows[i]!;
    return { stack: this.metadata.stacks[this.metadata.stack[row]!]!, section: this.metadata.section[row]! };
  }

  /** Path of a stack by its name in the file. @throws InputError where there is no such file */
  findStack(name: string): Promise<string> {
    return this.reader.resolve(name);
  }

  /**
   * Some of these particles, in the order given.
   * @throws InputError when `indices` is empty or names a particle that the set does not have
   */
  select(indices: ArrayLike<number>): ParticleSet {
    if (indices.length === 0) throw new InputError("selection", "at least one particle", "none");
    const rows = new Int32Array(indices.length);
    for (let i = 0; i < indices.length; i++) {
      this.checkIndex(indices[i]!);
      rows[i] = this.rows[indices[i]!]!;
    }
    return new ParticleSet(this.source, rows);
  }

  /** As {@link select}, by rows of the file counted from 0. @throws InputError for a row that the set does not have */
  selectRows(rows: ArrayLike<number>): ParticleSet {
    const places = new Int32Array(this.metadata.count).fill(-1);
    for (let i = 0; i < this.count; i++) places[this.rows[i]!] = i;
    return this.select(Int32Array.from(rows, (row) => places[row] ?? -1));
  }

  private checkIndex(index: number): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.count) {
      throw new InputError("selection", `particles from 0 to ${this.count - 1}`, String(index));
    }
  }

  /**
   * Images as they are in their stacks, [n · S · S], [y][x] with x fastest, the molecule brighter than its
   * surroundings where the file says how it is, and with the opposite sign where the set was opened with `invertContrast`. Images of an optics group with another box or pixel size than the
   * reference group's are brought to the reference pixels: their Fourier transform is taken at its frequencies, so
   * nothing is interpolated; what lies beyond its box or Nyquist circle is left out, and their background becomes 0.
   *
   * @throws InputError where a stack is missing or broken, an image is not in it or not finite, or images differ in
   *   size from what the file says
   */
  async readImages(indices: ArrayLike<number>): Promise<Float32Array> {
    const { boxSize, apix } = this.reference;
    const pixels = boxSize * boxSize;
    const out = new Float32Array(indices.length * pixels);
    const resamplers = new Map<OpticsGroup, Resampler>();
    await this.visitImages(indices, (i, values, from, size) => {
      const group = this.opticsGroup(indices[i]!);
      if (size === boxSize && Math.abs(group.apix / apix - 1) <= 1e-3) {
        out.set(values.subarray(from, from + pixels), i * pixels);
        return;
      }
      let resample = resamplers.get(group);
      if (!resample) {
        resample = resampler(group, { boxSize, apix });
        resamplers.set(group, resample);
      }
      resample(values, from, out, i * pixels);
    });
    return out;
  }

  /**
   * Images of one optics group in its own pixels, [n · S · S] with S the group's box, otherwise as {@link readImages} gives them.
   * @throws InputError as {@link readImages}, and where the particles are not all of one group
   */
  async readGroupImages(indices: ArrayLike<number>): Promise<Float32Array> {
    if (indices.length === 0) return new Float32Array();
    const group = this.opticsGroup(indices[0]!);
    const pixels = group.boxSize ** 2;
    const out = new Float32Array(indices.length * pixels);
    await this.visitImages(indices, (i, values, from, size) => {
      if (this.opticsGroup(indices[i]!) !== group) {
        throw new InputError("selection", `particles of ${group.name} alone`, `particle ${indices[i]}`);
      }
      out.set(values.subarray(from, from + size * size), i * pixels);
    });
    return out;
  }

  /**
   * Reads images, stack by stack and those of a stack in their order there, and hands each on: its place in `indices`, an array
   * that holds its pixels from `from` on (valid during the call only), and its edge in pixels.
   */
  async visitImages(
    indices: ArrayLike<number>,
    visit: (i: number, values: Float32Array, from: number, size: number) => void,
  ): Promise<void> {
    const { stacks, section, contrast } = this.metadata;
    await inParallel([...this.byStack(indices)], stacksAtOnce, ([index, places]) =>
      this.reader.use(stacks[index]!, async (file) => {
        const size = file.size[0];
        const rowOf = (place: number) => this.rows[indices[places[place]!]!]!;
        for (let place = 0; place < places.length; place++) this.checkImage(rowOf(place), file);
        const sections = places.map((_, place) => section[rowOf(place)]!);
        await readSections(file, sections, (place, values, from) => {
          if ((contrast?.[rowOf(place)] === -1) !== this.invertContrast) {
            const image = values.slice(from, from + size * size).map((v) => -v);
            visit(places[place]!, image, 0, size);
          } else {
            visit(places[place]!, values, from, size);
          }
        });
      }),
    );
  }

  /** Places in `indices` of the particles of each stack, stacks in the order of their first particle. */
  private byStack(indices: ArrayLike<number>): Map<number, number[]> {
    const { stack } = this.metadata;
    const groups = new Map<number, number[]>();
    for (let i = 0; i < indices.length; i++) {
      this.checkIndex(indices[i]!);
      const index = stack[this.rows[indices[i]!]!]!;
      const places = groups.get(index);
      if (places) places.push(i);
      else groups.set(index, [i]);
    }
    return groups;
  }

  /**
   * Opens every stack once and checks that each particle has an image there, of the size that the file says, so that
   * long work does not fail half way.
   * @throws InputError for the first one that is missing, broken or different
   */
  async checkStacks(given: TaskOptions = {}): Promise<void> {
    const options = beginTask(given);
    const all = Int32Array.from({ length: this.count }, (_, i) => i);
    const groups = this.byStack(all);
    let done = 0;
    await inParallel([...groups], stacksAtOnce, async ([index, places]) => {
      throwIfStopped(options.signal);
      const check = async (file: MrcFile) => {
        for (const place of places) this.checkImage(this.rows[place]!, file);
      };
      await this.reader.use(this.metadata.stacks[index]!, check, options.signal);
      options.onProgress?.({ task: "looking at image stacks", done: ++done, total: groups.size });
    });
  }

  /** The image stacks of these particles, as their file names them, in the order of their first particle. */
  stackNames(): string[] {
    const { stacks, stack } = this.metadata;
    return [...new Set(Array.from(this.rows, (row) => stack[row]!))].map((index) => stacks[index]!);
  }

  /** The files of the image stacks of these particles, as far as they are there. */
  async stackFiles(): Promise<string[]> {
    const files = await Promise.all(
      this.stackNames().map((name) => this.reader.resolve(name).catch(() => undefined)),
    );
    return files.filter((file): file is string => file !== undefined);
  }

  /** Checks that the image of a row is in its stack and of the size that its optics group has. */
  private checkImage(row: number, stack: MrcFile): void {
    const { metadata } = this;
    const [size, , images] = stack.size;
    if (metadata.unnumbered?.[row] === 1 && images > 1) {
      throw new InputError(
        `${metadata.where(row)}, column _rlnImageName`,
        `an image number before @, since ${path.basename(stack.file)} holds ${images} images`,
        `a name alone${images === size ? " (subtomograms, which are volumes, are not read)" : ""}`,
      );
    }
    if (metadata.section[row]! >= images) {
      const found = `number ${metadata.section[row]! + 1}`;
      throw new InputError(
        metadata.where(row),
        `an image from 1 to ${images} of ${path.basename(stack.file)}`,
        found,
      );
    }
    const group = metadata.opticsGroups[metadata.opticsGroup[row]!]!;
    if (group.boxSize !== size) {
      const expected = `images of ${group.boxSize}×${group.boxSize} pixels, the size of ${group.name} in ${this.file}`;
      throw new InputError(stack.file, expected, `${size}×${size}`);
    }
    if (this.source.apix === undefined) this.reader.notePixelSize(stack, group.apix);
  }

  /**
   * Writes the particles of this set, in their order, as a file of the format that they were read from: the rows of
   * the file itself with every column, and all other tables as they were. Names of stacks stay as they are.
   *
   * @throws InputError when `target` is the file itself, or the set is empty
   */
  async writeStar(target: string): Promise<void> {
    await this.metadata.write(target, this.rows);
  }

  /** Closes the image stacks; they open again when needed. Sets made by {@link select} share them. */
  close(): Promise<void> {
    return this.reader.close();
  }
}

function hasRepeats(images: Int32Array, count: number): boolean {
  const seen = new Uint8Array(count);
  for (const image of images) {
    if (seen[image] === 1) return true;
    seen[image] = 1;
  }
  return false;
}
