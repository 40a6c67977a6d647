import { finalName, writeAtomic } from "../../atomicWrite";
import { InputError } from "../../errors";
import { formatLst, type LstValues } from "../../formats/lstFile";
import { refuseSameFile } from "../../formats/starWriter";
import type { TaskOptions } from "../../progress";
import { categoriesOf } from "./categories";
import { type Eman2Images, readEman2Images, type UseStack } from "./eman2Images";
import { type Eman2Groups, eman2Groups } from "./eman2Optics";
import { type Eman2Rows, readEman2Rows } from "./eman2Rows";
import { eman2Transform } from "./eman2Values";
import type {
  Categories,
  DefocusColumns,
  FileColumn,
  GivenOptics,
  ListColumn,
  OpticsGroup,
  ParticleMetadata,
  RowPoses,
  StackFacts,
} from "./metadata";
import type { CheckedColumn } from "./metadataChecks";
import { quantities } from "./quantities";

const poseKey = "xform.projection";
/** Column of the fall-off of the signal, which is not part of the CTF here. */
const bFactorColumn = "ctf.bfactor";

/** Options of {@link readEman2}. */
export interface ReadEman2Options extends GivenOptics, TaskOptions {
  /** Facts of stacks that are missing. Default: a missing stack is an error. */
  withoutStacks?: StackFacts;
}

/**
 * Reads the particles of EMAN2: a list (.lst), or an HDF5 file with all its images. Transforms and CTF parameters are those of
 * the list, else of the image files' headers.
 *
 * @param use opens an image file
 * @throws InputError for malformed files, and for images of which some have a CTF and some have none
 */
export async function readEman2(
  file: string,
  use: UseStack,
  options: ReadEman2Options = {},
): Promise<ParticleMetadata> {
  const rows = await readEman2Rows(file);
  const images = await readEman2Images(rows, use, options);
  return new Eman2Metadata(rows, images, eman2Groups(rows, images, options));
}

class Eman2Metadata implements ParticleMetadata {
  readonly extension = ".lst";
  readonly file: string;
  readonly count: number;
  readonly opticsGroups: OpticsGroup[];
  readonly opticsGroup: Uint16Array;
  readonly stacks: readonly string[];
  readonly stack: Int32Array;
  readonly section: Int32Array;
  readonly unnumbered = undefined;
  readonly unaligned: Uint8Array | undefined;
  readonly defocus: DefocusColumns | undefined;
  readonly contrast = undefined;
  readonly randomSubset: Uint8Array | undefined;
  readonly warnings: string[];
  readonly hasPoses: boolean;

  constructor(
    private readonly rows: Eman2Rows,
    private readonly images: Eman2Images,
    private readonly groups: Eman2Groups,
  ) {
    ({ file: this.file, count: this.count } = rows);
    ({ stacks: this.stacks, stack: this.stack, section: this.section } = rows);
    ({ opticsGroups: this.opticsGroups, opticsGroup: this.opticsGroup, defocus: this.defocus } = groups);
    this.warnings = [...groups.warnings];
    const unaligned = Uint8Array.from({ length: this.count }, (_, row) =>
      Number.isNaN(images.rotations[9 * row]!) ? 1 : 0,
    );
    const missing = unaligned.reduce((sum, x) => sum + x, 0);
    this.hasPoses = missing < this.count;
    this.unaligned = this.hasPoses && missing > 0 ? unaligned : undefined;
    if (this.unaligned) {
      this.warnings.push(`${missing} of ${this.count} particles have no ${poseKey}: they are left out`);
    }
    this.randomSubset = this.readHalves();
  }

  /** EMAN2's refinement writes 0 and 1 for the even and the odd half (programs/e2spa_refine.py). */
  private readHalves(): Uint8Array | undefined {
    if (!this.rows.keys.includes("class")) return undefined;
    const halves = new Uint8Array(this.count);
    let both = 0;
    for (let row = 0; row < this.count; row++) {
      const value = this.rows.values(row)["class"];
      if (value !== 0 && value !== 1) return undefined;
      halves[row] = value + 1;
      both |= value + 1;
    }
    if (both !== 3) return undefined;
    this.warnings.push(
      "the classes 0 and 1 of the list are taken as the even and the odd half set, as EMAN2's refinement writes them",
    );
    return halves;
  }

