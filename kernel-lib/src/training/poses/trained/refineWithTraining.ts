import { existsSync } from "node:fs";
import path from "node:path";
import { writeAtomic } from "../../../atomicWrite";
import { InputError, throwIfStopped } from "../../../errors";
import { writeMap } from "../../../maps/mapFile";
import { readMask } from "../../../maps/mask";
import type { Volume } from "../../../maps/volume";
import { groupOf } from "../../../model/growthSymmetry";
import { openParticles } from "../../../particles/particleSet";
import { posesOfSingleImages, requireSingleImages } from "../../../particles/singleImages";
import { type ParticlePoses, writePoses } from "../../../particles/writePoses";
import { beginTask, type TaskOptions } from "../../../progress";
import { formatFsc, resolutionAt } from "../../../reconstruction/fsc";
import { reconstruct } from "../../../reconstruction/reconstruct";
import { packageVersion } from "../../../version";
import { type RunOptions, withDefaults } from "../../options";
import { checkTrainingOptions } from "../../runs/runRecord";
import { surveyedAxes } from "../../survey/survey";
import { poseChange } from "../commonFrame";
import { stackFolder } from "../first/stackFolder";
import { posesIn } from "../lineage";
import { halfMapGain } from "../rounds/halfMapGain";
import { type HalfSets, halfSets, indicesOf } from "../rounds/halfSets";
import { mergedPoses, pickPoses, posedSource } from "../rounds/posedSource";
import { refineInRounds } from "../rounds/refineInRounds";
import { named, resolutionOf, standsStill } from "../rounds/roundEnd";
import { extensionOf, type RoundMaps, RoundsFolder } from "../rounds/roundsFolder";
import type { RoundsReport } from "../rounds/roundsSettings";
import { type HalfAtWork, placeAndPose, trainHalf } from "./trainedHalf";
import { evidenceOfRounds, trainedSentence } from "./trainedSentence";
import type { TrainedHalf, TrainedReport, TrainedRoundsSettings, TrainingRound } from "./trainedSettings";
import { trainingsTable } from "./trainingsTable";

/**
 * Refines poses in rounds, first against one model without motion ({@link refineInRounds}), until they stand still; then against the
 * moving model: neutral model and training of each half, place and pose of each particle together, half maps again. The halves never
 * meet: each has its own map, model, training, priors and poses; only the resolution comes from the correlation of their maps.
 *
 * Poses from a training are used where they explain samples better, in both halves, that they were not inferred from, and the half
 * maps do not agree less. The next training begins with them, and its evidence on held-out particles is that after the refinement.
 *
 * Writes what {@link refineInRounds} writes, with `trainings.csv`; the rounds of the consensus are in the folder `consensus`, and
 * `round_N/halfH/run` are the runs. One that was stopped continues when it is called again with the same settings: what is finished
 * is not done again.
 *
 * @returns the report, as in `rounds.json`
 * @throws InputError as {@link refineInRounds}, for image stacks in several folders, and for options of trainings that are invalid;
 *   StoppedError
 * @example
 * ```ts no-run
 * const { verdict, sentence, evidence } = await e2.training.refineWithTraining({
 *   particles: "particles.star",
 *   out: "rounds",
 *   options: { latent: 1 },
 * });
 * console.log(verdict, sentence, evidence?.before, evidence?.after);
 * ```
 */
