import { InputError } from "../../errors";
import { parseNumber } from "../../formats/parseNumber";
import { readStar, type StarFile } from "../../formats/star";
import { NumberReader, type StarTable } from "../../formats/starTable";
import { type WriteStarOptions, writeStarRows } from "../../formats/starWriter";
import type { TaskOptions } from "../../progress";
import { groupedTilts, tiltGroupColumn } from "../tilts/groupedTilts";
import { OptimisationSet } from "../tilts/optimisationSet";
import { stackedTilts } from "../tilts/stackedTilts";
import { type TiltImages, tiltSeriesMetadata } from "../tilts/tiltMetadata";
import type {
  Categories,
  DefocusColumns,
  FileColumn,
  GivenOptics,
  OpticsGroup,
  ParticleMetadata,
  RowPoses,
  StackFacts,
  StackProbe,
} from "./metadata";
import type { CheckedColumn } from "./metadataChecks";
import { opticsColumns } from "./opticsNumbers";
import { type QuantityName, quantities } from "./quantities";
import { defocusColumns, readDefocus } from "./relionDefocus";
import { ImageNames, imageName, Words } from "./relionImages";
import { type Groups, relionOptics } from "./relionOptics";
import { relionPoseColumns } from "./relionPoseColumns";
import { poseColumns, RelionPoses } from "./relionPoses";
import { filesOfSet, hasTiltStacks, particleTable } from "./relionTables";

const subsetColumn = quantities.randomSubset.relion[0]!;
/** Columns that are parsed together with the image names, if present. */
const particleColumns = [...opticsColumns, ...defocusColumns, subsetColumn, ...poseColumns];
/** Rows from which the kind of a column is determined. */
const sampledRows = 50;
/** What programs write for an undefined number. */
const notANumber = /^[+-]?(nan|inf|infinity)$/i;

/**
 * Reads the particles of a RELION STAR file: version 3.0 and older (one table, pixel size from the magnification or
 * the stack), and 3.1 to 5 (optics groups); or the particles that an optimisation set of RELION 5 names. Tilt series have
 * their images in `tilts`.
 *
 * @param probe reads facts that are missing in the file from a stack
 * @throws InputError for a malformed file, tilt series without their tomograms, and subtomograms that are volumes
 */
export async function readRelion(
  file: string,
  probe: StackProbe,
  given: GivenOptics = {},
): Promise<ParticleMetadata> {
  const star = await readStar(file);
  const named = await filesOfSet(star);
  if (named !== undefined) {
    const { particles, tomograms } = named;
    const optimisationSet = tomograms === undefined ? undefined : new OptimisationSet(star, tomograms);
    return readRelion(particles, probe, { ...given, tomograms, optimisationSet });
  }
  const table = particleTable(star);
  // A single pass over the text, which may be half a gigabyte.
  const names = particleColumns.filter((column) => table.has(column));
  const numbers = new NumberReader(table, star.bytes, names);
  const images = new ImageNames(table, star.bytes);
  const stacked = hasTiltStacks(star, table);
  if (stacked && given.tomograms === undefined) throw withoutTomograms(file);
  table.scan([imageName, ...names], (row, spans) => {
    images.take(row, spans[0]!, spans[1]!);
    numbers.take(row, spans, 1);
  });
  let probed: Promise<StackFacts> | undefined;
  const groups = await relionOptics({
    star,
    table,
    particles: numbers,
    given,
    probe: () => {
      probed ??= probe(images.stacks[0]!);
      return probed;
    },
  });
  const metadata = new RelionMetadata({ star, table, images, values: numbers, groups, stacked });
  if (stacked) {
    const { tomograms, optimisationSet } = given;
    const { originScale } = groups;
    const images = await stackedTilts({ table, base: metadata, tomograms: tomograms!, originScale, probe });
    return withTilts(metadata, { ...images, optimisationSet });
  }
  const group = tiltGroupColumn(table, numbers);
  return group === undefined ? metadata : withTilts(metadata, groupedTilts(metadata, group));
}

function withTilts(metadata: ParticleMetadata, images: TiltImages): ParticleMetadata {
  metadata.warnings.push(...images.warnings);
  return tiltSeriesMetadata(metadata, images);
}

function withoutTomograms(file: string): InputError {
  return new InputError(
    file,
    "the optimisation set (…optimisation_set.star) of tilt series, which names particles and tomograms",
    "the particles alone",
  );
}

/** A parsed STAR file. */
interface RelionParts {
  star: StarFile;
  table: StarTable;
  images: ImageNames;
  /** The numeric columns. */
  values: NumberReader;
  groups: Groups;
  /** Whether each particle has a stack of its tilts, whose CTFs are in the tomograms. */
  stacked: boolean;
}

