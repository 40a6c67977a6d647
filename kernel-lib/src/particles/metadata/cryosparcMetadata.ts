import { finalName, writeAtomic } from "../../atomicWrite";
import { InputError } from "../../errors";
import { NumpyTable } from "../../formats/numpyTable";
import { refuseSameFile } from "../../formats/starWriter";
import { rotationFromVector } from "../../optics/pose";
import { categoriesOf } from "./categories";
import { cryosparcAlignments } from "./cryosparcAlignments";
import { ownResult, type ResultGroup, readResultGroup, writeResultGroup } from "./cryosparcGroup";
import {
  alignmentScale,
  cryosparcAberrationWarnings,
  cryosparcDefocus,
  cryosparcOptics,
  defocusFields,
  degrees,
} from "./cryosparcOptics";
import { cryosparcPoses, poseFields } from "./cryosparcPoses";
import type {
  Categories,
  DefocusColumns,
  FileColumn,
  GivenOptics,
  ListColumn,
  OpticsGroup,
  ParticleMetadata,
  RowPoses,
} from "./metadata";
import type { CheckedColumn } from "./metadataChecks";
import { type QuantityName, quantities } from "./quantities";

/** Fields that are read, and their numbers per row. */
const lengths: Readonly<Record<string, number>> = {
  "blob/path": 1,
  "blob/idx": 1,
  "blob/shape": 2,
  "blob/psize_A": 1,
  "blob/sign": 1,
  "ctf/accel_kv": 1,
  "ctf/cs_mm": 1,
  "ctf/amp_contrast": 1,
  "ctf/df1_A": 1,
  "ctf/df2_A": 1,
  "ctf/df_angle_rad": 1,
  "ctf/phase_shift_rad": 1,
  "ctf/bfactor": 1,
  "alignments3D/pose": 3,
  "alignments3D/shift": 2,
  "alignments3D/psize_A": 1,
  "alignments3D/split": 1,
};

/**
 * Reads the particles of a cryoSPARC `.cs` file, or of a result group (`.csg`), which names several. Fields that a `.cs` file lacks
 * are taken from the passthrough file beside it. Poses are those of `alignments3D`, which refinements write, else those of the most
 * probable class.
 *
 * @throws InputError for a malformed file, and if fields of particles are missing
 */
export async function readCryosparc(file: string, given: GivenOptics = {}): Promise<ParticleMetadata> {
  const { table: found, files, warnings } = await readResultGroup(file);
  const table = cryosparcAlignments(found, warnings);
  for (const field of ["blob/path", "blob/idx", "blob/shape", "blob/psize_A"]) {
    if (table.has(field)) continue;
    const named = [...table.fields.keys()].some((name) => name.startsWith("blob/"));
    const hint = named ? "" : ": is it a passthrough file, or one of micrographs?";
    throw new InputError(file, "the fields of a particle file", `no ${field}${hint}`);
  }
  for (const [name, length] of Object.entries(lengths)) {
    const field = table.fields.get(name);
    if (!field || field.length === length) continue;
    const numbers = length === 1 ? "one number" : `${length} numbers`;
    throw new InputError(`${file}: field ${name}`, `${numbers} in each row`, String(field.length));
  }
  if (table.count === 0) throw new InputError(file, "at least one particle", "none");
  return new CryosparcMetadata(table, given, { files, warnings });
}

class CryosparcMetadata implements ParticleMetadata {
  readonly extension = ".cs";
  readonly file: string;
  readonly count: number;
  readonly opticsGroups: OpticsGroup[];
  readonly opticsGroup: Uint16Array;
  readonly stacks: string[] = [];
  readonly stack: Int32Array;
  readonly section: Int32Array;
  readonly unnumbered = undefined;
  readonly unaligned: Uint8Array | undefined;
  readonly defocus: DefocusColumns | undefined;
  readonly contrast: Int8Array | undefined;
  readonly randomSubset: Uint8Array | undefined;
  readonly warnings: string[] = [];

  private readonly originScale: number;
  private readonly firstOfGroup: number[];

  constructor(
    private readonly table: NumpyTable,
    given: GivenOptics,
    private readonly source: Omit<ResultGroup, "table">,
  ) {
    this.warnings.push(...source.warnings);
    this.file = table.file;
    this.count = table.count;
    this.stack = new Int32Array(this.count);
    this.section = this.sections();
    this.findStacks();
    this.originScale = alignmentScale(table, given);
    const groups = cryosparcOptics(table, given);
    this.opticsGroups = groups.opticsGroups;
    this.opticsGroup = groups.opticsGroup;
    this.firstOfGroup = groups.firstOfGroup;
    this.defocus = cryosparcDefocus(table);
    if (!this.defocus) this.warnings.push("no CTF fields: images are used without CTF correction");
    this.contrast = this.readContrast();
    this.randomSubset = this.readHalves();
    this.warnings.push(...cryosparcAberrationWarnings(table));
    this.unaligned = this.findUnaligned();
  }

