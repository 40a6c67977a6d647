import { InputError } from "../errors";
import type { GivenOptics, OpticsGroup, StackFacts } from "./metadata";
import type { Measured } from "./metadataChecks";
import type { StarFile } from "./star";
import { NumberReader, type StarTable } from "./starTable";

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

/** The groups of a file, which particle is of which, and where their numbers stand. */
export interface Groups {
  opticsGroups: OpticsGroup[];
  opticsGroup: Uint16Array;
  notices: string[];
  /** Factor on origins in Å, which were measured in pixels and written with the pixel size of the file. */
  originScale: number;
  /** @param microscope whether voltage, aberration and amplitude contrast are used */
  measured(microscope: boolean): Measured[];
}

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

interface Column {
  name: string;
  values: Float64Array;
}

/** One number of the optics: of each row of data_optics or, where it is not there, of each particle. */
interface Source {
  ofGroup: Column | undefined;
  ofParticle: Column | undefined;
}

/** Differences above these are none of rounding, nor of a magnification in whole numbers. */
const PIXEL_SIZE_TOLERANCE = 5e-3;
const TOLERANCE = 1e-3;

/**
 * The optics groups of a STAR file: those of data_optics (RELION 3.1 and newer); else particles that agree in all that a group
 * would say, from their own columns (RELION 3.0, and files that other programs made from tables joined into one).
 *
 * @throws InputError for groups twice or missing, numbers given twice and not the same, no pixel size
 */
export async function relionOptics(input: OpticsInput): Promise<Groups> {
  const { star, particles, given, probe } = input;
  const optics = star.table("optics");
  const groups = optics && readOptics(star, optics);
  const groupRow = optics && rowsOfGroups(input, optics, groups!);
  const source = (name: string): Source => ({
    ofGroup: columnOf(groups, name),
    ofParticle: columnOf(particles, name),
  });
  const inFile: Source = { ofGroup: pixelSize(groups), ofParticle: pixelSize(particles) };
  const sources = {
    voltage: source("_rlnVoltage"),
    sphericalAberration: source("_rlnSphericalAberration"),
    amplitudeContrast: source("_rlnAmplitudeContrast"),
    boxSize: source("_rlnImageSize"),
    dimensions: source("_rlnImageDimensionality"),
    phaseFlipped: source("_rlnCtfDataArePhaseFlipped"),
    ctfPremultiplied: source("_rlnCtfDataAreCtfPremultiplied"),
    apix: given.apix === undefined ? inFile : { ofGroup: undefined, ofParticle: undefined },
  };
  for (const one of Object.values(sources)) refuseContradiction(input, one, groupRow, one === inFile);

  const notices: string[] = [];
  const probed = isThere(sources.boxSize) ? undefined : await probe();
  let apix = given.apix;
  if (apix === undefined && !isThere(inFile)) {
    if (optics)
      throw new InputError(
        `${star.file}: data_optics`,
        "a column _rlnImagePixelSize (or --apix, in a notebook `apix`)",
      );
    apix = pixelSizeOfStack(star.file, probed ?? (await probe()), notices);
  }
  const own = columnOf(particles, "_rlnOpticsGroup");
  if (!optics && own) {
    notices.push("there is no data_optics: what it would say is taken from the columns of the particles");
  }

  const numbered = numberGroups(input, sources, groupRow, (at, name) => {
    const dimensions = valueOf(sources.dimensions, at);
    if (dimensions === dimensions && dimensions !== 2) {
      const place = placeOf(input, sources.dimensions, at);
      throw new InputError(place, "2-dimensional images", `${dimensions}-dimensional ones`);
    }
    return {
      name,
      apix: apix ?? valueOf(sources.apix, at),
      boxSize: probed?.boxSize ?? valueOf(sources.boxSize, at),
      voltage: valueOf(sources.voltage, at),
      sphericalAberration: valueOf(sources.sphericalAberration, at),
      amplitudeContrast: valueOf(sources.amplitudeContrast, at),
      phaseFlipped: valueOf(sources.phaseFlipped, at) === 1,
      ctfPremultiplied: valueOf(sources.ctfPremultiplied, at) === 1,
    };
  });
  const { opticsGroups, opticsGroup, places } = numbered;
  notices.push(...correctionNotices(opticsGroups), ...(optics ? aberrationNotices(optics) : []));
  return {
    opticsGroups,
    opticsGroup,
    notices,
    originScale: given.apix === undefined ? 1 : originScale(input, inFile, groupRow),
    measured: (microscope) => {
      const names = ["apix", "boxSize"] as ("apix" | "boxSize" | "voltage" | "sphericalAberration")[];
      const used = [...new Set(opticsGroup)];
      return [
        ...names,
        ...(microscope ? (["voltage", "sphericalAberration", "amplitudeContrast"] as const) : []),
      ].map((quantity) => ({
        quantity,
        values: used.map((group) => opticsGroups[group]![quantity]),
        where: (i) => placeOf(input, sources[quantity], places[used[i]!]!),
      }));
    },
  };
}

