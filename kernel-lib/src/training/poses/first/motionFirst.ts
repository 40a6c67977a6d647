import { mkdir } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../../../atomicWrite";
import { readModelText, writeModelText } from "../../../model/text";
import type { ParticleSet } from "../../../particles/particleSet";
import { writePoses } from "../../../particles/writePoses";
import type { TaskOptions } from "../../../progress";
import { reconstruct } from "../../../reconstruction/reconstruct";
import type { Trainer } from "../../trainer";
import { posesIn, reportName } from "../lineage";
import type { RefinedPoses } from "../refinedPoses";
import { posedSource } from "../rounds/posedSource";
import { type MotionPoses, motionPoses } from "./motionPoses";
import { frameOf, modelLike } from "./newModel";
import type { MotionMeasurement, PoseDecision } from "./poseDecision";
import { motionSentence } from "./poseDecision";
import type { DecidedPoses } from "./posesFirst";
import type { PosesFolder, TrainingRequest } from "./posesFolder";
import { refinedInputs } from "./refinedInputs";

/** Most refinements of place and pose together. */
const passes = 2;
/** Held-out particles without which nobody knows whether places explain more. */
const fewestHeldOut = 20;

/** What is refined further. */
export interface MotionQuestion {
  /** That the poses were refined in rounds, and what was done since. */
  decision: PoseDecision;
  /** Settings of the training, with absolute paths. */
  request: TrainingRequest;
  /** The particles in these poses, each once. */
  set: ParticleSet;
  /** Of these particles and the model of their map; prepared. */
  trainer: Trainer;
  folder: PosesFolder;
  seed: number;
}

/**
 * After poses were refined in rounds against one model, and before the training: refines them together with places, see
 * {@link motionPoses}, and makes the model anew; up to twice, since the second survey sees more. What has been done in the
 * folder is not done again.
 * @returns with inputs if the poses are others now
 * @throws InputError if the given particle file has changed; StoppedError, after which it continues
 */
export async function motionFirst(question: MotionQuestion, task: TaskOptions): Promise<DecidedPoses> {
  const { decision, folder, set } = question;
  const { given, prior, motion: earlier = [] } = decision;
  const ended = earlier.length === passes || earlier.at(-1)?.used === false;
  if (ended || question.trainer.validationSet.length < fewestHeldOut || !given || !prior) return { decision };
  const began = performance.now();
  const reference = await posesIn(given.particles.file, set);
  const found = await motionPoses(question.trainer, { reference, prior }, task);
  const frame = found.refined && (await writeRefined(question, found.refined, task));
  const motion = measurementOf(found, Math.round((performance.now() - began) / 100) / 10);
  const result: PoseDecision = {
    ...{ ...decision, ...(frame && { frame }), motion: [...earlier, motion] },
    sentence: sentenceAfter(decision, motion),
  };
  await folder.writeDecision(result);
  return { decision: result, ...(motion.used && { inputs: await refinedInputs(question, result) }) };
}

/** Writes poses and their report, and the model of their map. @returns how far the map is from the given model */
async function writeRefined(
  { folder, set, request, seed, decision }: MotionQuestion,
  refined: RefinedPoses,
  task: TaskOptions,
): Promise<NonNullable<PoseDecision["frame"]>> {
  const { symmetry } = request;
  const { map } = await reconstruct(posedSource(set, refined), { ...task, halves: "none", symmetry });
  const given = await readModelText(request.model);
  const pass = 1 + (decision.motion?.length ?? 0);
  const file = folder.motion(pass, `poses${set.metadata.extension}`);
  await mkdir(path.dirname(file), { recursive: true });
  await writePoses(file, set, refined, task);
  const report = { ...refined.report, reference: decision.given!.particles.file };
  await writeAtomic(reportName(file), `${JSON.stringify(report, null, 2)}\n`);
  const model = await modelLike(given, map, { ...task, seed, symmetry });
  await writeModelText(folder.motion(pass, "neutral.txt"), model);
  return frameOf(given, map);
}

/** The reason for the poses: the rounds, and the last refinement of place and pose that is used. */
function sentenceAfter({ sentence, motion = [] }: PoseDecision, last: MotionMeasurement): string {
  const before = motion.at(-1);
  if (!before) return `${sentence}; ${motionSentence(last)}`;
  return last.used ? sentence.replace(motionSentence(before), motionSentence(last)) : sentence;
}

function measurementOf({ gain, refined }: MotionPoses, seconds: number): MotionMeasurement {
  if (!refined) return { used: false, gain, seconds };
  const { moved, uncertainty, shared } = refined.report;
  return {
    ...{ used: true, gain, seconds, uncertainty, shared },
    moved: { angle: moved.angle.rms, shift: moved.shift.rms },
  };
}
