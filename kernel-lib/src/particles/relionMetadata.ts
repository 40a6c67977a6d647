import { InputError } from "../errors";
import type {
  Categories,
  DefocusColumns,
  FileColumn,
  OpticsGroup,
  ParticleMetadata,
  StackProbe,
} from "./metadata";
import { parseNumber } from "./parseNumber";
import { rotationFromEuler } from "./pose";
import {
  NumberReader,
  readStar,
  type StarFile,
  type StarTable,
  type WriteStarOptions,
  writeStarRows,
} from "./star";

const imageName = "_rlnImageName";
/** Columns that are read together with the names of the images, where a file has them. */
const particleColumns = [
  "_rlnOpticsGroup",
  "_rlnDefocusU",
  "_rlnDefocusV",
  "_rlnDefocusAngle",
  "_rlnPhaseShift",
  "_rlnCtfBfactor",
  "_rlnCtfScalefactor",
  "_rlnRandomSubset",
  "_rlnPixelSize",
  "_rlnDetectorPixelSize",
  "_rlnMagnification",
  "_rlnVoltage",
  "_rlnSphericalAberration",
  "_rlnAmplitudeContrast",
];
const angleColumns = ["_rlnAngleRot", "_rlnAngleTilt", "_rlnAnglePsi"] as const;
const originColumns = ["_rlnOriginXAngst", "_rlnOriginYAngst"] as const;
const pixelOriginColumns = ["_rlnOriginX", "_rlnOriginY"] as const;
const at = 64;
/** Rows that tell whether a column holds numbers. */
const ROWS_LOOKED_AT = 50;
/** What programs write for a number that they could not work out. */
const notANumber = /^[+-]?(nan|inf|infinity)$/i;

/**
 * Reads the particles of a RELION STAR file: version 3.0 and older (one table, pixel size from the magnification or
 * the stack) and 3.1, 4 and 5 (optics groups).
 */
export async function readRelion(file: string, probe: StackProbe): Promise<ParticleMetadata> {
  const star = await readStar(file);
  const table = star.tables.find((t) => t.has(imageName) && t.block !== "optics");
  if (!table) {
    const found = star.tables.map((t) => `data_${t.block}`).join(", ") || "no loop at all";
    throw new InputError(file, `a loop with a column ${imageName}`, found);
  }
  if (table.count === 0)
    throw new InputError(`${file}: data_${table.block}`, "at least one particle", "none");
  // One pass over the text for all: it may be half a gigabyte.
  const names = particleColumns.filter((column) => table.has(column));
  const numbers = new NumberReader(table, star.bytes, names);
  const images = new ImageNames(table, star.bytes);
  table.scan([imageName, ...names], (row, spans) => {
    images.take(row, spans[0]!, spans[1]!);
    numbers.take(row, spans, 1);
  });
  const optics = star.table("optics");
  const groups = optics
    ? await groupsOfTable(star, optics, table, numbers, images.stacks, probe)
    : await groupsOfColumns(star, table, numbers, images.stacks, probe);
  return new RelionMetadata(star, table, images, numbers, groups);
}

interface Groups {
  opticsGroups: OpticsGroup[];
  opticsGroup: Uint16Array;
  notices: string[];
}

/**
 * The different words among many, numbered as they come. Most rows have the word of the row before, which is recognised
 * by its bytes.
 */
class Words {
  readonly names: string[] = [];
  private readonly known = new Map<string, number>();
  private last = [0, 0, -1] as [from: number, to: number, index: number];

  constructor(private readonly bytes: Buffer) {}

  indexOf(from: number, to: number): number {
    const [lastFrom, lastTo, last] = this.last;
    if (last >= 0 && this.bytes.compare(this.bytes, from, to, lastFrom, lastTo) === 0) return last;
    const name = this.bytes.toString("utf8", from, to);
    let index = this.known.get(name);
    if (index === undefined) {
      index = this.names.push(name) - 1;
      this.known.set(name, index);
    }
    this.last = [from, to, index];
    return index;
  }
}

/** Splits `000012@folder/stack.mrcs` row by row. */
class ImageNames {
  readonly stack: Int32Array;
  readonly section: Int32Array;
  private readonly words: Words;

