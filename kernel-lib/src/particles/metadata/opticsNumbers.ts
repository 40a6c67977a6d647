import { InputError } from "../../errors";
import type { StarFile } from "../../formats/star";
import { NumberReader, type StarTable } from "../../formats/starTable";
import { roundedText } from "../../shortText";
import type { GivenOptics, StackFacts } from "./metadata";

/** Numbers of the optics of a STAR file, which are in data_optics, in the particle table, or in both. */

const inText = (value: number) => roundedText(value, 6);

/** Columns of data_optics, which may be in the particle table instead. */
export const opticsColumns = [
  "_rlnOpticsGroup",
  "_rlnImagePixelSize",
  "_rlnPixelSize",
  "_rlnDetectorPixelSize",
  "_rlnMagnification",
  "_rlnVoltage",
  "_rlnSphericalAberration",
  "_rlnAmplitudeContrast",
  "_rlnImageSize",
  "_rlnImageDimensionality",
  "_rlnCtfDataArePhaseFlipped",
  "_rlnCtfDataAreCtfPremultiplied",
];

/** Sources of the optics of a file. */
export interface OpticsInput {
  star: StarFile;
  /** The particle table. */
  table: StarTable;
  /** Its numeric columns. */
  particles: NumberReader;
  given: GivenOptics;
  /** Reads facts from the first stack. */
  probe: () => Promise<StackFacts>;
}

/** A column of one of the two tables. */
export interface Column {
  name: string;
  values: Float64Array;
}

/** Where a number of the optics is found. */
export interface Source {
  /** Column of data_optics, which takes precedence. */
  ofGroup: Column | undefined;
  /** Column of the particle table. */
  ofParticle: Column | undefined;
}

/** Relative differences within these come from rounding, of the magnification for pixel sizes. */
const pixelSizeTolerance = 5e-3;
const defaultTolerance = 1e-3;

/** A row of the particle table and a row of data_optics; −1 for none. */
export interface At {
  row: number;
  group: number;
}

/** Whether a number is in the file. */
export function isPresent({ ofGroup, ofParticle }: Source): boolean {
  return ofGroup !== undefined || ofParticle !== undefined;
}

/** The number at a place; NaN if it is not in the file. */
export function numberOf({ ofGroup, ofParticle }: Source, { row, group }: At): number {
  return (ofGroup ? ofGroup.values[group] : ofParticle?.values[row]) ?? Number.NaN;
}

/** File, row and column of a number, for messages. */
export function placeOf(
  { star, table }: OpticsInput,
  { ofGroup, ofParticle }: Source,
  { row, group }: At,
): string {
  if (ofGroup) return `${star.table("optics")!.where(group)}, column ${ofGroup.name}`;
  if (ofParticle) return `${table.where(row)}, column ${ofParticle.name}`;
  return `${star.file}: images`;
}

/** Reads the numeric columns of data_optics. @throws InputError if it is empty or too long */
export function readOptics(star: StarFile, optics: StarTable): NumberReader {
  const place = `${star.file}: data_optics`;
  if (optics.count === 0) throw new InputError(place, "at least one group", "none");
  if (optics.count > 65536) throw new InputError(place, "at most 65536 groups", String(optics.count));
  const names = opticsColumns.filter((column) => optics.has(column));
  const reader = new NumberReader(optics, star.bytes, names);
  optics.scan(names, (row, spans) => reader.take(row, spans, 0));
  return reader;
}

/** A column by its name; undefined if it is missing. */
export function columnOf(reader: NumberReader | undefined, name: string): Column | undefined {
  const values = reader?.column(name);
  return values && { name, values };
}

/** The pixel size in a table, from the first of RELION's labels that it has. */
export function pixelSize(reader: NumberReader | undefined): Column | undefined {
  return (
    columnOf(reader, "_rlnImagePixelSize") ??
    columnOf(reader, "_rlnPixelSize") ??
    fromDetector(reader?.column("_rlnDetectorPixelSize"), reader?.column("_rlnMagnification"))
  );
}

function fromDetector(
  size: Float64Array | undefined,
  magnification: Float64Array | undefined,
): Column | undefined {
  if (!size || !magnification) return undefined;
  // Detector pixels are in µm.
  const values = size.map((x, i) => (x * 1e4) / magnification[i]!);
  return { name: "_rlnDetectorPixelSize / _rlnMagnification", values };
}

