import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { writeAtomic } from "../../atomicWrite";
import { InputError } from "../../errors";
import { beginTask, type TaskOptions } from "../../progress";
import { checked, numberIn, parsedJson, someText } from "../../schema";
import { fewestTested, type Leaks } from "../leaks/leaks";
import { type PlacedParticles, placedLeaks, type RunLeaksOptions } from "../leaks/runLeaks";
import type { RunFolder } from "./runFolder";
import { openRunParticles } from "./runParticles";
import type { RunRecord } from "./runRecord";

/*
 * `leaks.json` of a run folder.
 */

const probability = numberIn({ least: 0 });
const finite = numberIn({});
const count = numberIn({ integer: true, least: 0 });
const leak = v.looseObject({
  name: someText,
  kind: v.picklist(["number", "angle", "direction", "groups"], "number, angle, direction or groups"),
  particles: count,
  groups: v.optional(count),
  explained: finite,
  axes: v.array(
    v.looseObject({ explained: finite, p: probability, correlation: v.optional(finite) }),
    "a list of axes",
  ),
  ...{ p: probability, information: finite, informationP: probability },
  depends: v.picklist(["place", "distribution", "no"], "place, distribution or no"),
});
const text = v.looseObject({
  format: v.literal(1),
  sentence: someText,
  found: v.boolean("true or false"),
  leaks: v.array(leak, "a list of leaks"),
  untested: v.array(someText, "a list of names"),
  permutations: count,
  seed: numberIn({ integer: true }),
  significance: probability,
});

/** Measures the leaks of a run and writes `leaks.json`, unless there are too few particles. */
export async function recordLeaks(
  folder: RunFolder,
  record: RunRecord,
  placed: Omit<PlacedParticles, "excluded">,
  task: TaskOptions,
): Promise<void> {
  const leaks = await placedLeaks({ ...placed, excluded: await excludedFrom(folder, record) }, task);
  if (leaks) await writeAtomic(folder.file("leaks"), `${JSON.stringify(leaks, null, 2)}\n`);
}

/** Measures the leaks of a complete run. @throws InputError if its particles have changed, or are too few */
export async function leaksOfRun(
  folder: RunFolder,
  record: RunRecord,
  given: RunLeaksOptions,
): Promise<Leaks> {
  const options = beginTask(given);
  const latents = await folder.readLatents();
  const excluded = await excludedFrom(folder, record);
  const set = await openRunParticles(record.inputs, options);
  try {
    if (set.count !== record.particles) {
      throw new InputError(set.file, `the ${record.particles} particles of ${folder.folder}`, `${set.count}`);
    }
    const copies = set.count / set.originals().count;
    const leaks = await placedLeaks({ set, latents, copies, excluded }, options);
    if (leaks) return leaks;
    throw new InputError(folder.folder, `${fewestTested} particles or more`, `${set.count / copies}`);
  } finally {
    await set.close();
  }
}

/** Particles that were left out of the training. */
async function excludedFrom(folder: RunFolder, record: RunRecord): Promise<number[]> {
  const outliers = record.outliers?.kept ? [] : await folder.readOutliers(record);
  return outliers.map(({ index }) => index);
}

/** Reads `leaks.json`; undefined if there is none, as in runs of earlier versions. @throws InputError if it is damaged */
export async function readLeaks(folder: RunFolder): Promise<Leaks | undefined> {
  const file = folder.file("leaks");
  if (!existsSync(file)) return undefined;
  return checked(text, parsedJson(await readFile(file, "utf8"), file), file) as Leaks;
}
