import path from "node:path";
import { InputError, StoppedError } from "../../../errors";
import { readMap } from "../../../maps/mapFile";
import type { GaussianModel } from "../../../model/gaussianModel";
import { writeModelText } from "../../../model/text";
import { particleExtension } from "../../../particles/particleExtension";
import type { ParticleSet } from "../../../particles/particleSet";
import type { TaskOptions } from "../../../progress";
import type { EngineChoice } from "../../../projection/engines";
import { readFsc } from "../../../reconstruction/fsc";
import { fileState } from "../../runs/inputFiles";
import { refineInRounds } from "../rounds/refineInRounds";
import type { RoundsReport, RoundsSettings } from "../rounds/roundsSettings";
import { withAbsoluteStacks } from "./absoluteStacks";
import { frameOf, likenessToMap, modelLike } from "./newModel";
import {
  isWorthRefining,
  measurementOf,
  type PoseChoice,
  type PoseDecision,
  type PoseMeasurement,
  priorOf,
  refinedSentence,
  staySentence,
} from "./poseDecision";
import type { PosesFolder, RoundsPlace, TrainingRequest } from "./posesFolder";
import { type RefinedInputs, refinedInputs } from "./refinedInputs";
import { stackFolder } from "./stackFolder";

/** Fewest particles whose half maps can tell good poses from bad ones. */
const leastParticles = 500;
/**
 * The check: Gaussians of the models, and particles of each half, a tenth of all within these limits. Wrong poses show in the half
 * maps of few particles: errors of 1° and 0.5 Å in those of `adk` by six standard errors.
 */
const checked = { gaussians: 256, leastPerHalf: 500, mostPerHalf: 1000 };
/** How wrong poses are taken to be in the check, in degrees and pixels; measuring it would take most of the time. */
const checkedPrior = { rotation: 2, pixels: 1 };
/** Refinement: most rounds, and of Gaussians of the models; no more than the given model has. */
const refined = { rounds: 4, gaussians: 512 };
/** Least correlation of a model with the map that it was made from, see {@link likenessToMap}. */
const leastLikeness = 0.7;

/** What the decision is about. */
export interface PoseQuestion {
  choice: PoseChoice;
  /** Settings of the training, with absolute paths. */
  request: TrainingRequest;
  /** The particles, opened, without symmetry copies. */
  set: ParticleSet;
  /** The given neutral model. */
  model: GaussianModel;
  /** Whether the training continues a run, with its particles and model. */
  isSecondRound?: boolean;
  folder: PosesFolder;
  seed: number;
  engine?: EngineChoice | undefined;
}

/** The decision, and the inputs of the training where they are not the given ones. */
export interface DecidedPoses {
  decision: PoseDecision;
  inputs?: RefinedInputs;
}

/**
 * Decides before a training whether its poses are good, and makes better ones with a new model if they are not: a motion is
 * invented where poses are wrong. What has been done in the folder is not done again.
 *
 * @throws InputError for `refine` where it is not possible, and as {@link refineInRounds}; StoppedError, after which it continues
 */
export async function posesFirst(question: PoseQuestion, task: TaskOptions): Promise<DecidedPoses> {
  const { folder } = question;
  const earlier = await folder.readDecision();
  if (earlier) return decided(question, earlier);
  const reason = await reasonNotTo(question);
  if (reason !== undefined) return { decision: unchecked(question, reason) };
  await folder.begin(question.request);
  const work = new PosesFirst(question, task);
  const decision = await work.decide().catch(async (error: Error) => {
    if (error instanceof StoppedError) throw error;
    if (!(error instanceof InputError) || question.choice === "refine") {
      if (error instanceof InputError) await folder.remove();
      throw error;
    }
    return unchecked(question, error.message);
  });
  await folder.writeDecision(decision);
  // Not before: a training that is resumed may look at the maps again.
  await folder.tidy("check", { results: true });
  await folder.tidy("rounds", { results: decision.used === "file" });
  return decided(question, decision);
}

async function decided(question: PoseQuestion, decision: PoseDecision): Promise<DecidedPoses> {
  if (decision.used === "file") return { decision };
  return { decision, inputs: await refinedInputs(question, decision) };
}

/** Why poses are not checked, if they are not. @throws InputError if they cannot be refined although that is asked for */
async function reasonNotTo(question: PoseQuestion): Promise<string | undefined> {
  const { choice, request, set } = question;
  if (choice === "file") return "as was asked for";
  if (set.tilts() !== set) {
    if (choice === "auto") return "since poses of tilt series are not refined";
    throw new InputError("poses", "auto or file for tilt series, whose poses are not refined", "refine");
  }
  if (question.isSecondRound) {
    if (choice === "auto") return "since they are those of the run before";
    throw new InputError("poses", "auto or file in a second round", "refine");
  }
  if (particleExtension(request.particles) !== ".star" && (await isScattered(question))) {
    if (choice === "auto") return "since the image stacks of the particle file lie in several folders";
    throw new InputError(request.particles, "image stacks in one folder, or dataFolder", "several folders");
  }
  if (choice === "auto" && set.count < leastParticles)
    return `since ${set.count} particles are too few to check them (${leastParticles})`;
  return undefined;
}

