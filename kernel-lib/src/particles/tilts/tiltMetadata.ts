import { InputError } from "../../errors";
import type { StarColumn, WriteStarOptions } from "../../formats/starWriter";
import type {
  Categories,
  DefocusColumns,
  FileColumn,
  ImagesOfParticles,
  OpticsGroup,
  ParticleMetadata,
} from "../metadata/metadata";
import type { CheckedColumn } from "../metadata/metadataChecks";
import { valuesOfRows } from "../particleRows";
import type { OptimisationSet } from "./optimisationSet";

/*
 * Particles of tilt series have several images each. Two views of one table stand for them: a row for each particle, which shows the
 * image of the lowest dose, and a row for each image. What belongs to a particle (columns, files) is asked of the first, what belongs
 * to an image (pixels, pose, CTF) of the second; `particleOf` connects them. Nothing below the particle set knows tilts.
 */

/** The images of tilt series, in the order of their particles, as they are read from files. */
export interface TiltImages {
  /** Particle of each image, from 0, ascending. */
  particleOf: Int32Array;
  /** Row of the table that describes each image, or its particle. */
  rowOf: Int32Array;
  stacks: readonly string[];
  /** Index into `stacks` of each image. */
  stack: Int32Array;
  section: Int32Array;
  /** Reference → image, [images · 9]. */
  rotations: Float32Array;
  /** Å, [images · 2]. */
  shifts: Float32Array;
  defocus: DefocusColumns | undefined;
  /** Exposure of each image, in e/Å². */
  dose: Float64Array;
  warnings: string[];
  /** Those of the warnings that say what is there, and nothing that could be wrong. */
  facts: string[];
  /** Files that they were read from beside that of the particles. */
  tomogramFiles?: readonly string[];
  /** The optimisation set that names the particles; a selection of them gets one, too. */
  optimisationSet?: OptimisationSet | undefined;
}

/** Tables of particles of tilt series: `tilts` has their images. */
export function tiltSeriesMetadata(base: ParticleMetadata, images: TiltImages): ParticleMetadata {
  const all = Int32Array.from(images.particleOf, (_, i) => i);
  const tilts = { metadata: new TiltMetadata(base, images, all), particleOf: images.particleOf };
  return new TiltMetadata(base, images, leastDose(images), tilts);
}

/** The image of the lowest dose of each particle. */
function leastDose({ particleOf, dose }: TiltImages): Int32Array {
  const chosen: number[] = [];
  for (let i = 0; i < particleOf.length; i++) {
    const known = chosen[particleOf[i]!];
    if (known === undefined || dose[i]! < dose[known]!) chosen[particleOf[i]!] = i;
  }
  return Int32Array.from(chosen);
}

/** Rows of a table that stand for images: all, or one for each particle. */
class TiltMetadata implements ParticleMetadata {
  readonly extension = ".star";
  readonly unnumbered = undefined;
  readonly unaligned = undefined;
  readonly contrast = undefined;
  readonly stack: Int32Array;
  readonly section: Int32Array;
  readonly opticsGroup: Uint16Array;
  readonly defocus: DefocusColumns | undefined;
  readonly randomSubset: Uint8Array | undefined;
  /** Row of the table of each of these rows. */
  private readonly rows: Int32Array;

  constructor(
    private readonly base: ParticleMetadata,
    private readonly images: TiltImages,
    /** The image that each row stands for. */
    private readonly chosen: Int32Array,
    readonly tilts?: ImagesOfParticles,
  ) {
    const some = (values: ArrayLike<number>) => Int32Array.from(chosen, (image) => values[image]!);
    this.rows = some(images.rowOf);
    this.stack = some(images.stack);
    this.section = some(images.section);
    this.opticsGroup = Uint16Array.from(this.rows, (row) => base.opticsGroup[row]!);
    this.defocus = images.defocus && defocusOf(images.defocus, chosen);
    const halves = base.randomSubset;
    this.randomSubset = halves && Uint8Array.from(this.rows, (row) => halves[row]!);
  }

