import { InputError } from "../../errors";
import { parseNumber } from "../../formats/parseNumber";
import { readStar, type StarFile } from "../../formats/star";
import { NumberReader, type StarTable } from "../../formats/starTable";
import { type WriteStarOptions, writeStarRows } from "../../formats/starWriter";
import { rotationFromEuler } from "../../optics/pose";
import type {
  Categories,
  DefocusColumns,
  FileColumn,
  GivenOptics,
  OpticsGroup,
  ParticleMetadata,
  StackFacts,
  StackProbe,
} from "./metadata";
import { type Measured, type QuantityName, quantities } from "./metadataChecks";
import { opticsColumns } from "./opticsNumbers";
import { ImageNames, imageName, Words } from "./relionImages";
import { type Groups, relionOptics } from "./relionOptics";
import { particleTable, refuseTiltSeries } from "./relionTables";

const angleColumns = quantities.angle.relion;
const originColumns = quantities.origin.relion;
const pixelOriginColumns = quantities.pixelOrigin.relion;
const subsetColumn = quantities.randomSubset.relion[0]!;
/** Columns that are read together with the names of the images, where a file has them. */
const particleColumns = [
  ...opticsColumns,
  "_rlnDefocusU",
  "_rlnDefocusV",
  "_rlnDefocusAngle",
  "_rlnPhaseShift",
  "_rlnCtfBfactor",
  "_rlnCtfScalefactor",
  subsetColumn,
  ...angleColumns,
  ...originColumns,
  ...pixelOriginColumns,
];
/** What a CTF needs beside the defocus. */
const microscope = ["voltage", "sphericalAberration", "amplitudeContrast"] as const;
/** Particles that would be seen from all sides. */
const ENOUGH_FOR_ANGLES = 20;
/** Rows that tell whether a column holds numbers. */
const ROWS_LOOKED_AT = 50;
/** What programs write for a number that they could not work out. */
const notANumber = /^[+-]?(nan|inf|infinity)$/i;

/**
 * Reads the particles of a RELION STAR file: version 3.0 and older (one table, pixel size from the magnification or
 * the stack) and 3.1, 4 and 5 (optics groups).
 */
export async function readRelion(
  file: string,
  probe: StackProbe,
  given: GivenOptics = {},
): Promise<ParticleMetadata> {
  const star = await readStar(file);
  const table = particleTable(star);
  // One pass over the text for all: it may be half a gigabyte.
  const names = particleColumns.filter((column) => table.has(column));
  const numbers = new NumberReader(table, star.bytes, names);
  const images = new ImageNames(table, star.bytes);
  await refuseTiltSeries(star, table, probe);
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
  return new RelionMetadata(star, table, images, numbers, groups);
}

function isNumber(text: string): boolean {
  const bytes = Buffer.from(text);
  return !Number.isNaN(parseNumber(bytes, 0, bytes.length));
}

class RelionMetadata implements ParticleMetadata {
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

  constructor(
    private readonly star: StarFile,
    private readonly table: StarTable,
    images: ImageNames,
    private readonly values: NumberReader,
    private readonly groups: Groups,
  ) {
    this.file = star.file;
    this.count = table.count;
    ({ stacks: this.stacks, stack: this.stack, section: this.section, unnumbered: this.unnumbered } = images);
    ({ opticsGroups: this.opticsGroups, opticsGroup: this.opticsGroup } = groups);
    this.warnings = [...groups.warnings];
    this.defocus = this.readDefocus(values);
    if (!this.defocus) {
      this.warnings.push("no CTF columns: images are taken as not affected by a CTF");
    }
    const subset = values.column(subsetColumn);
    if (subset?.every((half) => half === 0)) {
      this.warnings.push(`${subsetColumn} is 0 for all particles, which is no half set`);
    } else if (subset) {
      // What else is no half set is refused by checkMetadata.
      this.randomSubset = Uint8Array.from(subset);
    }
    this.checkOrigins();
    this.checkAngles();
    const { hiddenRows } = table;
    if (hiddenRows > 0) {
      const lines = hiddenRows === 1 ? "1 line" : `${hiddenRows} lines`;
      this.warnings.push(
        `${lines} among the rows of data_${table.block} begin with # and have as many words as there are columns: they are comments, as for RELION, not particles`,
      );
    }
  }

  /** @throws InputError where one origin is there without the other */
  private checkOrigins(): void {
    const there = [...originColumns, ...pixelOriginColumns].filter((name) => this.table.has(name));
    const both = (names: readonly string[]) => names.every((name) => there.includes(name));
    if (there.length === 0) {
      if (this.hasPoses) this.warnings.push("no origins: shifts are taken as 0");
      return;
    }
    // An origin in Å comes first for RELION, even alone.
    const pixelsOnly = both(pixelOriginColumns) && !there.some((name) => originColumns.includes(name));
    if (!both(originColumns) && !pixelsOnly) {
      throw new InputError(
        `${this.file}: data_${this.table.block}`,
        `${originColumns.join(" and ")}, or ${pixelOriginColumns.join(" and ")}`,
        there.join(" and "),
      );
    }
    if (both(originColumns) && both(pixelOriginColumns) && this.originsDiffer()) {
      this.warnings.push("origins in Å and in pixels are not the same: those in Å are used, as RELION does");
    }
  }

