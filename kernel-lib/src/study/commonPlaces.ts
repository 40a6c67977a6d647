import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../atomicWrite";
import type { Progress, TaskOptions } from "../progress";
import type { EngineChoice } from "../projection/engines";
import { gatherRows } from "../training/batches";
import { formatPlaces, parsePlaces } from "../training/runs/placesTable";
import type { PlacedParticles } from "./comparison/placedParticles";
import type { StudyFolder } from "./studyFolder";
import type { TrainedPart } from "./trainedPart";

/** The particles of two parts with a place in both spaces. */
export interface CommonParticles {
  placed: PlacedParticles;
  /** Part whose own each particle is, 1 or 2; 0: of both, [particles]. */
  owner: Uint8Array;
}

/** How places are found. */
export interface CommonOptions extends TaskOptions {
  engine?: EngineChoice | undefined;
  onWarning?: ((warning: string) => void) | undefined;
}

/** Places of all particles of two parts in both spaces. Of halves, each particle is in one of them one that was never seen. */
export async function commonParticles(
  folder: StudyFolder,
  [first, second]: readonly [TrainedPart, TrainedPart],
  options: CommonOptions,
): Promise<CommonParticles> {
  const [p, q] = [first.run.latent, second.run.latent];
  if (!first.part.half) {
    const known = new Set(second.used);
    const rows = first.used.filter((i) => known.has(i));
    return {
      placed: {
        ...{ first: gatherRows(first.places, p, rows), firstAxes: p },
        ...{ second: gatherRows(second.places, q, rows), secondAxes: q },
      },
      owner: new Uint8Array(rows.length),
    };
  }
  const inFirst = gatherRows(await placesIn(folder, first, second, options), p, second.used);
  const inSecond = gatherRows(await placesIn(folder, second, first, options), q, first.used);
  const owner = new Uint8Array(first.used.length + second.used.length).fill(2).fill(1, 0, first.used.length);
  return {
    placed: {
      ...{ first: joined(gatherRows(first.places, p, first.used), inFirst), firstAxes: p },
      ...{ second: joined(inSecond, gatherRows(second.places, q, second.used)), secondAxes: q },
    },
    owner,
  };
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** Places of the particles of one part in the space of another, [particles · axes]: those that are there, or new ones, which are written. */
async function placesIn(
  folder: StudyFolder,
  space: TrainedPart,
  others: TrainedPart,
  { signal, onProgress, engine, onWarning }: CommonOptions,
): Promise<Float32Array> {
  const { latent } = space.run;
  const name = `${others.part.name}_in_${space.part.name}`;
  const file = path.join(folder.folder, `${name}.csv`);
  if (!existsSync(file)) {
    const named = ({ task, ...rest }: Progress) => onProgress?.({ ...rest, task: `${name}: ${task}` });
    const found = await space.run.placesOf(others.set, {
      ...(signal && { signal }),
      ...(onProgress && { onProgress: named }),
      ...(engine && { engine }),
      ...(onWarning && { onWarning }),
    });
    await writeAtomic(file, formatPlaces(found, latent, file));
  }
  return parsePlaces(await readFile(file, "utf8"), file, { count: others.set.count, latent }).mean;
}