  constructor(
    private readonly table: StarTable,
    private readonly bytes: Buffer,
  ) {
    this.stack = new Int32Array(table.count);
    this.section = new Int32Array(table.count);
    this.words = new Words(bytes);
  }

  get stacks(): string[] {
    return this.words.names;
  }

  take(row: number, from: number, to: number): void {
    const { bytes } = this;
    let separator = from;
    while (separator < to && bytes[separator] !== at) separator++;
    const numbered = separator < to;
    const number = numbered ? parseNumber(bytes, from, separator) : 1;
    if (!Number.isInteger(number) || number < 1 || number > 0x7fffffff) {
      const expected = "an image number of 1 or more before @";
      throw new InputError(this.place(row), expected, bytes.toString("utf8", from, separator));
    }
    this.section[row] = number - 1;
    const nameFrom = numbered ? separator + 1 : from;
    if (nameFrom === to) throw new InputError(this.place(row), "the name of a stack after @", "nothing");
    this.stack[row] = this.words.indexOf(nameFrom, to);
  }

  private place(row: number): string {
    return `${this.table.where(row)}, column ${imageName}`;
  }
}

/** Optics groups of RELION 3.1 and newer, from the table data_optics. */
async function groupsOfTable(
  star: StarFile,
  optics: StarTable,
  table: StarTable,
  particles: NumberReader,
  stacks: string[],
  probe: StackProbe,
): Promise<Groups> {
  const numbers = (name: string) => (optics.has(name) ? optics.numbers([name])[0] : undefined);
  const names = optics.has("_rlnOpticsGroupName") ? optics.text("_rlnOpticsGroupName") : undefined;
  const ids = numbers("_rlnOpticsGroup");
  const dimensions = numbers("_rlnImageDimensionality");
  const apix = numbers("_rlnImagePixelSize");
  if (!apix) throw new InputError(`${star.file}: data_optics`, "a column _rlnImagePixelSize");
  const boxSize = numbers("_rlnImageSize");
  const voltage = numbers("_rlnVoltage");
  const cs = numbers("_rlnSphericalAberration");
  const contrast = numbers("_rlnAmplitudeContrast");
  const flipped = numbers("_rlnCtfDataArePhaseFlipped");
  const premultiplied = numbers("_rlnCtfDataAreCtfPremultiplied");
  const probed = boxSize ? undefined : await probe(stacks[0]!);
  const opticsGroups: OpticsGroup[] = [];
  for (let i = 0; i < optics.count; i++) {
    if (dimensions && dimensions[i] !== 2) {
      throw new InputError(optics.where(i), "2-dimensional images", `${dimensions[i]}-dimensional ones`);
    }
    opticsGroups.push({
      name: names?.[i] ?? `opticsGroup${i + 1}`,
      apix: positive(apix[i]!, optics.where(i), "_rlnImagePixelSize"),
      boxSize: positive(boxSize?.[i] ?? probed!.boxSize, optics.where(i), "_rlnImageSize"),
      voltage: voltage?.[i] ?? Number.NaN,
      sphericalAberration: cs?.[i] ?? Number.NaN,
      amplitudeContrast: contrast?.[i] ?? Number.NaN,
      phaseFlipped: flipped?.[i] === 1,
      ctfPremultiplied: premultiplied?.[i] === 1,
    });
  }
  const opticsGroup = new Uint16Array(table.count);
  const used = particles.column("_rlnOpticsGroup");
  if (used) {
    const indexOf = new Map(opticsGroups.map((_, i) => [ids?.[i] ?? i + 1, i]));
    for (let row = 0; row < used.length; row++) {
      const index = indexOf.get(used[row]!);
      if (index === undefined) {
        const place = `${table.where(row)}, column _rlnOpticsGroup`;
        throw new InputError(
          place,
          `a group of data_optics (${[...indexOf.keys()].join(", ")})`,
          String(used[row]),
        );
      }
      opticsGroup[row] = index;
    }
  } else if (optics.count > 1) {
    throw new InputError(`${star.file}: data_${table.block}`, "a column _rlnOpticsGroup");
  }
  return {
    opticsGroups,
    opticsGroup,
    notices: [...correctionNotices(opticsGroups), ...aberrationNotices(optics)],
  };
}

