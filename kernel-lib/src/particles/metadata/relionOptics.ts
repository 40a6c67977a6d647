import { InputError } from "../../errors";
import type { NumberReader, StarTable } from "../../formats/starTable";
import type { OpticsGroup } from "./metadata";
import type { CheckedColumn } from "./metadataChecks";
import {
  type At,
  type Column,
  columnOf,
  isPresent,
  numberOf,
  type OpticsInput,
  originScale,
  pixelSize,
  pixelSizeOfStack,
  placeOf,
  readOptics,
  requireAgreement,
  requireOnePixelSize,
  type Source,
} from "./opticsNumbers";
import { aberrationsOf, aberrationWarnings } from "./relionAberrations";

const imageQuantities = ["apix", "boxSize"] as const;
const microscopeQuantities = ["voltage", "sphericalAberration", "amplitudeContrast"] as const;
const flagQuantities = ["dimensions", "phaseFlipped", "ctfPremultiplied"] as const;
const noSource: Source = { ofGroup: undefined, ofParticle: undefined };

/** The optics groups of a file, and where their numbers are. */
export interface Groups {
  opticsGroups: OpticsGroup[];
  /** Index into `opticsGroups` of each particle. */
  opticsGroup: Uint16Array;
  warnings: string[];
  /** Factor for origins in Å, which were found in pixels and converted with the file's pixel size. */
  originScale: number;
  /** The numbers to check; those of the microscope only if it is used. */
  checkedColumns(microscope: boolean): CheckedColumn[];
}

/** Where each number of the optics is found. */
type OpticsSources = Record<
  (typeof imageQuantities)[number] | (typeof microscopeQuantities)[number] | (typeof flagQuantities)[number],
  Source
>;

/**
 * The optics groups of a STAR file: those of data_optics (RELION 3.1 and newer), or else particles with equal optics columns
 * (RELION 3.0, and files that other programs joined).
 *
 * @throws InputError for duplicate or missing groups, contradictory numbers, or without a pixel size
 */
export async function relionOptics(input: OpticsInput): Promise<Groups> {
  const { star, particles, given } = input;
  const optics = star.table("optics");
  const groups = optics && readOptics(star, optics);
  const groupRow = optics && rowsOfGroups(input, optics, groups!);
  const inFile: Source = { ofGroup: pixelSize(groups), ofParticle: pixelSize(particles) };
  const sources = sourcesOf(groups, particles, given.apix === undefined ? inFile : noSource);
  for (const [name, source] of Object.entries(sources)) {
    if (name !== "apix") requireAgreement(input, source, groupRow);
  }
  if (given.apix === undefined) requireOnePixelSize(input, groups, groupRow);

  const { boxSize, apix, warnings } = await missingNumbers(input, sources.boxSize, inFile);
  if (!optics && columnOf(particles, "_rlnOpticsGroup")) {
    warnings.push("there is no data_optics: the optics are read from the columns of the particles");
  }
  const make = (at: At, name: string): OpticsGroup => {
    const group = groupAt(input, sources, at, name);
    const aberrations = optics && at.group >= 0 ? aberrationsOf(optics, at.group) : undefined;
    return {
      ...group,
      apix: apix ?? group.apix,
      boxSize: boxSize ?? group.boxSize,
      ...(aberrations && { aberrations }),
    };
  };
  const { opticsGroups, opticsGroup, places } = numberGroups(input, sources, groupRow, make);
  warnings.push(...correctionWarnings(opticsGroups), ...aberrationWarnings(opticsGroups, input.table));
  return {
    opticsGroups,
    opticsGroup,
    warnings,
    originScale: given.apix === undefined ? 1 : originScale(input, inFile, groupRow),
    checkedColumns: (microscope) => {
      const used = [...new Set(opticsGroup)];
      return (microscope ? [...imageQuantities, ...microscopeQuantities] : imageQuantities).map(
        (quantity) => ({
          quantity,
          values: used.map((group) => opticsGroups[group]![quantity]),
          where: (i) => placeOf(input, sources[quantity], places[used[i]!]!),
        }),
      );
    },
  };
}