export async function refineWithTraining(given: TrainedRoundsSettings): Promise<TrainedReport> {
  const settings = beginTask(given);
  if (groupOf(settings.symmetry)) {
    throw new InputError(
      "symmetry",
      "none in rounds with trainings: an image of several units has a place for each of them but one pose, which had to be fitted to all units in " +
        "their own states together, and poses are refined against one state; rounds of the consensus may have one",
      settings.symmetry,
    );
  }
  const { particles, dataFolder, apix, invertContrast, bytes, signal, seed, out } = settings;
  checkSettings(settings);
  const folder = new RoundsFolder(out);
  const set = await openParticles(particles, { dataFolder, apix, invertContrast, bytes, signal });
  try {
    requireSingleImages(set, posesOfSingleImages);
    const stacks = dataFolder ?? (await stackFolder(set));
    if (stacks === undefined) {
      throw new InputError(particles, "image stacks in one folder, or dataFolder", "several folders");
    }
    const mask = settings.mask === undefined ? undefined : await readMask(settings.mask, set, { signal });
    const own = { trainings: settings.trainings, options: settings.options };
    const started = await folder.open({ ...recorded(settings), ...own });
    if (started?.status === "complete") return started as TrainedReport;
    if (started) await folder.removeOrphans();
    const { trainings: _, options: __, onTraining: ___, ...forConsensus } = settings;
    const first = startRecord({ ...recorded(settings), ...own }, set.count);
    if (!started) await folder.writeRecord(first);
    const consensus = await refineInRounds({ ...forConsensus, out: folder.at("consensus") });
    const used = halfSets(set, { seed });
    const place = { mask, folder, settings, dataFolder: stacks === "absolute" ? undefined : stacks };
    return await new TrainedRounds({ ...used, ...place, consensus, first }).run();
  } finally {
    await set.close();
  }
}

function checkSettings({ trainings = 2, options }: TrainedRoundsSettings): void {
  if (!Number.isInteger(trainings) || trainings < 1)
    throw new InputError("trainings", "an integer of 1 or more", `${trainings}`);
  const complete = withDefaults(options);
  const latent = complete.latent === "auto" ? surveyedAxes : complete.latent;
  checkTrainingOptions({ ...complete, latent } satisfies RunOptions, "options");
}

/** What the result depends on, apart from what the consensus rounds record themselves. */
function recorded({ particles, mask, gaussians, resolution, prior, seed }: TrainedRoundsSettings) {
  return {
    particles: path.resolve(particles),
    ...(mask !== undefined && { mask: path.resolve(mask) }),
    ...{ train: true, gaussians, resolution, prior, seed },
  };
}

function startRecord(settings: RoundsReport["settings"], particles: number): TrainedReport {
  const none = { rms: 0, median: 0, p90: 0, p99: 0 };
  const unknown = { half: Number.POSITIVE_INFINITY, seventh: Number.POSITIVE_INFINITY };
  return {
    ...{ format: 1, program: packageVersion, settings, status: "running", particles, halves: "random" },
    ...{ before: unknown, after: unknown, consensus: unknown },
    ...{ moved: { angle: none, shift: none, common: { angle: 0, shift: 0 } }, rounds: [], trainings: [] },
  };
}

interface TrainedParts extends HalfSets {
  mask: Volume | undefined;
  folder: RoundsFolder;
  settings: TrainedRoundsSettings;
  dataFolder: string | undefined;
  /** What the rounds without motion found. */
  consensus: RoundsReport;
  first: TrainedReport;
}

/** Poses, and the maps from them. */
interface State {
  poses: ParticlePoses;
  maps: RoundMaps;
}

class TrainedRounds {
  private readonly task: TaskOptions;

  constructor(private readonly parts: TrainedParts) {
    const { signal, onProgress } = parts.settings;
    this.task = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  }

  async run(): Promise<TrainedReport> {
    const { set, folder, settings, consensus, first } = this.parts;
    const { program, particles, halves, before, rounds } = consensus;
    const file: ParticlePoses = { rotations: set.rotations(), shifts: set.shifts() };
    const start = await this.consensusState();
    let record: TrainedReport = {
      ...{ ...first, program, particles, halves, before, rounds },
      ...{ consensus: consensus.after, after: consensus.after, trainings: [] },
    };
    let best = start;
    for (let round = 1; round <= (settings.trainings ?? 2); round++) {
      throwIfStopped(settings.signal);
      const { state, report } = await this.round(round, best);
      record = { ...record, trainings: [...record.trainings, report] };
      settings.onTraining?.(report);
      if (report.kept) best = state;
      record = { ...record, after: resolutionOf(best.maps.fsc) };
      await folder.writeRecord(record);
      await writeAtomic(folder.at("trainings.csv"), trainingsTable(record));
      const uncertainties = report.halves.map(({ poses }) => poses.uncertainty);
      if (!report.kept || standsStill(report.moved, uncertainties)) break;
    }
    const moved = poseChange(file, best.poses);
    const isRefined = best !== start || consensus.verdict === "refine";
    const result: TrainedReport = {
      ...{ ...record, moved, verdict: isRefined ? "refine" : "leave", status: "complete" },
      evidence: evidenceOfRounds(record.trainings),
    };
    const complete = { ...result, sentence: trainedSentence(result) };
    await this.writeResult(best);
    await folder.writeRecord(complete);
    return complete;
  }

