import { InputError } from "../../errors";
import type { NumberReader, StarTable } from "../../formats/starTable";
import type { DefocusColumns } from "./metadata";
import { quantities } from "./quantities";
import type { Groups } from "./relionOptics";

/** Columns that the CTF of each particle is read from. */
export const defocusColumns = [
  "_rlnDefocusU",
  "_rlnDefocusV",
  "_rlnDefocusAngle",
  "_rlnPhaseShift",
  "_rlnCtfBfactor",
  "_rlnCtfScalefactor",
];
/** Numbers of the optics group that a CTF needs. */
const microscope = ["voltage", "sphericalAberration", "amplitudeContrast"] as const;

/** The particles of a STAR file. */
interface DefocusInput {
  file: string;
  table: StarTable;
  values: NumberReader;
  groups: Groups;
}

/**
 * The CTF parameters of a STAR file; undefined without defocus columns.
 * @throws InputError if a column or a number of the microscope that belongs to them is missing
 */
export function readDefocus({ file, table, values, groups }: DefocusInput): {
  defocus: DefocusColumns | undefined;
  warnings: string[];
} {
  const defocusU = values.column("_rlnDefocusU");
  const defocusV = values.column("_rlnDefocusV") ?? defocusU;
  const angle = values.column("_rlnDefocusAngle");
  const block = `${file}: data_${table.block}`;
  if (!defocusU || !defocusV) {
    if (defocusV) throw new InputError(block, "_rlnDefocusU beside _rlnDefocusV", "the latter alone");
    return { defocus: undefined, warnings: ["no CTF columns: images are used without CTF correction"] };
  }
  if (!angle && defocusV.some((v, row) => v !== defocusU[row])) {
    throw new InputError(block, "_rlnDefocusAngle, since _rlnDefocusU and _rlnDefocusV differ", "none");
  }
  requireMicroscope(table, groups);
  const warnings =
    defocusV === defocusU && angle ? ["no _rlnDefocusV: astigmatism is taken as 0, as in RELION"] : [];
  const defocus: DefocusColumns = {
    defocusU,
    defocusV,
    angle: angle ?? new Float64Array(table.count),
    phaseShift: values.column("_rlnPhaseShift"),
    bFactor: values.column("_rlnCtfBfactor"),
    scale: values.column("_rlnCtfScalefactor"),
  };
  return { defocus, warnings };
}

/** @throws InputError unless every used optics group has all numbers of the microscope */
function requireMicroscope(table: StarTable, { opticsGroups, opticsGroup }: Groups): void {
  const labels = (names: readonly (typeof microscope)[number][]) =>
    names.map((name) => quantities[name].relion[0]).join(", ");
  for (const [row, group] of opticsGroup.entries()) {
    const missing = microscope.filter((name) => Number.isNaN(opticsGroups[group]![name]));
    if (missing.length === 0) continue;
    const expected = `${labels(microscope)} beside _rlnDefocusU`;
    throw new InputError(table.where(row), expected, `no ${labels(missing)}`);
  }
}