  private originsDiffer(): boolean {
    return originColumns.some((name, axis) => {
      const pixels = this.values.column(pixelOriginColumns[axis]!)!;
      return this.values.column(name)!.some((origin, row) => {
        const other = pixels[row]! * this.opticsGroups[this.opticsGroup[row]!]!.apix;
        return Math.abs(origin - other) > 0.01 + 0.01 * Math.abs(origin);
      });
    });
  }

  private angles(): [rot: Float64Array, tilt: Float64Array, psi: Float64Array] {
    const [rot, tilt, psi] = angleColumns.map((name) => this.values.column(name)!);
    return [rot!, tilt!, psi!];
  }

  private checkAngles(): void {
    if (!this.hasPoses) return;
    const [rot, tilt, psi] = this.angles();
    let zero = 0;
    let largest = 0;
    for (let row = 0; row < this.count; row++) {
      const [a, b, c] = [rot[row]!, tilt[row]!, psi[row]!];
      if (a === 0 && b === 0 && c === 0) zero++;
      largest = Math.max(largest, Math.abs(a), Math.abs(b), Math.abs(c));
    }
    if (this.count >= ENOUGH_FOR_ANGLES && largest > 0 && largest <= 2 * Math.PI) {
      this.warnings.push(
        `no angle is beyond ${largest.toFixed(1)}°: RELION's are in degrees, not in radians`,
      );
    }
    if (zero > 1) {
      this.warnings.push(
        `${zero} of ${this.count} particles have the angles 0, 0, 0 exactly, as before an alignment`,
      );
    }
  }

  private readDefocus(numbers: NumberReader): DefocusColumns | undefined {
    const defocusU = numbers.column("_rlnDefocusU");
    const defocusV = numbers.column("_rlnDefocusV") ?? defocusU;
    const angle = numbers.column("_rlnDefocusAngle");
    const block = `${this.file}: data_${this.table.block}`;
    if (!defocusU || !defocusV) {
      if (defocusV) throw new InputError(block, "_rlnDefocusU beside _rlnDefocusV", "the latter alone");
      return undefined;
    }
    if (defocusV === defocusU && angle) {
      this.warnings.push("no _rlnDefocusV: astigmatism is taken as 0, as RELION does");
    }
    if (!angle && defocusV.some((v, row) => v !== defocusU[row])) {
      throw new InputError(block, "_rlnDefocusAngle, since _rlnDefocusU and _rlnDefocusV differ", "none");
    }
    for (const [row, group] of this.opticsGroup.entries()) {
      const missing = microscope.filter((name) => Number.isNaN(this.opticsGroups[group]![name]));
      if (missing.length === 0) continue;
      const labels = (names: readonly (typeof microscope)[number][]) =>
        names.map((name) => quantities[name].relion[0]).join(", ");
      throw new InputError(
        this.table.where(row),
        `${labels(microscope)} beside _rlnDefocusU`,
        `no ${labels(missing)}`,
      );
    }
    return {
      defocusU,
      defocusV,
      angle: angle ?? new Float64Array(this.count),
      phaseShift: numbers.column("_rlnPhaseShift"),
      bFactor: numbers.column("_rlnCtfBfactor"),
      scale: numbers.column("_rlnCtfScalefactor"),
    };
  }

  *measured(): Generator<Measured> {
    yield* this.groups.measured(this.defocus !== undefined);
    const column = (quantity: QuantityName, name: string): Measured | undefined => {
      const values = this.values.column(name);
      return values && { quantity, values, where: (row) => `${this.where(row)}, column ${name}` };
    };
    const names: QuantityName[] = ["angle", "origin", "pixelOrigin"];
    if (this.randomSubset) names.push("randomSubset");
    if (this.defocus) names.push("defocus", "defocusAngle", "phaseShift", "bFactor", "scale");
    for (const quantity of names) {
      for (const name of quantities[quantity].relion) {
        const measured = column(quantity, name);
        if (measured) yield { ...measured, phaseShift: this.defocus?.phaseShift };
      }
    }
  }

  get hasPoses(): boolean {
    return angleColumns.every((column) => this.table.has(column));
  }

  rotations(): Float32Array {
    const missing = angleColumns.filter((column) => !this.table.has(column));
    if (missing.length > 0) {
      throw new InputError(
        `${this.file}: data_${this.table.block}`,
        `the angle columns ${angleColumns.join(", ")}`,
        `no ${missing.join(", ")}`,
      );
    }
    const [rot, tilt, psi] = this.angles();
    const out = new Float32Array(9 * this.count);
    for (let i = 0; i < this.count; i++) rotationFromEuler([rot[i]!, tilt[i]!, psi[i]!], out, 9 * i);
    return out;
  }

  shifts(): Float32Array {
    const out = new Float32Array(2 * this.count);
    const inAngstrom = originColumns.every((name) => this.table.has(name));
    const [x, y] = (inAngstrom ? originColumns : pixelOriginColumns).map((name) => this.values.column(name));
    if (!x || !y) return out;
    const { originScale } = this.groups;
    for (let i = 0; i < this.count; i++) {
      const unit = inAngstrom ? originScale : this.opticsGroups[this.opticsGroup[i]!]!.apix;
      // RELION notes where the particle has to be moved from, this library where its centre lies.
      out[2 * i] = -x[i]! * unit;
      out[2 * i + 1] = -y[i]! * unit;
    }
    return out;
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
    const rows = this.table.rows(0, ROWS_LOOKED_AT);
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

  writeStar(target: string, rows: ArrayLike<number>, options: WriteStarOptions = {}): Promise<void> {
    return writeStarRows(target, { star: this.star, table: this.table, rows }, options);
  }
}
