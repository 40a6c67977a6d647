import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { parse, stringify } from "yaml";
import { writeAtomic } from "../../atomicWrite";
import { InputError } from "../../errors";
import { readStart } from "../../formats/fileSource";
import { NumpyTable, type TablePart } from "../../formats/numpyTable";

/*
 * Result groups of cryoSPARC. A group of particles is spread over several .cs files: the job's own results, and results of earlier
 * jobs that pass through. Rows belong together by `uid`. A .csg file (YAML) names, for each result (blob, ctf, alignments3D, …),
 * the file with its fields, `blob/path`, …; `>` stands for the folder of the .csg file.
 */

/** Results that particles need; each is the first part of names of fields. */
const needed = ["blob", "alignments3D", "ctf"];
/** First part of a field's name. */
const resultOf = (field: string) => field.split("/")[0]!;

/** First part of the names of fields that this program adds; cryoSPARC has no such result. */
export const ownResult = "e2gmm";

/** A group as one table. */
export interface ResultGroup {
  table: NumpyTable;
  /** The files that it is in. */
  files: string[];
  /** A sentence if files were joined that nobody named. */
  warnings: string[];
}

/**
 * Reads a .cs file, with the fields of the passthrough file beside it that it lacks, or all files that a .csg file names.
 * @throws InputError for missing files, and for particles that a file lacks or names twice
 */
export async function readResultGroup(file: string): Promise<ResultGroup> {
  const start = (await readStart(file, 6)).toString("latin1");
  if (start === "\x93NUMPY") return withPassthrough(await NumpyTable.read(file));
  return readGroup(file);
}

async function readGroup(file: string): Promise<ResultGroup> {
  const files = new Map<string, string[]>();
  for (const [result, entry] of Object.entries(await resultsOf(file))) {
    const name = (entry as { metafile?: unknown } | null)?.metafile;
    if (typeof name !== "string") {
      throw new InputError(`${file}: results: ${result}`, "a metafile, the name of a .cs file", "none");
    }
    const known = files.get(name);
    if (known) known.push(result);
    else files.set(name, [result]);
  }
  const tables: { table: NumpyTable; results: string[] }[] = [];
  for (const [name, results] of files) {
    tables.push({ table: await NumpyTable.read(await metafile(file, name)), results });
  }
  const first = tables.find(({ results }) => results.includes("blob")) ?? tables[0]!;
  const parts: Part[] = tables
    .filter((part) => part !== first)
    .map(({ table, results }) => ({
      table,
      fields: [...table.fields.keys()].filter((field) => results.includes(resultOf(field))),
    }));
  const all = [file, ...tables.map((part) => part.table.file)];
  return { table: join(file, first.table, parts), files: all, warnings: [] };
}

/** The results of a .csg file by name. @throws InputError if it is none */
async function resultsOf(file: string): Promise<Record<string, unknown>> {
  const text = await readFile(file, "utf8");
  const expected = "a result group of cryoSPARC, with `results` of particles";
  let content: unknown;
  try {
    content = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw new InputError(file, expected, (error as Error).message.split("\n")[0]!);
  }
  const { results, group } = (content ?? {}) as {
    results?: Record<string, unknown>;
    group?: { type?: unknown };
  };
  if (results === null || typeof results !== "object" || Object.keys(results).length === 0) {
    throw new InputError(file, expected, "none");
  }
  if (typeof group?.type === "string" && group.type !== "particle") {
    throw new InputError(file, expected, `a group of type ${group.type}`);
  }
  return results;
}

/** Path of a .cs file of a group: `>` is the group's folder; other names are relative to the project, the folder above the job's. */
async function metafile(group: string, name: string): Promise<string> {
  const folder = path.dirname(path.resolve(group));
  if (name.startsWith(">")) return path.join(folder, name.slice(1));
  const found = [folder, path.dirname(folder)].map((place) => path.resolve(place, name));
  for (const place of found) if (await readStart(place, 1).catch(() => undefined)) return place;
  throw new InputError(group, `the file ${name} in its folder or the one above`, "no such file");
}

