import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { writeAtomic } from "../../atomicWrite";
import { InputError } from "../../errors";
import { finiteText } from "../../finite";
import type { TaskOptions } from "../../progress";
import { measureUnexplained } from "../unexplained/measureUnexplained";
import type { ExplainingModel } from "../unexplained/placeAgreement";
import { unexplainedSentence } from "../unexplained/sentence";
import type { Unexplained } from "../unexplained/unexplained";
import type { RunFolder } from "./runFolder";
import type { RunRecord } from "./runRecord";
import { parseTable } from "./runTables";

/*
 * `unexplained.csv` of a run folder: how well the model at its place fits each particle. `index` is that of the particle in the file
 * from 0; in a run with symmetry a particle has one row. Particles that were left out of the training are not judged.
 */

const columns = ["index", "score", "expected", "misfit", "residual", "judged", "unexplained"];

/** Measures it and writes `unexplained.csv`. */
export async function recordUnexplained(
  folder: RunFolder,
  model: ExplainingModel,
  options: TaskOptions,
): Promise<void> {
  const found = await measureUnexplained(model, options);
  const file = folder.file("unexplained");
  const { score, expected, misfit, residual, particles } = found;
  const flagged = new Set(particles);
  const judged = new Set(model.members);
  const rows = Array.from(score, (own, i) => {
    const numbers = [own, expected[i]!, misfit[i]!, residual[i]!].map((x) =>
      finiteText(x, 3, file, `particle ${i}`),
    );
    return [i, ...numbers, Number(judged.has(i)), Number(flagged.has(i))].join(",");
  });
  await writeAtomic(file, `${columns.join(",")}\n${rows.map((row) => `${row}\n`).join("")}`);
}

/** Reads `unexplained.csv`; undefined if there is none, as in runs of earlier versions. @throws InputError if it is damaged */
export async function readUnexplained(
  folder: RunFolder,
  record: RunRecord,
): Promise<Unexplained | undefined> {
  const file = folder.file("unexplained");
  if (!existsSync(file)) return undefined;
  const { columns: found, rows } = parseTable(await readFile(file, "utf8"), file, columns);
  const at = columns.map((name) => found.indexOf(name));
  rows.forEach((row, i) => {
    const flags = at.slice(5).map((column) => row[column]!);
    if (row[at[0]!] === i && flags.every((flag) => flag === 0 || flag === 1)) return;
    throw new InputError(`${file}: line ${i + 2}`, `particle ${i}, with 0 or 1 at the end`, row.join(","));
  });
  if (rows.length === 0 || record.particles % rows.length !== 0) {
    throw new InputError(file, `the ${record.particles} particles of the run`, `${rows.length}`);
  }
  const column = (c: number) => Float32Array.from(rows, (row) => row[at[c]!]!);
  const particles = Int32Array.from(rows.keys()).filter((i) => rows[i]![at[6]!] === 1);
  const judged = rows.filter((row) => row[at[5]!] === 1).length;
  return {
    ...{ score: column(1), expected: column(2), misfit: column(3), residual: column(4), particles, judged },
    sentence: unexplainedSentence(particles.length, judged),
  };
}