  get file(): string {
    return this.base.file;
  }

  get count(): number {
    return this.chosen.length;
  }

  get opticsGroups(): OpticsGroup[] {
    return this.base.opticsGroups;
  }

  get stacks(): readonly string[] {
    return this.images.stacks;
  }

  get tomogramFiles(): readonly string[] {
    return this.images.tomogramFiles ?? [];
  }

  get warnings(): string[] {
    return this.base.warnings;
  }

  get facts(): string[] {
    return this.images.facts;
  }

  get hasPoses(): boolean {
    return this.base.hasPoses;
  }

  *checkedColumns(): Generator<CheckedColumn> {
    yield* this.base.checkedColumns();
  }

  rotations(): Float32Array {
    return valuesOfRows(this.images.rotations, 9, this.chosen);
  }

  shifts(): Float32Array {
    return valuesOfRows(this.images.shifts, 2, this.chosen);
  }

  has(column: string): boolean {
    return this.base.has(column);
  }

  numbers(column: string): Float64Array {
    const all = this.base.numbers(column);
    return Float64Array.from(this.rows, (row) => all[row]!);
  }

  text(column: string): string[] {
    const all = this.base.text(column);
    return Array.from(this.rows, (row) => all[row]!);
  }

  columns(): FileColumn[] {
    return this.base.columns();
  }

  numericValues(column: string): Float64Array | undefined {
    const all = this.base.numericValues(column);
    return all && Float64Array.from(this.rows, (row) => all[row]!);
  }

  categories(column: string): Categories {
    const { codes, names } = this.base.categories(column);
    return { codes: Uint32Array.from(this.rows, (row) => codes[row]!), names };
  }

  where(row: number): string {
    return this.base.where(this.rows[row]!);
  }

  write(target: string, rows: ArrayLike<number>): Promise<void> {
    return this.writeStar(target, rows);
  }

  /** @throws InputError: poses of tilt series are those of a particle and of its tilts */
  async writePoses(target: string): Promise<void> {
    throw new InputError(
      target,
      "particles with one image each",
      `those of tilt series (${this.file}), whose poses are not written`,
    );
  }

  async writeStar(target: string, rows: ArrayLike<number>, options: WriteStarOptions = {}): Promise<void> {
    const { base, tilts } = this;
    const ownRows = tilts ? this.tableRows() : Array.from(this.rows, (row) => [row]);
    const written: number[] = [];
    const of: number[] = [];
    for (let i = 0; i < rows.length; i++) {
      for (const row of ownRows[rows[i]!]!) {
        written.push(row);
        of.push(i);
      }
    }
    const columns = options.columns?.map(
      ({ name, text, keeps }): StarColumn => ({
        name,
        text: (i) => text(of[i]!),
        ...(keeps && { keeps: (i: number) => keeps(of[i]!) }),
      }),
    );
    const { optimisationSet } = this.images;
    await optimisationSet?.requireOther(target);
    await base.writeStar!(target, written, { ...options, ...(columns && { columns }) });
    await optimisationSet?.write(target);
  }

  /** The rows of the table that belong to each particle, ascending. */
  private tableRows(): number[][] {
    const { particleOf, rowOf } = this.images;
    const rows: number[][] = Array.from(this.chosen, () => []);
    for (let i = 0; i < rowOf.length; i++) {
      const own = rows[particleOf[i]!]!;
      if (own.at(-1) !== rowOf[i]) own.push(rowOf[i]!);
    }
    return rows;
  }
}

function defocusOf(all: DefocusColumns, rows: Int32Array): DefocusColumns {
  const some = (values: Float64Array) => Float64Array.from(rows, (row) => values[row]!);
  return {
    defocusU: some(all.defocusU),
    defocusV: some(all.defocusV),
    angle: some(all.angle),
    phaseShift: all.phaseShift && some(all.phaseShift),
    bFactor: all.bFactor && some(all.bFactor),
    scale: all.scale && some(all.scale),
    dose: all.dose && some(all.dose),
  };
}
