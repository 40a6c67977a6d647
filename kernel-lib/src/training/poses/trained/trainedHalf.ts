import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { throwIfStopped } from "../../../errors";
import type { Volume } from "../../../maps/volume";
import { growNeutralModel } from "../../../model/growNeutralModel";
import { writeModelText } from "../../../model/text";
import { openParticles, type ParticleSet } from "../../../particles/particleSet";
import { type ParticlePoses, writePoses } from "../../../particles/writePoses";
import type { TaskOptions } from "../../../progress";
import { train } from "../../background";
import type { Run } from "../../runs/run";
import { RunFolder } from "../../runs/runFolder";
import type { PoseReport } from "../refinedPoses";
import { extensionOf } from "../rounds/roundsFolder";
import type { TrainedRoundsSettings, TrainingEvidence } from "./trainedSettings";

/** One half of the particles at the beginning of a round with a training. */
export interface HalfAtWork {
  /** Folder of this half in this round. */
  folder: string;
  /** The particles of the half. */
  part: ParticleSet;
  /** Their poses. */
  poses: ParticlePoses;
  /** File of the half with the poses of the user's file, which priors are relative to. */
  reference: string;
  /** Map of this half from these poses. */
  map: Volume;
  mask: Volume | undefined;
  /** Finest detail in Å. */
  resolution: number;
  /** Folder of the image stacks; undefined if their names are absolute. */
  dataFolder: string | undefined;
}

/** A trained half: its run, to be closed. */
export interface HalfAfterTraining {
  run: Run;
  evidence: TrainingEvidence;
}

/** Neutral model and training of a half. What is in the folder is not done again, and a training that was stopped continues. */
export async function trainHalf(
  half: HalfAtWork,
  settings: TrainedRoundsSettings,
  task: TaskOptions,
): Promise<HalfAfterTraining> {
  const { folder, part, resolution, dataFolder } = half;
  const { gaussians = 512, seed = 1, engine, options, apix, invertContrast, bytes, onWarning } = settings;
  await mkdir(folder, { recursive: true });
  const particles = path.join(folder, `particles${extensionOf(part)}`);
  if (!existsSync(particles)) await writeHalf(particles, half);
  const model = path.join(folder, "model.txt");
  if (!existsSync(model)) {
    const { mask } = half;
    const grown = await growNeutralModel(half.map, {
      ...task,
      resolution,
      gaussians,
      seed,
      ...(mask && { mask }),
    });
    await writeModelText(model, grown.model);
  }
  throwIfStopped(task.signal);
  const out = path.join(folder, "run");
  const run = await train({
    ...{ ...task, particles, model, out, resolution, resume: new RunFolder(out).hasTraining },
    // They come from the rounds before.
    poses: "file",
    options: { seed, ...options },
    ...(engine && { engine }),
    ...(dataFolder !== undefined && { dataFolder }),
    ...(apix !== undefined && { apix }),
    ...(invertContrast && { invertContrast }),
    ...(bytes && { bytes }),
    ...(onWarning && { onWarning }),
  });
  return { run, evidence: await evidenceOf(run) };
}

/** Writes the particles of a half alone, in its poses. */
async function writeHalf(file: string, { part, reference, poses }: HalfAtWork): Promise<void> {
  const set = await openParticles(reference, {
    ...(part.givenApix !== undefined && { apix: part.givenApix }),
    withoutStacks: { boxSize: part.boxSize, apix: part.apix },
  });
  await writePoses(file, set, poses).finally(() => set.close());
}

async function evidenceOf(run: Run): Promise<TrainingEvidence> {
  const evidence = await run.storedEvidence();
  if (!evidence) return {};
  const { verdict, gain, motion, realAxes } = evidence;
  return { verdict, gain, motion: motion.rms, realAxes };
}

/** Places and poses of a half together, against its own decoder. */
export async function placeAndPose(
  run: Run,
  { reference }: HalfAtWork,
  { prior, engine }: TrainedRoundsSettings,
  task: TaskOptions,
): Promise<{ poses: ParticlePoses; report: PoseReport }> {
  const poses = await run.refinePoses({
    ...{ ...task, reference },
    ...(prior && { prior }),
    ...(engine && { engine }),
  });
  return { poses, report: poses.report };
}