/** Whether the image stacks lie in several folders. */
async function isScattered({ request, set }: Pick<PoseQuestion, "request" | "set">): Promise<boolean> {
  return request.dataFolder === undefined && (await stackFolder(set)) === undefined;
}

function unchecked({ choice }: PoseQuestion, reason: string): PoseDecision {
  return { asked: choice, used: "file", sentence: `the poses of the file are used unchecked, ${reason}` };
}

/** Checks and refines. */
class PosesFirst {
  constructor(
    private readonly question: PoseQuestion,
    private readonly task: TaskOptions,
  ) {}

  async decide(): Promise<PoseDecision> {
    const { choice } = this.question;
    const asked = { asked: choice };
    let check: PoseDecision["check"];
    if (choice === "auto") {
      const began = performance.now();
      const report = await this.check();
      check = measurementOf(report, secondsSince(began));
      const sentence = await this.reasonToLeave(report, check);
      if (sentence !== undefined) return { ...asked, used: "file", sentence, check };
    }
    return { ...asked, ...(await this.refine()), ...(check && { check }) };
  }

  /** Why the poses of the file stay, if they do. */
  private async reasonToLeave(report: RoundsReport, check: PoseMeasurement): Promise<string | undefined> {
    if (!isWorthRefining(report)) return staySentence(check);
    const { model, folder } = this.question;
    const round = (file: string) => folder.rounds("check", path.join("round_0", file));
    const likeness = likenessToMap(model, await readMap(round("map.mrc")), await readFsc(round("fsc.txt")));
    if (likeness >= leastLikeness) return undefined;
    return (
      `the poses of the file are used although refined ones give better half maps (to ${check.after.toFixed(1)} Å in place of ` +
      `${check.before.toFixed(1)} Å), since the model is not that of a map of these particles (mean FSC ${likeness.toFixed(2)}): ` +
      "refine poses by e2gmm rounds, and make the model from its map"
    );
  }

  /** Refines the poses of all particles, and makes the model of their map. */
  private async refine(): Promise<Omit<PoseDecision, "asked" | "check">> {
    const { choice, folder, model, request, seed } = this.question;
    const began = performance.now();
    const gaussians = Math.min(refined.gaussians, model.count);
    const report = await this.rounds("rounds", {
      ...{ rounds: refined.rounds, gaussians },
      // What was asked for is not a question of significance, only of no harm.
      ...(choice === "refine" && { leastGain: 1 }),
    });
    if (choice === "auto" ? !isWorthRefining(report) : report.verdict === "leave") {
      const refinement = measurementOf(report, secondsSince(began));
      return { used: "file", sentence: staySentence(refinement), refinement };
    }
    if (await isScattered(this.question)) {
      await withAbsoluteStacks(folder.rounds("rounds", "poses.star"), this.question.set, this.task);
    }
    const map = await readMap(folder.rounds("rounds", "map.mrc"));
    await writeModelText(
      folder.file("neutral"),
      await modelLike(model, map, { ...this.named("new model: "), seed, symmetry: request.symmetry }),
    );
    const frame = frameOf(model, map);
    const refinement = measurementOf(report, secondsSince(began));
    const prior = priorOf(report);
    return {
      used: "refined",
      ...(prior && { prior }),
      sentence: refinedSentence(refinement, frame),
      ...{ refinement, frame },
      given: { particles: await fileState(request.particles), model: await fileState(request.model) },
    };
  }

  /** One round on a sample. */
  private check(): Promise<RoundsReport> {
    const { set, model } = this.question;
    const { gaussians, leastPerHalf, mostPerHalf } = checked;
    const perHalf = Math.min(Math.max(leastPerHalf, Math.round(set.count / 20)), mostPerHalf);
    const { rotation, pixels } = checkedPrior;
    return this.rounds("check", {
      rounds: 1,
      ...{ perHalf, gaussians: Math.min(gaussians, model.count) },
      prior: { rotation, shift: pixels * set.apix },
    });
  }

  private rounds(place: RoundsPlace, how: Partial<RoundsSettings>): Promise<RoundsReport> {
    const { request, folder, seed, engine } = this.question;
    const { particles, dataFolder, apix, invertContrast, bytes, symmetry } = request;
    return refineInRounds({
      ...{ ...this.named(place === "check" ? "poses, check: " : "poses, "), ...how, particles, seed },
      out: folder.rounds(place),
      ...(engine && { engine }),
      ...(dataFolder !== undefined && { dataFolder }),
      ...(apix !== undefined && { apix }),
      ...(invertContrast && { invertContrast }),
      ...(symmetry !== undefined && { symmetry }),
      ...(bytes && { bytes }),
    });
  }

  /** The task with a name before its steps. */
  private named(name: string): TaskOptions {
    const { signal, onProgress } = this.task;
    return {
      ...(signal && { signal }),
      ...(onProgress && {
        onProgress: (progress) => onProgress({ ...progress, task: name + progress.task }),
      }),
    };
  }
}

function secondsSince(began: number): number {
  return Math.round((performance.now() - began) / 100) / 10;
}