  private readContrast(): Int8Array | undefined {
    if (!this.table.has("blob/sign")) return undefined;
    const sign = this.table.numbers("blob/sign");
    return sign.some((value) => value < 0)
      ? Int8Array.from(sign, (value) => (value < 0 ? -1 : 1))
      : undefined;
  }

  private readHalves(): Uint8Array | undefined {
    if (!this.table.has("alignments3D/split")) return undefined;
    const split = this.table.numbers("alignments3D/split");
    // A refinement without half sets writes 0 for all. Values other than 0 and 1 are reported by checkMetadata.
    return split.some((value) => value !== split[0])
      ? Uint8Array.from(split, (value) => value + 1)
      : undefined;
  }

  private sections(): Int32Array {
    const places = this.table.numbers("blob/idx");
    const wrong = places.findIndex((place) => !(place >= 0 && place < 2 ** 31 && Number.isInteger(place)));
    if (wrong < 0) return Int32Array.from(places);
    const place = `${this.where(wrong)}, field blob/idx`;
    throw new InputError(place, "an image number in the stack, from 0", String(places[wrong]));
  }

  /** cryoSPARC writes exactly 0 for the rotation vector of unaligned particles. */
  private findUnaligned(): Uint8Array | undefined {
    if (!this.hasPoses) return undefined;
    const pose = this.table.numbers("alignments3D/pose");
    const unaligned = new Uint8Array(this.count);
    let found = 0;
    for (let row = 0; row < this.count; row++) {
      if (pose[3 * row] !== 0 || pose[3 * row + 1] !== 0 || pose[3 * row + 2] !== 0) continue;
      unaligned[row] = 1;
      found++;
    }
    if (found === 0) return undefined;
    if (found === this.count) {
      throw new InputError(`${this.file}: field alignments3D/pose`, "aligned particles", "only null vectors");
    }
    this.warnings.push(
      `${found} of ${this.count} particles have a null vector for a pose, which cryoSPARC writes for unaligned particles: they are left out`,
    );
    return unaligned;
  }

  private findStacks(): void {
    const known = new Map<string, number>();
    for (const [row, path] of this.table.text("blob/path").entries()) {
      // Paths of imported files have a prefix > that is not part of the name.
      const name = path.replace(/^>/, "");
      if (name === "")
        throw new InputError(`${this.where(row)}, field blob/path`, "the name of a stack", "none");
      let index = known.get(name);
      if (index === undefined) {
        index = this.stacks.push(name) - 1;
        known.set(name, index);
      }
      this.stack[row] = index;
    }
  }

  *checkedColumns(): Generator<CheckedColumn> {
    const { table } = this;
    const where = (name: string) => (row: number) => `${this.where(row)}, field ${name}`;
    const ofGroups = (
      quantity: "apix" | "boxSize" | "voltage" | "sphericalAberration" | "amplitudeContrast",
    ) => ({
      quantity,
      values: this.opticsGroups.map((group) => group[quantity]),
      where: (group: number) => where(quantities[quantity].cryosparc)(this.firstOfGroup[group]!),
    });
    yield ofGroups("apix");
    yield ofGroups("boxSize");
    const column = (
      quantity: QuantityName,
      name: string,
      more: Partial<CheckedColumn> = {},
    ): CheckedColumn[] =>
      table.has(name) ? [{ quantity, values: table.numbers(name), where: where(name), ...more }] : [];
    if (this.defocus) {
      yield ofGroups("voltage");
      yield ofGroups("sphericalAberration");
      yield ofGroups("amplitudeContrast");
      const { angle, phaseShift } = this.defocus;
      for (const name of defocusFields) yield* column("defocus", name, { phaseShift });
      const inRadians = { unit: "rad", inFile: (angle: number) => angle / degrees };
      yield* column("defocusAngle", "ctf/df_angle_rad", { ...inRadians, values: angle });
      if (phaseShift)
        yield* column("phaseShift", "ctf/phase_shift_rad", { ...inRadians, values: phaseShift });
      yield* column("bFactor", "ctf/bfactor");
    }
    yield* column("rotationVector", "alignments3D/pose", { width: 3 });
    yield* column("pixelOrigin", "alignments3D/shift", { width: 2 });
    yield* column("apix", "alignments3D/psize_A");
    yield* column("sign", "blob/sign");
    if (this.randomSubset) {
      const halves = table.numbers("alignments3D/split").map((value) => value + 1);
      yield* column("randomSubset", "alignments3D/split", { values: halves, inFile: (half) => half - 1 });
    }
  }

  get hasPoses(): boolean {
    return this.table.has("alignments3D/pose");
  }

