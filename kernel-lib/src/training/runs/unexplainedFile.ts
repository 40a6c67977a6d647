import { existsSync } from "node:fs";
import { InputError } from "../../errors";
import { finiteText } from "../../finite";
import type { TaskOptions } from "../../progress";
import { writeRows } from "../../writeRows";
import { measureUnexplained } from "../unexplained/measureUnexplained";
import type { ExplainingModel } from "../unexplained/placeAgreement";
import { unexplainedSentence } from "../unexplained/sentence";
import type { Unexplained } from "../unexplained/unexplained";
import type { RunFolder } from "./runFolder";
import type { RunRecord } from "./runRecord";
import { readTable } from "./tableFile";

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
  await writeRows(file, columns.join(","), score.length, (i) => {
    const numbers = [score, expected, misfit, residual].map((x) =>
      finiteText(x[i]!, 3, file, `particle ${i}`),
    );
    return [i, ...numbers, Number(judged.has(i)), Number(flagged.has(i))].join(",");
  });
}

/** Reads `unexplained.csv`; undefined if there is none, as in runs of earlier versions. @throws InputError if it is damaged */
export async function readUnexplained(
  folder: RunFolder,
  record: RunRecord,
): Promise<Unexplained | undefined> {
  const file = folder.file("unexplained");
  if (!existsSync(file)) return undefined;
  const found = columns.map(() => new Float32Array(record.particles));
  const count = await readTable(file, columns, (row, i, where) => {
    const [index, , , , , judged, unexplained] = row;
    const isFlag = (flag: number | undefined) => flag === 0 || flag === 1;
    if (index !== i || !isFlag(judged) || !isFlag(unexplained)) {
      throw new InputError(where(), `particle ${i}, with 0 or 1 at the end`, row.join(","));
    }
    for (const [c, column] of found.entries()) column[i] = row[c]!;
  });
  if (count === 0 || record.particles % count !== 0) {
    throw new InputError(file, `the ${record.particles} particles of the run`, `${count}`);
  }
  // In a run with symmetry fewer than the run has.
  const [, score, expected, misfit, residual, isJudged, isFound] = found.map((own) =>
    own.slice(0, count),
  ) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
  const particles = Int32Array.from(isFound.keys()).filter((i) => isFound[i] === 1);
  const judged = isJudged.reduce((sum, flag) => sum + flag, 0);
  return {
    ...{ score, expected, misfit, residual, particles, judged },
    sentence: unexplainedSentence(particles.length, judged),
  };
}