/** A particle and its row of data_optics; −1 for none. */
interface At {
  row: number;
  group: number;
}

function isThere({ ofGroup, ofParticle }: Source): boolean {
  return ofGroup !== undefined || ofParticle !== undefined;
}

function valueOf({ ofGroup, ofParticle }: Source, { row, group }: At): number {
  return (ofGroup ? ofGroup.values[group] : ofParticle?.values[row]) ?? Number.NaN;
}

function placeOf({ star, table }: OpticsInput, { ofGroup, ofParticle }: Source, { row, group }: At): string {
  if (ofGroup) return `${star.table("optics")!.where(group)}, column ${ofGroup.name}`;
  if (ofParticle) return `${table.where(row)}, column ${ofParticle.name}`;
  return `${star.file}: images`;
}

function readOptics(star: StarFile, optics: StarTable): NumberReader {
  const place = `${star.file}: data_optics`;
  if (optics.count === 0) throw new InputError(place, "at least one group", "none");
  if (optics.count > 65536) throw new InputError(place, "at most 65536 groups", String(optics.count));
  const names = opticsColumns.filter((column) => optics.has(column));
  const reader = new NumberReader(optics, star.bytes, names);
  optics.scan(names, (row, spans) => reader.take(row, spans, 0));
  return reader;
}

/** Row of data_optics of each particle. */
function rowsOfGroups(
  { star, table, particles }: OpticsInput,
  optics: StarTable,
  reader: NumberReader,
): Uint16Array {
  const ids =
    reader.column("_rlnOpticsGroup") ?? Float64Array.from({ length: optics.count }, (_, i) => i + 1);
  const rowOf = new Map<number, number>();
  for (const [i, id] of ids.entries()) {
    if (rowOf.has(id)) {
      const place = `${optics.where(i)}, column _rlnOpticsGroup`;
      throw new InputError(place, "each optics group once", `a second group ${id}`);
    }
    rowOf.set(id, i);
  }
  const rows = new Uint16Array(table.count);
  const used = particles.column("_rlnOpticsGroup");
  if (!used && optics.count > 1) {
    throw new InputError(`${star.file}: data_${table.block}`, "a column _rlnOpticsGroup");
  }
  for (let row = 0; used && row < used.length; row++) {
    const index = rowOf.get(used[row]!);
    if (index === undefined) {
      const place = `${table.where(row)}, column _rlnOpticsGroup`;
      const groups = [...rowOf.keys()].join(", ");
      throw new InputError(place, `a group of data_optics (${groups})`, String(used[row]));
    }
    rows[row] = index;
  }
  return rows;
}

function columnOf(reader: NumberReader | undefined, name: string): Column | undefined {
  const values = reader?.column(name);
  return values && { name, values };
}

/** The pixel size of one table, by the first of RELION's labels that it has. */
function pixelSize(reader: NumberReader | undefined): Column | undefined {
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
  const detector = fromDetector(
    reader?.column("_rlnDetectorPixelSize"),
    reader?.column("_rlnMagnification"),
  );
  // Programs that know neither write 0.
  const known = detector?.values.every((x) => x > 0 && Number.isFinite(x)) ? detector : undefined;
  const columns = [columnOf(reader, "_rlnImagePixelSize"), columnOf(reader, "_rlnPixelSize"), known];
  return columns.filter((column): column is Column => column !== undefined);
}

/** @throws InputError where a number is given twice, as a column of both tables or under two labels, and not the same */
function refuseContradiction(
  input: OpticsInput,
  source: Source,
  groupRow: Uint16Array | undefined,
  isPixelSize: boolean,
): void {
  const { star, table, particles } = input;
  const optics = star.table("optics");
  const tolerance = isPixelSize ? PIXEL_SIZE_TOLERANCE : TOLERANCE;
  const differ = (a: number, b: number) => Math.abs(a - b) > tolerance * Math.max(Math.abs(a), Math.abs(b));
  const advice = isPixelSize ? " (--apix, in a notebook `apix`, decides)" : "";
  const compare = (first: Column, second: Column, of: (i: number) => number, where: (i: number) => string) => {
    for (let i = 0; i < second.values.length; i++) {
      const [a, b] = [first.values[of(i)]!, second.values[i]!];
      if (!differ(a, b)) continue;
      const place = `${where(i)}, column ${second.name}`;
      throw new InputError(place, `${plain(a)}, as ${first.name} says`, `${plain(b)}${advice}`);
    }
  };
  const same = (i: number) => i;
  if (isPixelSize) {
    const tables = [
      { from: pixelSizes(optics && readOptics(star, optics)), where: (i: number) => optics!.where(i) },
      { from: pixelSizes(particles), where: (i: number) => table.where(i) },
    ];
    for (const { from, where } of tables) {
      for (const other of from.slice(1)) compare(from[0]!, other, same, where);
    }
  }
  const { ofGroup, ofParticle } = source;
  if (!ofGroup || !ofParticle) return;
  const theirs = isPixelSize ? pixelSizes(particles) : [ofParticle];
  const named = { ...ofGroup, name: `${ofGroup.name} of data_optics` };
  for (const other of theirs)
    compare(
      named,
      other,
      (i) => groupRow![i]!,
      (i) => table.where(i),
    );
}

