import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { writeAtomic } from "../../atomicWrite";
import { checked, numberIn, parsedJson, someText } from "../../schema";
import type { Evidence } from "../evidence/evidence";
import type { RunFolder } from "./runFolder";
import type { RunRecord } from "./runRecord";

/*
 * `evidence.json` of a run folder, and its summary in `run.json`.
 */

const finite = numberIn({});
const gain = v.looseObject({ gain: finite, standardError: numberIn({ least: 0 }) });
const toldApart = v.optional(
  v.looseObject({
    ...gain.entries,
    particles: numberIn({ integer: true, least: 2 }),
    both: numberIn({ integer: true, least: 0 }),
    chance: numberIn({ least: 0 }),
  }),
);
const motionSize = v.looseObject({
  ...{ rms: finite, large: finite, mass: finite },
  rigid: v.looseObject({ shift: finite, angle: finite }),
});
const text = v.looseObject({
  format: v.literal(1),
  particles: numberIn({ integer: true, least: 1 }),
  verdict: v.picklist(["found", "weak", "none"], "found, weak or none"),
  sentence: someText,
  gain,
  toldApart,
  deciding: v.optional(v.array(numberIn({ integer: true, least: 0 }), "a list of axes")),
  table: v.looseObject({ motion: gain, poses: gain, both: gain }),
  poses: gain,
  rings: v.array(v.looseObject({ ...gain.entries, ring: finite, resolution: finite }), "a list of rings"),
  axes: v.array(
    v.looseObject({
      ...{ ...gain.entries, toldApart },
      real: v.boolean("true or false"),
      ...{ told: finite, agreement: finite, variance: numberIn({ above: 0 }) },
    }),
    "a list of axes",
  ),
  fixed: v.optional(numberIn({ integer: true, least: 1 })),
  kept: v.optional(v.looseObject({ axes: numberIn({ integer: true, least: 1 }), added: gain })),
  realAxes: numberIn({ integer: true, least: 0 }),
  finest: v.optional(finite),
  kinds: v.looseObject({ position: v.optional(gain), amplitude: v.optional(gain), width: v.optional(gain) }),
  region: v.optional(gain),
  misfit: v.optional(v.array(someText, "a list of sentences")),
  motion: motionSize,
  reduced: v.optional(
    v.looseObject({
      factors: v.array(numberIn({ least: 0 }), "a list of numbers"),
      centre: v.array(finite, "a list of numbers"),
      from: motionSize,
    }),
  ),
  single: v.picklist(["neutral", "mean", "decoded"], "neutral, mean or decoded"),
  prior: v.looseObject({ rotation: finite, shift: finite }),
  block: numberIn({ integer: true, least: 1 }),
});

/** Writes `evidence.json`. */
export async function writeEvidence(folder: RunFolder, evidence: Evidence): Promise<void> {
  await writeAtomic(folder.file("evidence"), `${JSON.stringify(evidence, null, 2)}\n`);
}

/** Reads `evidence.json`; undefined if there is none, as in runs of earlier versions. @throws InputError if it is damaged */
export async function readEvidence(folder: RunFolder): Promise<Evidence | undefined> {
  const file = folder.file("evidence");
  if (!existsSync(file)) return undefined;
  return checked(text, parsedJson(await readFile(file, "utf8"), file), file) as Evidence;
}

/** The summary of an evidence in `run.json`. */
export function evidenceSummary({ verdict, sentence, realAxes, gain }: Evidence): RunRecord["evidence"] {
  return { verdict, sentence, ...gain, realAxes };
}