/** What was done to the images already. */
function correctionNotices(groups: readonly OpticsGroup[]): string[] {
  const notices: string[] = [];
  if (groups.some((group) => group.phaseFlipped)) {
    notices.push("images are marked as phase flipped: their phases are left as they are");
  }
  if (groups.some((group) => group.ctfPremultiplied)) {
    notices.push("images are marked as multiplied by their CTF: their phases are left as they are");
  }
  return notices;
}

/** What RELION would correct and this library does not. */
function aberrationNotices(optics: StarTable): string[] {
  const used = (columns: string[], neutral: number) =>
    columns.some(
      (c) =>
        optics.has(c) &&
        optics.text(c).some((t) => t.split(/[[\],\s]+/).some((x) => x !== "" && Number(x) !== neutral)),
    );
  const notices: string[] = [];
  if (used(["_rlnBeamTiltX", "_rlnBeamTiltY", "_rlnOddZernike", "_rlnEvenZernike"], 0)) {
    notices.push("beam tilt and higher-order aberrations in the optics table are not corrected");
  }
  if (used(["_rlnMagMat00", "_rlnMagMat11"], 1) || used(["_rlnMagMat01", "_rlnMagMat10"], 0)) {
    notices.push("the anisotropic magnification in the optics table is not corrected");
  }
  return notices;
}

/** Optics groups of RELION 3.0 and older: particles that agree in all that an optics group would say. */
async function groupsOfColumns(
  star: StarFile,
  table: StarTable,
  particles: NumberReader,
  stacks: string[],
  probe: StackProbe,
): Promise<Groups> {
  const { count } = table;
  const constant = (value: number) => new Float64Array(count).fill(value);
  const optional = (name: string) => particles.column(name) ?? constant(Number.NaN);
  const notices: string[] = [];
  const probed = await probe(stacks[0]!);
  const magnification = particles.column("_rlnMagnification");
  // The detector's pixels are in µm.
  const fromDetector =
    magnification &&
    particles.column("_rlnDetectorPixelSize")?.map((size, i) => (size * 1e4) / magnification[i]!);
  let apix = particles.column("_rlnPixelSize") ?? fromDetector;
  if (!apix) {
    if (probed.apix === undefined) {
      const found = "neither, and no pixel size in the image stack";
      throw new InputError(
        star.file,
        "columns _rlnDetectorPixelSize and _rlnMagnification, or _rlnPixelSize",
        found,
      );
    }
    apix = constant(probed.apix);
    notices.push(`no pixel size in the STAR file: ${probed.apix} Å is taken from the image stack`);
  }
  const voltage = optional("_rlnVoltage");
  const cs = optional("_rlnSphericalAberration");
  const contrast = optional("_rlnAmplitudeContrast");
  const opticsGroups: OpticsGroup[] = [];
  const opticsGroup = new Uint16Array(count);
  const known = new Map<string, number>();
  let lastKey = "";
  let lastIndex = 0;
  for (let row = 0; row < count; row++) {
    const key = `${apix[row]} ${voltage[row]} ${cs[row]} ${contrast[row]}`;
    if (key !== lastKey) {
      lastIndex = known.get(key) ?? -1;
      if (lastIndex < 0) {
        lastIndex = opticsGroups.length;
        if (lastIndex === 65536) throw new InputError(star.file, "at most 65536 different sets of optics");
        known.set(key, lastIndex);
        opticsGroups.push({
          name: `opticsGroup${lastIndex + 1}`,
          apix: positive(apix[row]!, table.where(row), "pixel size"),
          boxSize: probed.boxSize,
          voltage: voltage[row]!,
          sphericalAberration: cs[row]!,
          amplitudeContrast: contrast[row]!,
          phaseFlipped: false,
          ctfPremultiplied: false,
        });
      }
      lastKey = key;
    }
    opticsGroup[row] = lastIndex;
  }
  return { opticsGroups, opticsGroup, notices };
}

