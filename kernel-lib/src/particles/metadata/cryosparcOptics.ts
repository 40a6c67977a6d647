import { InputError } from "../../errors";
import type { NumpyTable } from "../../formats/numpyTable";
import type { DefocusColumns, GivenOptics, OpticsGroup } from "./metadata";

/** Degrees per radian. */
export const degrees = 180 / Math.PI;
/** Fields of the two defoci. */
export const defocusFields = ["ctf/df1_A", "ctf/df2_A"];
const ctfFields = [...defocusFields, "ctf/df_angle_rad", "ctf/accel_kv", "ctf/cs_mm", "ctf/amp_contrast"];

/** Optics groups of a cryoSPARC file, which has none: particles with equal optics fields. */
export interface CryosparcGroups {
  opticsGroups: OpticsGroup[];
  /** Index into `opticsGroups` of each particle. */
  opticsGroup: Uint16Array;
  /** The first row of each group. */
  firstOfGroup: number[];
}

/** @throws InputError for images that are not square, and for more than 65536 groups */
export function cryosparcOptics(table: NumpyTable, given: GivenOptics): CryosparcGroups {
  const shape = table.numbers("blob/shape");
  const inFile = table.numbers("blob/psize_A");
  const apix = given.apix === undefined ? inFile : inFile.fill(given.apix);
  const voltage = optionalNumbers(table, "ctf/accel_kv");
  const cs = optionalNumbers(table, "ctf/cs_mm");
  const contrast = optionalNumbers(table, "ctf/amp_contrast");
  const opticsGroups: OpticsGroup[] = [];
  const opticsGroup = new Uint16Array(table.count);
  const firstOfGroup: number[] = [];
  const known = new Map<string, number>();
  for (let row = 0; row < table.count; row++) {
    const [height, width] = [shape[2 * row]!, shape[2 * row + 1]!];
    if (height !== width) {
      throw new InputError(`${table.file}: row ${row + 1}`, "square images", `${width}×${height} pixels`);
    }
    const key = [width, apix[row], voltage?.[row], cs?.[row], contrast?.[row]].join(" ");
    let index = known.get(key);
    if (index === undefined) {
      index = opticsGroups.length;
      if (index === 65536) throw new InputError(table.file, "at most 65536 different sets of optics");
      known.set(key, index);
      firstOfGroup.push(row);
      opticsGroups.push({
        name: `optics ${index + 1}`,
        apix: apix[row]!,
        boxSize: width,
        voltage: voltage?.[row] ?? Number.NaN,
        sphericalAberration: cs?.[row] ?? Number.NaN,
        amplitudeContrast: contrast?.[row] ?? Number.NaN,
        phaseFlipped: false,
        ctfPremultiplied: false,
      });
    }
    opticsGroup[row] = index;
  }
  return { opticsGroups, opticsGroup, firstOfGroup };
}

/**
 * Factor for shifts in pixels of the alignment if the user gives a pixel size.
 * @throws InputError if the file has several pixel sizes
 */
export function alignmentScale(table: NumpyTable, { apix }: GivenOptics): number {
  if (apix === undefined) return 1;
  const sizes = table.numbers("blob/psize_A");
  const other = sizes.find((size) => Math.abs(size - sizes[0]!) > 5e-3 * Math.abs(sizes[0]!));
  if (other !== undefined) {
    const found = `${sizes[0]} and ${other} Å`;
    throw new InputError(`--apix: ${table.file}`, "particles of one pixel size", found);
  }
  return sizes[0]! > 0 ? apix / sizes[0]! : 1;
}

/** The CTF parameters; undefined without defocus fields. @throws InputError if some of the CTF fields are missing */
export function cryosparcDefocus(table: NumpyTable): DefocusColumns | undefined {
  if (!defocusFields.some((name) => table.has(name))) return undefined;
  const missing = ctfFields.filter((name) => !table.has(name));
  if (missing.length > 0) {
    throw new InputError(table.file, `the fields ${ctfFields.join(", ")}`, `no ${missing.join(", ")}`);
  }
  return {
    defocusU: table.numbers("ctf/df1_A"),
    defocusV: table.numbers("ctf/df2_A"),
    angle: table.numbers("ctf/df_angle_rad").map((x) => x * degrees),
    phaseShift: optionalNumbers(table, "ctf/phase_shift_rad")?.map((x) => x * degrees),
    bFactor: optionalNumbers(table, "ctf/bfactor"),
    scale: undefined,
  };
}

/** Warnings about CTF terms that are not corrected. */
export function cryosparcAberrationWarnings(table: NumpyTable): string[] {
  const used = (name: string) => optionalNumbers(table, name)?.some((x) => x !== 0) ?? false;
  const warnings: string[] = [];
  if (["ctf/tilt_A", "ctf/trefoil_A", "ctf/tetra_A", "ctf/shift_A"].some(used)) {
    warnings.push("beam tilt and higher-order aberrations in the CTF fields are not corrected");
  }
  if (used("ctf/anisomag")) {
    warnings.push("the anisotropic magnification in ctf/anisomag is not corrected");
  }
  return warnings;
}

function optionalNumbers(table: NumpyTable, name: string): Float64Array | undefined {
  return table.has(name) ? table.numbers(name) : undefined;
}