function plain(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function pixelSizeOfStack(file: string, stack: StackFacts, notices: string[]): number {
  const { apix } = stack;
  if (apix === undefined) {
    throw new InputError(
      file,
      "columns _rlnDetectorPixelSize and _rlnMagnification, or _rlnPixelSize (or --apix, in a notebook `apix`)",
      "neither, and no pixel size in the image stack",
    );
  }
  const doubt =
    apix === 1 ? ", which many programs write where they do not know it: --apix gives another" : "";
  notices.push(`no pixel size in the STAR file: ${plain(apix)} Å is taken from the image stack${doubt}`);
  return apix;
}

/**
 * Numbers the groups: those of data_optics where all is said there, else the different sets of numbers as they come.
 * @param make the group of a particle (or of a row of data_optics), with its name
 */
function numberGroups(
  { star, table, particles }: OpticsInput,
  sources: Record<string, Source>,
  groupRow: Uint16Array | undefined,
  make: (at: At, name: string) => OpticsGroup,
): { opticsGroups: OpticsGroup[]; opticsGroup: Uint16Array; places: At[] } {
  const optics = star.table("optics");
  const names = optics?.has("_rlnOpticsGroupName") ? optics.text("_rlnOpticsGroupName") : undefined;
  const ofParticles = Object.values(sources)
    .map(({ ofGroup, ofParticle }) => (ofGroup ? undefined : ofParticle))
    .filter((column): column is Column => column !== undefined);
  if (optics && ofParticles.length === 0) {
    const places = Array.from({ length: optics.count }, (_, group) => ({ row: -1, group }));
    const opticsGroups = places.map((at) => make(at, names?.[at.group] ?? `opticsGroup${at.group + 1}`));
    return { opticsGroups, opticsGroup: groupRow!, places };
  }
  const ids = columnOf(particles, "_rlnOpticsGroup");
  const columns = [...ofParticles, ...(ids ? [ids] : [])].map(({ values }) => values);
  const opticsGroups: OpticsGroup[] = [];
  const opticsGroup = new Uint16Array(table.count);
  const places: At[] = [];
  const known = new Map<string, number>();
  for (let row = 0; row < table.count; row++) {
    if (row > 0 && columns.every((values) => values[row] === values[row - 1])) {
      opticsGroup[row] = opticsGroup[row - 1]!;
      continue;
    }
    const key = columns.map((values) => values[row]).join(" ");
    let index = known.get(key);
    if (index === undefined) {
      index = known.size;
      if (index === 65536) throw new InputError(star.file, "at most 65536 different sets of optics");
      known.set(key, index);
      const at = { row, group: groupRow?.[row] ?? -1 };
      places.push(at);
      opticsGroups.push(make(at, names?.[at.group] ?? `opticsGroup${ids?.values[row] ?? index + 1}`));
    }
    opticsGroup[row] = index;
  }
  return { opticsGroups, opticsGroup, places };
}

/**
 * An alignment finds shifts in pixels, and its program writes them in Å with the pixel size that it was told: with another
 * pixel size they become others.
 * @throws InputError where the file has several pixel sizes
 */
function originScale(input: OpticsInput, inFile: Source, groupRow: Uint16Array | undefined): number {
  const { given, table, star } = input;
  if (!isThere(inFile)) return 1;
  const at = (row: number) => valueOf(inFile, { row, group: groupRow?.[row] ?? -1 });
  const first = at(0);
  for (let row = 1; row < table.count; row++) {
    if (Math.abs(at(row) - first) > PIXEL_SIZE_TOLERANCE * Math.abs(first)) {
      const found = `${plain(first)} and ${plain(at(row))} Å`;
      throw new InputError(`--apix: ${star.file}`, "particles of one pixel size", found);
    }
  }
  return first > 0 && Number.isFinite(first) ? given.apix! / first : 1;
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