function isNumber(text: string): boolean {
  const bytes = Buffer.from(text);
  return !Number.isNaN(parseNumber(bytes, 0, bytes.length));
}

function positive(value: number, place: string, column: string): number {
  if (!(value > 0 && Number.isFinite(value))) {
    throw new InputError(`${place}, column ${column}`, "a number above 0", String(value));
  }
  return value;
}

class RelionMetadata implements ParticleMetadata {
  readonly file: string;
  readonly count: number;
  readonly opticsGroups: OpticsGroup[];
  readonly opticsGroup: Uint16Array;
  readonly stacks: readonly string[];
  readonly stack: Int32Array;
  readonly section: Int32Array;
  readonly defocus: DefocusColumns | undefined;
  readonly contrast = undefined;
  readonly randomSubset: Uint8Array | undefined;
  readonly notices: string[];
  private poses: Map<string, Float64Array> | undefined;

  constructor(
    private readonly star: StarFile,
    private readonly table: StarTable,
    images: ImageNames,
    numbers: NumberReader,
    groups: Groups,
  ) {
    this.file = star.file;
    this.count = table.count;
    ({ stacks: this.stacks, stack: this.stack, section: this.section } = images);
    ({ opticsGroups: this.opticsGroups, opticsGroup: this.opticsGroup } = groups);
    this.notices = [...groups.notices];
    this.defocus = this.readDefocus(numbers);
    if (!this.defocus) {
      this.notices.push("no CTF columns: images are taken as not affected by a CTF");
    }
    const subset = numbers.column("_rlnRandomSubset");
    if (subset) this.randomSubset = Uint8Array.from(subset);
  }

  private readDefocus(numbers: NumberReader): DefocusColumns | undefined {
    const defocusU = numbers.column("_rlnDefocusU");
    if (!defocusU) return undefined;
    for (const [row, group] of this.opticsGroup.entries()) {
      const { voltage, sphericalAberration, amplitudeContrast } = this.opticsGroups[group]!;
      if (Number.isFinite(voltage + sphericalAberration + amplitudeContrast)) continue;
      throw new InputError(
        this.table.where(row),
        "_rlnVoltage, _rlnSphericalAberration and _rlnAmplitudeContrast beside _rlnDefocusU",
        "not all of them",
      );
    }
    return {
      defocusU,
      defocusV: numbers.column("_rlnDefocusV") ?? defocusU,
      angle: numbers.column("_rlnDefocusAngle") ?? new Float64Array(this.count),
      phaseShift: numbers.column("_rlnPhaseShift"),
      bFactor: numbers.column("_rlnCtfBfactor"),
      scale: numbers.column("_rlnCtfScalefactor"),
    };
  }

  /** Angles and origins, read in one pass when the first of them is asked for. */
  private poseColumns(): Map<string, Float64Array> {
    if (!this.poses) {
      const names = [...angleColumns, ...originColumns, ...pixelOriginColumns].filter((c) =>
        this.table.has(c),
      );
      const values = this.table.numbers(names);
      this.poses = new Map(names.map((name, i) => [name, values[i]!]));
    }
    return this.poses;
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
    const poses = this.poseColumns();
    const [rot, tilt, psi] = angleColumns.map((name) => poses.get(name)!) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const out = new Float32Array(9 * this.count);
    for (let i = 0; i < this.count; i++) rotationFromEuler(rot[i]!, tilt[i]!, psi[i]!, out, 9 * i);
    return out;
  }

  shifts(): Float32Array {
    const poses = this.poseColumns();
    const out = new Float32Array(2 * this.count);
    const inAngstrom = originColumns.every((name) => poses.has(name));
    const [x, y] = (inAngstrom ? originColumns : pixelOriginColumns).map((name) => poses.get(name));
    if (!x || !y) return out;
    for (let i = 0; i < this.count; i++) {
      const unit = inAngstrom ? 1 : this.opticsGroups[this.opticsGroup[i]!]!.apix;
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

  looseNumbers(column: string): Float64Array | undefined {
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
    return writeStarRows(this.star, this.table, rows, target, options);
  }
}