  /** Poses and maps that the rounds without motion ended with. */
  private async consensusState(): Promise<State> {
    const { set, folder } = this.parts;
    const poses = await posesIn(folder.at(path.join("consensus", `poses${extensionOf(set)}`)), set);
    return { poses, maps: await this.mapsOf(0, poses) };
  }

  private mapsOf(round: number, poses: ParticlePoses): Promise<RoundMaps> {
    const { set, folder, settings, halves } = this.parts;
    const make = async () => {
      const { map, half1, half2, fsc } = await reconstruct(posedSource(set, poses), { ...this.task, halves });
      if (half1 && half2 && fsc) return { map, half1, half2, fsc };
      throw new InputError(set.file, "images that vary in both half sets", "none in one of them");
    };
    return folder.maps(round, make, settings.signal);
  }

  /** One round from the poses and maps of the last one that was kept. */
  private async round(round: number, before: State): Promise<{ state: State; report: TrainingRound }> {
    const { halves } = this.parts;
    const resolution = this.limitOf(before.maps);
    let poses = before.poses;
    const reports: TrainedHalf[] = [];
    for (const half of [1, 2] as const) {
      const { trained, own } = await this.half({ round, half, resolution }, before);
      reports.push(trained);
      poses = mergedPoses(poses, own, indicesOf(halves, half));
    }
    const maps = await this.mapsOf(round, poses);
    const halfMaps = halfMapGain(before.maps.fsc, maps.fsc);
    const better = reports.every((own) => own.poses.verdict === "refine");
    const report: TrainingRound = {
      ...{ round, resolution, halves: [reports[0]!, reports[1]!], after: resolutionOf(maps.fsc), halfMaps },
      moved: poseChange(before.poses, poses),
      kept: better && halfMaps.gain > -halfMaps.standardError,
    };
    return { state: { poses, maps }, report };
  }

  /** Resolution to which the half maps agree. */
  private limitOf({ fsc }: RoundMaps): number {
    const { set, settings } = this.parts;
    const { threshold = 0.143, resolution = 0 } = settings;
    return Math.max(resolutionAt(fsc, threshold), resolution, 2 * set.apix);
  }

  /** Model, training, and places and poses of one half. */
  private async half(
    { round, half, resolution }: { round: number; half: 1 | 2; resolution: number },
    before: State,
  ): Promise<{ trained: TrainedHalf; own: ParticlePoses }> {
    const { set, halves, folder, settings, mask, dataFolder } = this.parts;
    const indices = indicesOf(halves, half);
    const part = set.select(indices);
    const reference = folder.at(`file_half${half}${extensionOf(set)}`);
    if (!existsSync(reference)) await part.writeStar(reference);
    const work: HalfAtWork = {
      ...{ part, reference, mask, resolution, dataFolder },
      folder: folder.file(round, `half${half}`),
      poses: pickPoses(before.poses, indices),
      map: half === 1 ? before.maps.half1 : before.maps.half2,
    };
    const task = named(this.task, `round ${round} with training, half ${half}: `);
    const { run, evidence } = await trainHalf(work, settings, task);
    try {
      const own = await folder.half({ round, half, set: part }, () =>
        placeAndPose(run, work, settings, task),
      );
      return { trained: { evidence, poses: own.report }, own: own.poses };
    } finally {
      run.close();
    }
  }

  private async writeResult(best: State): Promise<void> {
    const { set, folder, settings } = this.parts;
    const { signal } = settings;
    await writePoses(folder.at(`poses${extensionOf(set)}`), set, best.poses, this.task);
    for (const name of ["map", "half1", "half2"] as const) {
      await writeMap(folder.at(`${name}.mrc`), best.maps[name], { ...(signal && { signal }) });
    }
    const before = await new RoundsFolder(folder.at("consensus")).fsc(0);
    await writeAtomic(folder.at("fsc_before.txt"), formatFsc(before));
    await writeAtomic(folder.at("fsc_after.txt"), formatFsc(best.maps.fsc));
  }
}