/** Adds results that a .cs file lacks from the passthrough file of its job. */
async function withPassthrough(table: NumpyTable): Promise<ResultGroup> {
  const own: ResultGroup = { table, files: [table.file], warnings: [] };
  const has = new Set([...table.fields.keys()].map(resultOf));
  const missing = needed.filter(
    (result) => !has.has(result) && !(result === "alignments3D" && hasClasses(has)),
  );
  if (missing.length === 0 || !table.has("uid") || !has.has("blob")) return own;
  const folder = path.dirname(table.file);
  const part = partOfName(path.basename(table.file));
  const others = (await readdir(folder)).filter(
    (name) =>
      /passthrough.*\.cs$/i.test(name) && partOfName(name) === part && name !== path.basename(table.file),
  );
  if (others.length !== 1) return own;
  const other = await NumpyTable.read(path.join(folder, others[0]!));
  const fields = [...other.fields.keys()].filter((field) => field !== "uid" && !has.has(resultOf(field)));
  if (fields.length === 0 || !other.has("uid")) return own;
  const results = [...new Set(fields.map(resultOf))].join(", ");
  return {
    table: join(table.file, table, [{ table: other, fields }]),
    files: [table.file, other.file],
    warnings: [`${results} of the particles are taken from ${other.file}, by their uid`],
  };
}

const hasClasses = (results: ReadonlySet<string>) =>
  [...results].some((name) => /^alignments3D_multi$|^alignments_class(3D)?_\d+$/.test(name));

/** What distinguishes groups of one job: `particles_selected`, `particles_class_0`. */
function partOfName(name: string): string | undefined {
  return /particles[^.]*/.exec(name)?.[0];
}

interface Part {
  table: NumpyTable;
  fields: readonly string[];
}

/** One table with the rows of the first, and fields of others by `uid`. */
function join(file: string, first: NumpyTable, others: readonly Part[]): NumpyTable {
  const all = Int32Array.from({ length: first.count }, (_, row) => row);
  const parts: TablePart[] = [{ table: first, fields: [...first.fields.keys()], rows: all }];
  const uids = others.length > 0 ? first.text("uid") : [];
  for (const { table, fields } of others) {
    const known = [...first.fields.keys()];
    const wanted = fields.filter((field) => !known.includes(field));
    if (wanted.length > 0) parts.push({ table, fields: wanted, rows: rowsByUid(first, uids, table) });
  }
  return NumpyTable.assemble(file, first.count, parts);
}

function rowsByUid(first: NumpyTable, uids: readonly string[], table: NumpyTable): Int32Array {
  const theirs = table.text("uid");
  if (theirs.length === uids.length && theirs.every((uid, row) => uid === uids[row])) {
    return Int32Array.from(uids.keys());
  }
  const rowOf = new Map<string, number>();
  for (const [row, uid] of theirs.entries()) {
    if (rowOf.has(uid))
      throw new InputError(`${table.file}: row ${row + 1}, field uid`, "each particle once", `${uid} again`);
    rowOf.set(uid, row);
  }
  return Int32Array.from(uids, (uid, row) => {
    const found = rowOf.get(uid);
    if (found !== undefined) return found;
    throw new InputError(table.file, `the particle ${uid} of ${first.file}, row ${row + 1}`, "no such uid");
  });
}

/** Types of results whose name is not their type. */
function typeOfResult(result: string): string {
  if (/^alignments_class(3D)?_\d+$/.test(result)) return "particle.alignments3D";
  if (/^components_mode_\d+$/.test(result)) return "particle.components";
  return `particle.${result}`;
}

/**
 * Writes the result group of a `.cs` file beside it, `NAME.csg` for `NAME.cs`, which cryoSPARC's Import Result Group takes.
 * @returns its path
 * @throws InputError if there is a .csg file of that name that does not name this .cs file
 * @example
 * ```ts no-run
 * const particles = await e2.particles.open("J24/cryosparc_P1_J24_particles.cs");
 * await particles.select([0, 1, 2]).writeStar("chosen.cs"); // writes chosen.csg, too
 * await e2.particles.writeResultGroup("chosen.cs");
 * ```
 */
export async function writeResultGroup(file: string): Promise<string> {
  const table = await NumpyTable.read(file);
  const group = file.replace(/\.cs$/i, ".csg");
  const name = path.basename(file);
  if (group === file) throw new InputError(file, "a name that ends in .cs");
  const before = await readFile(group, "utf8").catch(() => undefined);
  if (before !== undefined && !before.includes(`>${name}`)) {
    throw new InputError(group, `a result group of ${name}, which is replaced`, "another file");
  }
  const results = [...new Set([...table.fields.keys()].map(resultOf))].filter(
    (result) => result !== "uid" && result !== ownResult,
  );
  const content = {
    created: new Date().toISOString().replace("T", " ").replace("Z", "000"),
    group: {
      description: "Particles written by e2gmm",
      name: "particles",
      title: "Particles",
      type: "particle",
    },
    results: Object.fromEntries(
      results.map((result) => [
        result,
        { metafile: `>${name}`, num_items: table.count, type: typeOfResult(result) },
      ]),
    ),
    version: "v4.0.0",
  };
  await writeAtomic(group, stringify(content, { singleQuote: true }));
  return group;
}