  rotations(): Float32Array {
    this.requireField("alignments3D/pose");
    const pose = this.table.numbers("alignments3D/pose");
    const out = new Float32Array(9 * this.count);
    for (let i = 0; i < this.count; i++) {
      // cryoSPARC's vector rotates the image to the reference; its negative is the inverse.
      rotationFromVector([-pose[3 * i]!, -pose[3 * i + 1]!, -pose[3 * i + 2]!], out, 9 * i);
    }
    return out;
  }

  shifts(): Float32Array {
    this.requireField("alignments3D/shift");
    const shift = this.table.numbers("alignments3D/shift");
    const units = this.shiftUnits();
    // As RELION's origins, the negative of the particle's position.
    return Float32Array.from(shift, (x, i) => -x * units[i >> 1]!);
  }

  /** Å per pixel of the alignment, in which shifts are given, of each row. */
  private shiftUnits(): Float64Array {
    const own = this.table.has("alignments3D/psize_A") ? "alignments3D/psize_A" : "blob/psize_A";
    return this.table.numbers(own).map((apix) => apix * this.originScale);
  }

  private requireField(field: string): void {
    if (this.table.has(field)) return;
    throw new InputError(this.file, `the field ${field}, which a 3-D refinement writes`, "none of that name");
  }

  has(column: string): boolean {
    return this.table.has(column);
  }

  numbers(column: string): Float64Array {
    const field = this.table.fields.get(column);
    if (field && field.length > 1) {
      throw new InputError(`${this.file}: field ${column}`, "one number in each row", String(field.length));
    }
    return this.table.numbers(column);
  }

  text(column: string): string[] {
    return this.table.text(column);
  }

  columns(): FileColumn[] {
    return [...this.table.fields.values()].flatMap(({ name, length }): FileColumn[] => {
      if (this.table.isText(name)) return [{ name, kind: "text" }];
      if (length === 1) return [{ name, kind: "number" }];
      return Array.from({ length }, (_, j) => ({ name: `${name}[${j}]`, kind: "number" }));
    });
  }

  numericValues(column: string): Float64Array | undefined {
    const [field, component] = this.component(column);
    if (this.table.isText(field)) return undefined;
    return this.table.numbers(field, component).map((x) => (Number.isFinite(x) ? x : Number.NaN));
  }

  /** Field and component of a column such as `alignments3D/pose[2]`. */
  private component(column: string): [field: string, component: number] {
    const found = /^(.*)\[(\d+)\]$/.exec(column);
    const field = found && this.table.fields.get(found[1]!);
    return field && Number(found[2]) < field.length ? [field.name, Number(found[2])] : [column, 0];
  }

  categories(column: string): Categories {
    const words = this.table.has(column)
      ? this.table.text(column)
      : Array.from(this.table.numbers(...this.component(column)), String);
    return categoriesOf(this.count, (row) => words[row]!);
  }

  where(row: number): string {
    return `${this.file}: row ${row + 1}`;
  }

  write(target: string, rows: ArrayLike<number>): Promise<void> {
    return this.writeTable(target, this.table, rows);
  }

  writePoses(target: string, poses: RowPoses): Promise<void> {
    for (const field of poseFields) this.requireField(field);
    const table = this.table.withNumbers(cryosparcPoses(poses, this.shiftUnits()));
    return this.writeTable(
      target,
      table,
      Int32Array.from({ length: this.count }, (_, row) => row),
    );
  }

  /** New columns are fields `e2gmm/NAME` of float32 numbers. */
  writeList(target: string, rows: ArrayLike<number>, columns: readonly ListColumn[]): Promise<void> {
    const { table } = this;
    const chosen = NumpyTable.assemble(this.file, rows.length, [
      { table, fields: [...table.fields.keys()], rows },
      ...columns.map(({ name, value }) => ({
        name: `${ownResult}/${name}`,
        values: Float32Array.from({ length: rows.length }, (_, i) => numberOf(name, value(i))),
      })),
    ]);
    return this.writeTable(
      target,
      chosen,
      Int32Array.from({ length: rows.length }, (_, i) => i),
    );
  }

  private async writeTable(target: string, table: NumpyTable, rows: ArrayLike<number>): Promise<void> {
    if (!finalName(target).toLowerCase().endsWith(".cs")) {
      throw new InputError(target, "a name that ends in .cs, since the particles were read from a .cs file");
    }
    for (const file of this.source.files) await refuseSameFile(file, target);
    await writeAtomic(target, async (write) => {
      for (const bytes of table.subset(rows)) await write(bytes);
    });
    // A file that is renamed later gets its result group then.
    if (!/\.[0-9a-f]{8}\.part$/.test(target)) await writeResultGroup(target);
  }
}

function numberOf(name: string, value: number | string): number {
  if (typeof value === "number") return value;
  throw new InputError(`column ${name}`, "numbers, as a .cs file can hold them", JSON.stringify(value));
}