  *checkedColumns(): Generator<CheckedColumn> {
    const { opticsGroups, groups, defocus } = this;
    const ofGroups = (
      quantity: "apix" | "boxSize" | "voltage" | "sphericalAberration" | "amplitudeContrast",
    ): CheckedColumn => ({
      quantity,
      values: opticsGroups.map((group) => group[quantity]),
      where: (group) => `${this.where(groups.firstOfGroup[group]!)}, ${quantities[quantity].name}`,
    });
    yield ofGroups("apix");
    yield ofGroups("boxSize");
    if (defocus) {
      yield ofGroups("voltage");
      yield ofGroups("sphericalAberration");
      const where = (row: number) => `${this.where(row)}, ctf`;
      const { defocusU, defocusV, angle, phaseShift } = defocus;
      for (const values of [defocusU, defocusV]) yield { quantity: "defocus", values, where, phaseShift };
      yield { quantity: "defocusAngle", values: angle, where };
    }
    if (this.hasPoses) {
      const where = (row: number) => `${this.where(row)}, ${poseKey}`;
      yield { quantity: "pixelOrigin", values: this.images.shifts, width: 2, where };
    }
  }

  rotations(): Float32Array {
    if (!this.hasPoses) {
      const found = `none in its rows or in the headers of ${this.stacks[0]}`;
      throw new InputError(this.file, `the transforms ${poseKey}, which a 3-D refinement writes`, found);
    }
    return this.images.rotations.slice();
  }

  shifts(): Float32Array {
    return this.images.shifts.map((x, i) => x * this.apixOf(i >> 1));
  }

  private apixOf(row: number): number {
    return this.opticsGroups[this.opticsGroup[row]!]!.apix;
  }

  has(column: string): boolean {
    return this.rows.keys.includes(column) || (column === bFactorColumn && this.defocus !== undefined);
  }

  private value(row: number, column: string): unknown {
    return column === bFactorColumn ? this.images.ctf.of(row)?.bfactor : this.rows.values(row)[column];
  }

  private requireColumn(column: string): void {
    if (!this.has(column)) {
      throw new InputError(this.file, `a key ${column}`, `the keys ${this.rows.keys.join(", ")}`);
    }
  }

  numbers(column: string): Float64Array {
    this.requireColumn(column);
    return Float64Array.from({ length: this.count }, (_, row) => {
      const value = this.value(row, column);
      if (typeof value === "number" && Number.isFinite(value)) return value;
      throw new InputError(`${this.where(row)}, ${column}`, "a number", JSON.stringify(value) ?? "nothing");
    });
  }

  text(column: string): string[] {
    this.requireColumn(column);
    return Array.from({ length: this.count }, (_, row) => textOf(this.value(row, column)));
  }

  columns(): FileColumn[] {
    const { keys } = this.rows;
    const rows = Array.from({ length: Math.min(this.count, 50) }, (_, row) => row);
    const found = keys.flatMap((name): FileColumn[] => {
      const values = rows.map((row) => this.value(row, name)).filter((x) => x !== undefined && x !== null);
      if (values.every((x) => typeof x === "number")) return [{ name, kind: "number" }];
      return values.every((x) => typeof x === "string" || typeof x === "number")
        ? [{ name, kind: "text" }]
        : [];
    });
    return this.defocus ? [...found, { name: bFactorColumn, kind: "number" }] : found;
  }

  numericValues(column: string): Float64Array | undefined {
    this.requireColumn(column);
    const values = new Float64Array(this.count);
    for (let row = 0; row < this.count; row++) {
      const value = this.value(row, column) ?? Number.NaN;
      if (typeof value !== "number") return undefined;
      values[row] = value;
    }
    return values;
  }

  categories(column: string): Categories {
    this.requireColumn(column);
    return categoriesOf(this.count, (row) => textOf(this.value(row, column)));
  }

  where(row: number): string {
    return this.rows.where(row);
  }

  write(target: string, rows: ArrayLike<number>): Promise<void> {
    return this.writeList(target, rows, []);
  }

  writePoses(target: string, { rotations, shifts, changed }: RowPoses): Promise<void> {
    const pose = (row: number): LstValues | undefined => {
      if (changed[row] === 0) return undefined;
      const apix = this.apixOf(row);
      const shift = [shifts[2 * row]! / apix, shifts[2 * row + 1]! / apix] as const;
      return { [poseKey]: eman2Transform(rotations, 9 * row, shift) };
    };
    return this.writeLines(target, this.count, (row) => this.rows.line(row, pose(row)));
  }

  writeList(target: string, rows: ArrayLike<number>, columns: readonly ListColumn[]): Promise<void> {
    return this.writeLines(target, rows.length, (i) => {
      if (columns.length === 0) return this.rows.line(rows[i]!);
      return this.rows.line(rows[i]!, Object.fromEntries(columns.map(({ name, value }) => [name, value(i)])));
    });
  }

  private async writeLines(target: string, count: number, line: (i: number) => string): Promise<void> {
    if (!finalName(target).toLowerCase().endsWith(".lst")) {
      throw new InputError(
        target,
        "a name that ends in .lst, since the particles were read from files of EMAN2",
      );
    }
    await refuseSameFile(this.file, target);
    await writeAtomic(target, async (write) => {
      for (const bytes of formatLst(count, line)) await write(bytes);
    });
  }
}

function textOf(value: unknown): string {
  return value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
}