/** All columns with the pixel size. */
function pixelSizes(reader: NumberReader | undefined): Column[] {
  const detector = fromDetector(reader?.column("_rlnDetectorPixelSize"), reader?.column("_rlnMagnification"));
  // Programs write 0 for unknown values.
  const known = detector?.values.every((x) => x > 0 && Number.isFinite(x)) ? detector : undefined;
  const columns = [columnOf(reader, "_rlnImagePixelSize"), columnOf(reader, "_rlnPixelSize"), known];
  return columns.filter((column): column is Column => column !== undefined);
}

/** @throws InputError if a number differs between data_optics and the particle table */
export function requireAgreement(
  { table }: OpticsInput,
  { ofGroup, ofParticle }: Source,
  groupRow: Uint16Array | undefined,
): void {
  if (!ofGroup || !ofParticle || !groupRow) return;
  compare(inOptics(ofGroup), ofParticle, {
    of: (row) => groupRow[row]!,
    where: (row) => table.where(row),
    tolerance: defaultTolerance,
  });
}

/** @throws InputError if RELION's labels for the pixel size, in either table, disagree */
export function requireOnePixelSize(
  { star, table, particles }: OpticsInput,
  groups: NumberReader | undefined,
  groupRow: Uint16Array | undefined,
): void {
  const tolerance = pixelSizeTolerance;
  const advice = " (--apix, in a notebook `apix`, decides)";
  const ofGroups = pixelSizes(groups);
  const ofParticles = pixelSizes(particles);
  const same = (i: number) => i;
  for (const other of ofGroups.slice(1)) {
    const where = (i: number) => star.table("optics")!.where(i);
    compare(ofGroups[0]!, other, { of: same, where, tolerance, advice });
  }
  const first = ofGroups[0] ? inOptics(ofGroups[0]) : ofParticles[0];
  for (const other of ofGroups[0] ? ofParticles : ofParticles.slice(1)) {
    const of = ofGroups[0] ? (row: number) => groupRow![row]! : same;
    compare(first!, other, { of, where: (row) => table.where(row), tolerance, advice });
  }
}

function inOptics({ name, values }: Column): Column {
  return { name: `${name} of data_optics`, values };
}

interface Comparison {
  /** Row of the first column for a row of the second. */
  of: (row: number) => number;
  where: (row: number) => string;
  tolerance: number;
  advice?: string;
}

function compare(first: Column, second: Column, { of, where, tolerance, advice = "" }: Comparison): void {
  for (let row = 0; row < second.values.length; row++) {
    const [a, b] = [first.values[of(row)]!, second.values[row]!];
    if (Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b))) continue;
    const place = `${where(row)}, column ${second.name}`;
    throw new InputError(place, `${inText(a)}, as ${first.name} says`, `${inText(b)}${advice}`);
  }
}

/** The pixel size from a stack, with a warning. @throws InputError if its header has none */
export function pixelSizeOfStack(file: string, stack: StackFacts, warnings: string[]): number {
  const { apix } = stack;
  if (apix === undefined) {
    throw new InputError(
      file,
      "a pixel size (_rlnImagePixelSize, _rlnPixelSize, or _rlnDetectorPixelSize and _rlnMagnification; --apix, in a notebook `apix`, gives one)",
      "none of them, and none in the image stack",
    );
  }
  const doubt = apix === 1 ? ", which many programs write for an unknown one: --apix gives another" : "";
  warnings.push(`no pixel size in the STAR file: ${inText(apix)} Å is taken from the image stack${doubt}`);
  return apix;
}

/**
 * Factor for origins in Å if the user gives a pixel size: alignments find shifts in pixels, and programs convert them with the
 * pixel size of the file.
 * @throws InputError if the file has several pixel sizes
 */
export function originScale(input: OpticsInput, inFile: Source, groupRow: Uint16Array | undefined): number {
  const { given, table, star } = input;
  if (!isPresent(inFile)) return 1;
  const at = (row: number) => numberOf(inFile, { row, group: groupRow?.[row] ?? -1 });
  const first = at(0);
  for (let row = 1; row < table.count; row++) {
    if (Math.abs(at(row) - first) > pixelSizeTolerance * Math.abs(first)) {
      const found = `${inText(first)} and ${inText(at(row))} Å`;
      throw new InputError(`--apix: ${star.file}`, "particles of one pixel size", found);
    }
  }
  return first > 0 && Number.isFinite(first) ? given.apix! / first : 1;
}