function sourcesOf(groups: NumberReader | undefined, particles: NumberReader, apix: Source): OpticsSources {
  const source = (name: string): Source => ({
    ofGroup: columnOf(groups, name),
    ofParticle: columnOf(particles, name),
  });
  return {
    voltage: source("_rlnVoltage"),
    sphericalAberration: source("_rlnSphericalAberration"),
    amplitudeContrast: source("_rlnAmplitudeContrast"),
    boxSize: source("_rlnImageSize"),
    dimensions: source("_rlnImageDimensionality"),
    phaseFlipped: source("_rlnCtfDataArePhaseFlipped"),
    ctfPremultiplied: source("_rlnCtfDataAreCtfPremultiplied"),
    apix,
  };
}

/** Box and pixel size as far as they are not in the file: from the user or the first stack. */
async function missingNumbers(
  { star, given, probe }: OpticsInput,
  boxSource: Source,
  apixSource: Source,
): Promise<{ boxSize: number | undefined; apix: number | undefined; warnings: string[] }> {
  const warnings: string[] = [];
  const stack = isPresent(boxSource) ? undefined : await probe();
  const boxSize = stack?.boxSize;
  if (given.apix !== undefined || isPresent(apixSource)) return { boxSize, apix: given.apix, warnings };
  if (star.table("optics")) {
    throw new InputError(
      `${star.file}: data_optics`,
      "a column _rlnImagePixelSize, or a pixel size given by --apix (in a notebook `apix`)",
      "neither",
    );
  }
  const apix = pixelSizeOfStack(star.file, stack ?? (await probe()), warnings);
  return { boxSize, apix, warnings };
}

/** The optics group of a place. @throws InputError for invalid flags, and for images that are not 2-dimensional */
function groupAt(input: OpticsInput, sources: OpticsSources, at: At, name: string): OpticsGroup {
  for (const source of [sources.phaseFlipped, sources.ctfPremultiplied]) {
    const flag = numberOf(source, at);
    if (Number.isNaN(flag) || flag === 0 || flag === 1) continue;
    throw new InputError(placeOf(input, source, at), "0 or 1", String(flag));
  }
  const dimensions = numberOf(sources.dimensions, at);
  if (!Number.isNaN(dimensions) && dimensions !== 2) {
    const place = placeOf(input, sources.dimensions, at);
    throw new InputError(place, "2-dimensional images", `${dimensions}-dimensional ones`);
  }
  return {
    name,
    apix: numberOf(sources.apix, at),
    boxSize: numberOf(sources.boxSize, at),
    voltage: numberOf(sources.voltage, at),
    sphericalAberration: numberOf(sources.sphericalAberration, at),
    amplitudeContrast: numberOf(sources.amplitudeContrast, at),
    phaseFlipped: numberOf(sources.phaseFlipped, at) === 1,
    ctfPremultiplied: numberOf(sources.ctfPremultiplied, at) === 1,
  };
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
    throw new InputError(`${star.file}: data_${table.block}`, "a column _rlnOpticsGroup", "none");
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

/**
 * Numbers the groups: the rows of data_optics if all numbers exist, else the distinct sets of numbers in the order of their
 * first occurrence.
 * @param make makes the group of a place
 */
function numberGroups(
  { star, table, particles }: OpticsInput,
  sources: OpticsSources,
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

/** Warnings about images that are already corrected for the CTF. */
function correctionWarnings(groups: readonly OpticsGroup[]): string[] {
  const warnings: string[] = [];
  if (groups.some((group) => group.phaseFlipped)) {
    warnings.push("images are marked as phase flipped: their phases are not flipped");
  }
  if (groups.some((group) => group.ctfPremultiplied)) {
    warnings.push("images are marked as multiplied by their CTF: their phases are not flipped");
  }
  return warnings;
}
