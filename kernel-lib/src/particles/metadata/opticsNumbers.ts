import { InputError } from "../../errors";
import type { StarFile } from "../../formats/star";
import { NumberReader, type StarTable } from "../../formats/starTable";
import type { GivenOptics, StackFacts } from "./metadata";

/** Numbers of the optics of a STAR file, which stand in data_optics, with every particle, or in both. */

/** What may stand in data_optics, or with every particle where there is no such table. */
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

/** What the optics of a file are read from. */
export interface OpticsInput {
  star: StarFile;
  /** The particles, and their columns of numbers that were read. */
  table: StarTable;
  particles: NumberReader;
  given: GivenOptics;
  /** Reads what the first stack says of itself. */
  probe: () => Promise<StackFacts>;
}

export interface Column {
  name: string;
  values: Float64Array;
}

/** One number of the optics: of each row of data_optics or, where it is not there, of each particle. */
export interface Source {
  ofGroup: Column | undefined;
  ofParticle: Column | undefined;
}

/** Differences above these are none of rounding, nor of a magnification in whole numbers. */
const PIXEL_SIZE_TOLERANCE = 5e-3;
const TOLERANCE = 1e-3;

/** A particle and its row of data_optics; −1 for none. */
export interface At {
  row: number;
  group: number;
}

export function isThere({ ofGroup, ofParticle }: Source): boolean {
  return ofGroup !== undefined || ofParticle !== undefined;
}

export function numberOf({ ofGroup, ofParticle }: Source, { row, group }: At): number {
  return (ofGroup ? ofGroup.values[group] : ofParticle?.values[row]) ?? Number.NaN;
}

export function placeOf(
  { star, table }: OpticsInput,
  { ofGroup, ofParticle }: Source,
  { row, group }: At,
): string {
  if (ofGroup) return `${star.table("optics")!.where(group)}, column ${ofGroup.name}`;
  if (ofParticle) return `${table.where(row)}, column ${ofParticle.name}`;
  return `${star.file}: images`;
}

export function readOptics(star: StarFile, optics: StarTable): NumberReader {
  const place = `${star.file}: data_optics`;
  if (optics.count === 0) throw new InputError(place, "at least one group", "none");
  if (optics.count > 65536) throw new InputError(place, "at most 65536 groups", String(optics.count));
  const names = opticsColumns.filter((column) => optics.has(column));
  const reader = new NumberReader(optics, star.bytes, names);
  optics.scan(names, (row, spans) => reader.take(row, spans, 0));
  return reader;
}

export function columnOf(reader: NumberReader | undefined, name: string): Column | undefined {
  const values = reader?.column(name);
  return values && { name, values };
}

/** The pixel size of one table, by the first of RELION's labels that it has. */
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
  // The detector's pixels are in µm.
  const values = size.map((x, i) => (x * 1e4) / magnification[i]!);
  return { name: "_rlnDetectorPixelSize / _rlnMagnification", values };
}

/** All columns that give the pixel size. */
function pixelSizes(reader: NumberReader | undefined): Column[] {
  const detector = fromDetector(reader?.column("_rlnDetectorPixelSize"), reader?.column("_rlnMagnification"));
  // Programs that know neither write 0.
  const known = detector?.values.every((x) => x > 0 && Number.isFinite(x)) ? detector : undefined;
  const columns = [columnOf(reader, "_rlnImagePixelSize"), columnOf(reader, "_rlnPixelSize"), known];
  return columns.filter((column): column is Column => column !== undefined);
}

/** @throws InputError where a number stands in data_optics and with the particles, and is not the same */
export function refuseContradiction(
  { table }: OpticsInput,
  { ofGroup, ofParticle }: Source,
  groupRow: Uint16Array | undefined,
): void {
  if (!ofGroup || !ofParticle || !groupRow) return;
  compare(inOptics(ofGroup), ofParticle, {
    of: (row) => groupRow[row]!,
    where: (row) => table.where(row),
    tolerance: TOLERANCE,
  });
}

/** @throws InputError where RELION's labels for the pixel size, in one table or in both, do not say the same */
export function refuseOtherPixelSizes(
  { star, table, particles }: OpticsInput,
  groups: NumberReader | undefined,
  groupRow: Uint16Array | undefined,
): void {
  const tolerance = PIXEL_SIZE_TOLERANCE;
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
  /** Row of the first column that belongs to one of the second. */
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
    throw new InputError(place, `${plain(a)}, as ${first.name} says`, `${plain(b)}${advice}`);
  }
}

function plain(value: number): string {
  return String(Number(value.toPrecision(6)));
}

export function pixelSizeOfStack(file: string, stack: StackFacts, warnings: string[]): number {
  const { apix } = stack;
  if (apix === undefined) {
    throw new InputError(
      file,
      "a pixel size (_rlnImagePixelSize, _rlnPixelSize, or _rlnDetectorPixelSize and _rlnMagnification; --apix, in a notebook `apix`, gives one)",
      "none of them, and none in the image stack",
    );
  }
  const doubt =
    apix === 1 ? ", which many programs write where they do not know it: --apix gives another" : "";
  warnings.push(`no pixel size in the STAR file: ${plain(apix)} Å is taken from the image stack${doubt}`);
  return apix;
}

/**
 * An alignment finds shifts in pixels, and its program writes them in Å with the pixel size that it was told: with another
 * pixel size they become others.
 * @throws InputError where the file has several pixel sizes
 */
export function originScale(input: OpticsInput, inFile: Source, groupRow: Uint16Array | undefined): number {
  const { given, table, star } = input;
  if (!isThere(inFile)) return 1;
  const at = (row: number) => numberOf(inFile, { row, group: groupRow?.[row] ?? -1 });
  const first = at(0);
  for (let row = 1; row < table.count; row++) {
    if (Math.abs(at(row) - first) > PIXEL_SIZE_TOLERANCE * Math.abs(first)) {
      const found = `${plain(first)} and ${plain(at(row))} Å`;
      throw new InputError(`--apix: ${star.file}`, "particles of one pixel size", found);
    }
  }
  return first > 0 && Number.isFinite(first) ? given.apix! / first : 1;
}
