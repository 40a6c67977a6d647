import { stat } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../../errors";
import type { StarFile } from "../../formats/star";
import type { StarTable } from "../../formats/starTable";
import { projectFolders } from "../projectFolders";
import type { StackProbe } from "./metadata";
import { imageName } from "./relionImages";

/** Selection of the particle table of a STAR file, and rejection of tilt series. */

/** Columns of tilt-series particles. */
const tomographyColumns = ["_rlnTomoName", "_rlnTomoParticleName", "_rlnTomoVisibleFrames"];

const particlesFile = "_rlnTomoParticlesFile";

/**
 * The particle file that an optimisation set (RELION 5) names; undefined for any other STAR file.
 * @throws InputError if it is missing
 */
export async function particlesOfSet(star: StarFile): Promise<string | undefined> {
  const table = [...star.tables, ...star.pairTables].find((one) => one.has(particlesFile));
  if (!table || [...star.tables, ...star.pairTables].some((one) => one.has(imageName))) return undefined;
  const name = table.text(particlesFile)[0] ?? "";
  for (const folder of projectFolders(star.file)) {
    const file = path.resolve(folder, name);
    // A set that named itself would be read without end.
    if ((await stat(file).catch(() => undefined))?.isFile() && path.resolve(star.file) !== file) return file;
  }
  const expected = `the particles ${name} in its own folder, one above it, or the working folder`;
  throw new InputError(star.file, expected, "no such file");
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
    const of = tomograms ? `${blocks} of tomograms, which are not read yet` : blocks;
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

/** @throws InputError for particles of tilt series, which have several images each */
export async function refuseTiltSeries(star: StarFile, table: StarTable, probe: StackProbe): Promise<void> {
  const label = "_rlnTomoSubTomosAre2DStacks";
  const general = star.table("general");
  const declared = general?.has(label) ? general.text(label)[0] : undefined;
  const column = tomographyColumns.find((name) => table.has(name));
  if (declared !== "1" && !column) return;
  const first = table.text(imageName)[0]!.replace(/^.*@/, "");
  const stack = await probe(first).catch(() => undefined);
  const signs = [
    declared === undefined ? undefined : `data_general: ${label} ${declared}`,
    column && `column ${column}`,
    stack?.images === undefined ? undefined : `${stack.images} images in ${first}`,
  ].filter(Boolean);
  const found = `particles of tilt series (${signs.join(", ")}), which are not read yet`;
  throw new InputError(star.file, "one image of each particle", found);
}
