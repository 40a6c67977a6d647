import { InputError } from "../errors";
import type { DefocusColumns, OpticsGroup, ParticleMetadata, StackProbe } from "./metadata";
import { parseNumber } from "./parseNumber";
import { rotationFromEuler } from "./pose";
import { readStar, type StarFile, type StarTable, writeStarRows } from "./star";

const imageName = "_rlnImageName";
const angleColumns = ["_rlnAngleRot", "_rlnAngleTilt", "_rlnAnglePsi"] as const;
const at = 64;

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
  const images = readImageNames(table, star);
  const optics = star.table("optics");
  const groups = optics
    ? await groupsOfTable(star, optics, table, images.stacks, probe)
    : await groupsOfColumns(star, table, images, probe);
  return new RelionMetadata(star, table, images, groups);
}

interface ImageNames {
  stacks: string[];
  stack: Int32Array;
  section: Int32Array;
}

interface Groups {
  opticsGroups: OpticsGroup[];
  opticsGroup: Uint16Array;
  notices: string[];
}

/** Splits `000012@folder/stack.mrcs`. Most rows name the stack of the row before, which is recognised by its bytes. */
function readImageNames(table: StarTable, star: StarFile): ImageNames {
  const { bytes } = star;
  const stacks: string[] = [];
  const known = new Map<string, number>();
  const stack = new Int32Array(table.count);
  const section = new Int32Array(table.count);
  let lastFrom = 0;
  let lastTo = 0;
  table.scan([imageName], (row, spans) => {
    const from = spans[0]!;
    const to = spans[1]!;
    let separator = from;
    while (separator < to && bytes[separator] !== at) separator++;
    const numbered = separator < to;
    const number = numbered ? parseNumber(bytes, from, separator) : 1;
    if (!Number.isInteger(number) || number < 1 || number > 0x7fffffff) {
      const place = `${table.where(row)}, column ${imageName}`;
      throw new InputError(
        place,
        "an image number of 1 or more before @",
        bytes.toString("utf8", from, separator),
      );
    }
    section[row] = number - 1;
    const nameFrom = numbered ? separator + 1 : from;
    if (row > 0 && bytes.compare(bytes, nameFrom, to, lastFrom, lastTo) === 0) {
      stack[row] = stack[row - 1]!;
      return;
    }
    const name = bytes.toString("utf8", nameFrom, to);
    if (name === "")
      throw new InputError(`${table.where(row)}, column ${imageName}`, "the name of a stack after @");
    let index = known.get(name);
    if (index === undefined) {
      index = stacks.push(name) - 1;
      known.set(name, index);
    }
    stack[row] = index;
    lastFrom = nameFrom;
    lastTo = to;
  });
  return { stacks, stack, section };
}

