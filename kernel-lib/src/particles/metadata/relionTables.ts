import { InputError } from "../../errors";
import type { StarFile } from "../../formats/star";
import type { StarTable } from "../../formats/starTable";
import { firstExisting } from "../projectFolders";
import { imageName } from "./relionImages";

/** Selection of the particle table of a STAR file, and recognition of tilt series. */

/** Columns of tilt-series particles. */
const visibleColumn = "_rlnTomoVisibleFrames";
const tomographyColumns = [visibleColumn, "_rlnTomoName", "_rlnTomoParticleName"];

const particlesFile = "_rlnTomoParticlesFile";
const tomogramsFile = "_rlnTomoTomogramsFile";

/** Files that an optimisation set of RELION 5 names. */
export interface NamedFiles {
  particles: string;
  /** Of tilt series. */
  tomograms: string | undefined;
}

/**
 * The files that an optimisation set (RELION 5) names; undefined for any other STAR file.
 * @throws InputError if one is missing
 */
export async function filesOfSet(star: StarFile): Promise<NamedFiles | undefined> {
  const tables = [...star.tables, ...star.pairTables];
  const table = tables.find((one) => one.has(particlesFile));
  if (!table || tables.some((one) => one.has(imageName))) return undefined;
  const named = async (column: string, what: string) => {
    const name = table.text(column)[0] ?? "";
    const file = await firstExisting(star.file, name);
    if (file !== undefined) return file;
    const expected = `the ${what} ${name} in its own folder, one above it, or the working folder`;
    throw new InputError(star.file, expected, "no such file");
  };
  return {
    particles: await named(particlesFile, "particles"),
    tomograms: table.has(tomogramsFile) ? await named(tomogramsFile, "tomograms") : undefined,
  };
}

/**
 * The particle table: data_particles, else the one with image names.
 * @throws InputError if there is none, it is empty, or there are several candidates
 */
export function particleTable(star: StarFile): StarTable {
  const { file } = star;
  const tables = [...star.tables, ...star.pairTables];
  for (const name of ["optics", "particles"]) {
    const again = star.tables.filter((table) => table.block === name && table.columns.length > 0);
    if (again.length > 1) {
      throw new InputError(file, `one table data_${name}`, `${again.length}, of ${sizes(again)} rows`);
    }
  }
  const found = tables.filter((table) => table.has(imageName) && table.block !== "optics");
  const table = found.find(({ block }) => block === "particles") ?? found[0];
  if (!table) {
    const blocks = tables.map(({ block }) => `data_${block}`).join(", ") || "no loop";
    const tomograms = tables.some(({ columns }) => columns.some((name) => name.startsWith("_rlnTomo")));
    const of = tomograms ? `${blocks} of tomograms; the optimisation set beside them is read` : blocks;
    throw new InputError(file, `a loop with a column ${imageName}`, of);
  }
  if (table.block !== "particles" && found.length > 1) {
    const blocks = found.map(({ block }) => `data_${block}`).join(", ");
    throw new InputError(file, `one table with a column ${imageName}, or data_particles`, blocks);
  }
  if (table.count === 0)
    throw new InputError(`${file}: data_${table.block}`, "at least one particle", "none");
  return table;
}

function sizes(tables: readonly StarTable[]): string {
  return tables.map(({ count }) => count).join(" and ");
}

/**
 * Whether the particles are tilt series, each a stack of its images.
 * @throws InputError for subtomograms that are volumes
 */
export function hasTiltStacks(star: StarFile, table: StarTable): boolean {
  const label = "_rlnTomoSubTomosAre2DStacks";
  const general = star.table("general");
  const declared = general?.has(label) ? general.text(label)[0] : undefined;
  const column = tomographyColumns.find((name) => table.has(name));
  if (declared === "1" || column === visibleColumn) return true;
  if (declared !== "0" && !column) return false;
  throw new InputError(
    star.file,
    "tilt series as 2-D stacks (in RELION 5 extracted as 2D stacks, in WarpTools with --2d)",
    `subtomograms that are volumes (${declared === undefined ? `column ${column}` : `data_general: ${label} ${declared}`}), which are not read`,
  );
}