class RelionMetadata implements ParticleMetadata {
  readonly extension = ".star";
  readonly file: string;
  readonly count: number;
  readonly opticsGroups: OpticsGroup[];
  readonly opticsGroup: Uint16Array;
  readonly stacks: readonly string[];
  readonly stack: Int32Array;
  readonly section: Int32Array;
  readonly unnumbered: Uint8Array | undefined;
  readonly unaligned = undefined;
  readonly defocus: DefocusColumns | undefined;
  readonly contrast = undefined;
  readonly randomSubset: Uint8Array | undefined;
  readonly warnings: string[];
  private readonly star: StarFile;
  private readonly table: StarTable;
  private readonly poses: RelionPoses;

  constructor(private readonly parts: RelionParts) {
    const { star, table, images, values, groups } = parts;
    this.star = star;
    this.table = table;
    this.file = star.file;
    this.count = table.count;
    ({ stacks: this.stacks, stack: this.stack, section: this.section, unnumbered: this.unnumbered } = images);
    ({ opticsGroups: this.opticsGroups, opticsGroup: this.opticsGroup } = groups);
    const { defocus, warnings } = parts.stacked
      ? { defocus: undefined, warnings: [] }
      : readDefocus({ file: star.file, table, values, groups });
    this.defocus = defocus;
    this.poses = new RelionPoses(star.file, table, values, groups);
    this.warnings = [...groups.warnings, ...warnings];
    this.randomSubset = this.readSubsets();
    this.warnings.push(...this.poses.warnings(), ...hiddenRowWarnings(table));
  }

  private readSubsets(): Uint8Array | undefined {
    const subset = this.parts.values.column(subsetColumn);
    if (subset?.every((half) => half === 0)) {
      this.warnings.push(`${subsetColumn} is 0 for all particles: there are no half sets`);
      return undefined;
    }
    // Other invalid values are reported by checkMetadata.
    return subset && Uint8Array.from(subset);
  }

  *checkedColumns(): Generator<CheckedColumn> {
    yield* this.parts.groups.checkedColumns(this.defocus !== undefined);
    const names: QuantityName[] = ["angle", "origin", "pixelOrigin"];
    if (this.randomSubset) names.push("randomSubset");
    if (this.defocus) names.push("defocus", "defocusAngle", "phaseShift", "bFactor", "scale");
    for (const quantity of names) {
      for (const name of quantities[quantity].relion) {
        const values = this.parts.values.column(name);
        if (!values) continue;
        const where = (row: number) => `${this.where(row)}, column ${name}`;
        yield { quantity, values, where, phaseShift: this.defocus?.phaseShift };
      }
    }
  }

  get hasPoses(): boolean {
    return this.poses.arePresent;
  }

  rotations(): Float32Array {
    return this.poses.rotations();
  }

  shifts(): Float32Array {
    return this.poses.shifts();
  }

  has(column: string): boolean {
    return this.table.has(column);
  }

  numbers(column: string): Float64Array {
    return this.table.numbers([column])[0]!;
  }

  text(column: string): string[] {
    return this.table.text(column);
  }

  columns(): FileColumn[] {
    const rows = this.table.rows(0, sampledRows);
    return this.table.columns.map((column, j) => ({
      name: column.replace(/^_/, ""),
      kind: rows.every((row) => notANumber.test(row[j]!) || isNumber(row[j]!)) ? "number" : "text",
    }));
  }

  numericValues(column: string): Float64Array | undefined {
    const { bytes } = this.star;
    const values = new Float64Array(this.count);
    let words = 0;
    this.table.scan([column], (row, spans) => {
      const value = parseNumber(bytes, spans[0]!, spans[1]!);
      values[row] = value;
      if (Number.isNaN(value) && !notANumber.test(bytes.toString("latin1", spans[0]!, spans[1]!))) words++;
    });
    return words > 0 ? undefined : values;
  }

  categories(column: string): Categories {
    const words = new Words(this.star.bytes);
    const codes = new Uint32Array(this.count);
    this.table.scan([column], (row, spans) => {
      codes[row] = words.indexOf(spans[0]!, spans[1]!);
    });
    return { codes, names: words.names };
  }

  where(row: number): string {
    return this.table.where(row);
  }

  write(target: string, rows: ArrayLike<number>): Promise<void> {
    return this.writeStar(target, rows);
  }

  writePoses(target: string, poses: RowPoses, options: TaskOptions): Promise<void> {
    const { star, table, count } = this;
    const columns = relionPoseColumns(poses, { table, groups: this.parts.groups, star });
    const rows = Int32Array.from({ length: count }, (_, row) => row);
    return writeStarRows(target, { star, table, rows }, { ...options, columns });
  }

  writeStar(target: string, rows: ArrayLike<number>, options: WriteStarOptions = {}): Promise<void> {
    return writeStarRows(target, { star: this.star, table: this.table, rows }, options);
  }
}

function hiddenRowWarnings({ hiddenRows, block }: StarTable): string[] {
  if (hiddenRows === 0) return [];
  const lines = hiddenRows === 1 ? "1 line" : `${hiddenRows} lines`;
  return [
    `${lines} among the rows of data_${block} begin with # and have as many words as there are columns: they are comments, as for RELION, not particles`,
  ];
}

function isNumber(text: string): boolean {
  const bytes = Buffer.from(text);
  return !Number.isNaN(parseNumber(bytes, 0, bytes.length));
}
