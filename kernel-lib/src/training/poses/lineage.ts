import { readFile } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../../errors";
import { openParticles, type ParticleSet } from "../../particles/particleSet";
import type { ParticlePoses } from "../../particles/writePoses";
import type { PosePrior } from "../posterior/placePosterior";
import type { RunRecord } from "../runs/runRecord";
import { priorOf } from "./first/poseDecision";
import type { RoundsReport } from "./rounds/roundsSettings";

/** Name of the report that is written beside a particle file: `folder/poses_report.json` for `folder/poses.star`. */
export function reportName(file: string): string {
  const { dir, name } = path.parse(file);
  return path.join(dir, `${name}_report.json`);
}

/**
 * The particle file with the poses that a file's were refined from, if the reports beside it say so: those of `e2gmm rounds` and
 * `e2gmm poses`. Undefined if there are none, and for poses that were not refined here.
 */
export async function referenceOf(file: string): Promise<string | undefined> {
  const own = await readJson(reportName(file));
  if (typeof own?.["reference"] === "string") return own["reference"];
  if (!/^poses\.(star|cs)$/.test(path.basename(file))) return undefined;
  const rounds = await readJson(path.join(path.dirname(file), "rounds.json"));
  const settings = rounds?.["settings"] as Record<string, unknown> | undefined;
  return typeof settings?.["particles"] === "string" ? settings["particles"] : undefined;
}

/**
 * How far the poses of a run were off before they were refined here, along each axis: before its training, or as the reports
 * of `e2gmm rounds` and `e2gmm poses` beside its particle file say. Undefined for poses that were not refined here, whose
 * errors are not known.
 */
export async function errorsOfPoses({
  poses,
  inputs,
}: Pick<RunRecord, "poses" | "inputs">): Promise<PosePrior | undefined> {
  if (poses?.prior) return poses.prior;
  const file = inputs.particles;
  const own = await readJson(reportName(file));
  if (own) return own["verdict"] === "refine" ? priorIn(own) : undefined;
  if (!/^poses\.(star|cs)$/.test(path.basename(file))) return undefined;
  const rounds = (await readJson(path.join(path.dirname(file), "rounds.json"))) as RoundsReport | undefined;
  return rounds?.verdict === "refine" && Array.isArray(rounds.rounds) ? priorOf(rounds) : undefined;
}

function priorIn({ prior }: { [name: string]: unknown }): PosePrior | undefined {
  const { rotation, shift } = (prior ?? {}) as Record<keyof PosePrior, unknown>;
  return typeof rotation === "number" && typeof shift === "number" ? { rotation, shift } : undefined;
}

async function readJson(file: string): Promise<Record<string, unknown> | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(file, "utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Poses of the same particles in another file.
 * @throws InputError unless the file has the same images in the same order
 */
export async function posesIn(file: string, set: ParticleSet): Promise<ParticlePoses> {
  const other = await openParticles(file, {
    ...(set.givenApix !== undefined && { apix: set.givenApix }),
    withoutStacks: { boxSize: set.boxSize, apix: set.apix },
  });
  try {
    if (other.count !== set.count) {
      throw new InputError(file, `the ${set.count} particles of ${set.file}`, `${other.count}`);
    }
    for (let i = 0; i < set.count; i++) {
      const [own, there] = [set.image(i), other.image(i)];
      const same = own.section === there.section && path.basename(own.stack) === path.basename(there.stack);
      if (same) continue;
      throw new InputError(
        `${file}: particle ${i}`,
        `the image that ${set.file} has, ${own.section + 1}@${own.stack}`,
        `${there.section + 1}@${there.stack}`,
      );
    }
    return { rotations: other.rotations(), shifts: other.shifts() };
  } finally {
    await other.close();
  }
}