/** Optics groups of RELION 3.1 and newer, from the table data_optics. */
async function groupsOfTable(
  star: StarFile,
  optics: StarTable,
  table: StarTable,
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
  if (table.has("_rlnOpticsGroup")) {
    const indexOf = new Map(opticsGroups.map((_, i) => [ids?.[i] ?? i + 1, i]));
    const [used] = table.numbers(["_rlnOpticsGroup"]) as [Float64Array];
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
  return { opticsGroups, opticsGroup, notices: aberrationNotices(optics) };
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
  images: ImageNames,
  probe: StackProbe,
): Promise<Groups> {
  const { count } = table;
  const constant = (value: number) => new Float64Array(count).fill(value);
  const optional = (name: string) => (table.has(name) ? table.numbers([name])[0]! : constant(Number.NaN));
  const notices: string[] = [];
  const probed = await probe(images.stacks[0]!);
  let apix: Float64Array;
  if (table.has("_rlnPixelSize")) {
    [apix] = table.numbers(["_rlnPixelSize"]) as [Float64Array];
  } else if (table.has("_rlnDetectorPixelSize") && table.has("_rlnMagnification")) {
    const [detector, magnification] = table.numbers(["_rlnDetectorPixelSize", "_rlnMagnification"]) as [
      Float64Array,
      Float64Array,
    ];
    // The detector's pixels are in µm.
    apix = detector.map((size, i) => (size * 1e4) / magnification[i]!);
  } else if (probed.apix !== undefined) {
    apix = constant(probed.apix);
    notices.push(`no pixel size in the STAR file: ${probed.apix} Å is taken from the image stack`);
  } else {
    throw new InputError(star.file, "columns _rlnDetectorPixelSize and _rlnMagnification, or _rlnPixelSize");
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

  constructor(
    private readonly star: StarFile,
    private readonly table: StarTable,
    images: ImageNames,
    groups: Groups,
  ) {
    this.file = star.file;
    this.count = table.count;
    ({ stacks: this.stacks, stack: this.stack, section: this.section } = images);
    ({ opticsGroups: this.opticsGroups, opticsGroup: this.opticsGroup } = groups);
    this.notices = [...groups.notices];
    this.defocus = this.readDefocus();
    if (!this.defocus) {
      this.notices.push("no CTF columns: images are taken as not affected by a CTF");
    }
    if (table.has("_rlnRandomSubset")) {
      this.randomSubset = Uint8Array.from(table.numbers(["_rlnRandomSubset"])[0]!);
    }
  }

  private readDefocus(): DefocusColumns | undefined {
    const { table } = this;
    if (!table.has("_rlnDefocusU")) return undefined;
    for (const [row, group] of this.opticsGroup.entries()) {
      const { voltage, sphericalAberration, amplitudeContrast } = this.opticsGroups[group]!;
      if (Number.isFinite(voltage + sphericalAberration + amplitudeContrast)) continue;
      throw new InputError(
        table.where(row),
        "_rlnVoltage, _rlnSphericalAberration and _rlnAmplitudeContrast beside _rlnDefocusU",
        "not all of them",
      );
    }
    const optional = ["_rlnPhaseShift", "_rlnCtfBfactor", "_rlnCtfScalefactor"] as const;
    const wanted = ["_rlnDefocusU", "_rlnDefocusV", "_rlnDefocusAngle", ...optional].filter((c) =>
      table.has(c),
    );
    const values = table.numbers(wanted);
    const column = (name: string) => values[wanted.indexOf(name)];
    const defocusU = column("_rlnDefocusU")!;
    const [phaseShift, bFactor, scale] = optional.map(column);
    return {
      defocusU,
      defocusV: column("_rlnDefocusV") ?? defocusU,
      angle: column("_rlnDefocusAngle") ?? new Float64Array(this.count),
      ...(phaseShift && { phaseShift }),
      ...(bFactor && { bFactor }),
      ...(scale && { scale }),
    };
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
    const [rot, tilt, psi] = this.table.numbers(angleColumns) as [Float64Array, Float64Array, Float64Array];
    const out = new Float32Array(9 * this.count);
    for (let i = 0; i < this.count; i++) rotationFromEuler(rot[i]!, tilt[i]!, psi[i]!, out, 9 * i);
    return out;
  }

  shifts(): Float32Array {
    const { table } = this;
    const out = new Float32Array(2 * this.count);
    const inAngstrom = ["_rlnOriginXAngst", "_rlnOriginYAngst"].every((c) => table.has(c));
    const inPixels = ["_rlnOriginX", "_rlnOriginY"].every((c) => table.has(c));
    if (!inAngstrom && !inPixels) return out;
    const columns = inAngstrom ? ["_rlnOriginXAngst", "_rlnOriginYAngst"] : ["_rlnOriginX", "_rlnOriginY"];
    const [x, y] = table.numbers(columns) as [Float64Array, Float64Array];
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

  where(row: number): string {
    return this.table.where(row);
  }

  write(target: string, rows: ArrayLike<number>): Promise<void> {
    return writeStarRows(this.star, this.table, rows, target);
  }
}
