import { mkdir } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../../../atomicWrite";
import { InputError, throwIfStopped } from "../../../errors";
import { writeMap } from "../../../maps/mapFile";
import { readMask } from "../../../maps/mask";
import type { Volume } from "../../../maps/volume";
import { growNeutralModel } from "../../../model/growNeutralModel";
import { groupOf } from "../../../model/growthSymmetry";
import { writeModelText } from "../../../model/text";
import { openParticles, type ParticleSet } from "../../../particles/particleSet";
import { posesOfSingleImages, requireSingleImages } from "../../../particles/singleImages";
import { type ParticlePoses, writePoses } from "../../../particles/writePoses";
import { beginTask, type TaskOptions } from "../../../progress";
import { type FscCurve, formatFsc, resolutionAt } from "../../../reconstruction/fsc";
import { reconstruct } from "../../../reconstruction/reconstruct";
import { packageVersion } from "../../../version";
import { fileState } from "../../runs/inputFiles";
import { type PoseChange, poseChange } from "../commonFrame";
import { refineConsensusPoses } from "../consensusPoses";
import { halfMapGain, halfMapGainText } from "./halfMapGain";
import { type HalfSets, halfSets, indicesOf } from "./halfSets";
import { mergedPoses, pickPoses, posedSource } from "./posedSource";
import { named, resolutionOf, standsStill } from "./roundEnd";
import { extensionOf, type RoundMaps, RoundsFolder } from "./roundsFolder";
import type { RoundReport, RoundsReport, RoundsSettings } from "./roundsSettings";

/**
 * Refines consensus poses in rounds: maps of two halves of the particles, a Gaussian model of each, poses of each half against its
 * own model, maps again, as long as the half maps agree better than before. The halves never meet: each has its own map, model,
 * priors and poses; only the resolution to which both are aligned comes from the correlation of their maps. Poses of a half
 * are relative to the model of its map, so that this map stays where it was, and both halves in the frame of the file.
 *
 * Whether the poses in the file were good is decided by the half maps: where those of the first round do not agree better by three
 * standard errors, the result has the poses of the file.
 *
 * Writes `poses.star` (or `.cs`), `map.mrc`, `half1.mrc`, `half2.mrc`, `fsc_before.txt`, `fsc_after.txt`, `rounds.json`, `rounds.csv`,
 * and a folder for each round. A run that was stopped continues when it is called again with the same settings.
 *
 * @returns the report, as in `rounds.json`
 * @throws InputError for bad input, an unknown symmetry or one that the maps have not, particles without poses, half maps that do not agree at all, and a folder with other files
 *   or with a run of other settings; StoppedError
 * @example
 * ```ts
 * const { verdict, sentence } = await e2.training.refineInRounds({
 *   particles: "particles.star",
 *   out: "rounds",
 *   rounds: 1,
 *   gaussians: 24,
 *   prior: { rotation: 1, shift: 1 },
 * });
 * console.log(verdict, sentence);
 * ```
 */
export async function refineInRounds(given: RoundsSettings): Promise<RoundsReport> {
  const settings = beginTask(given);
  const { particles, dataFolder, apix, invertContrast, bytes, signal } = settings;
  checkSettings(settings);
  const set = await openParticles(particles, { dataFolder, apix, invertContrast, bytes, signal });
  try {
    requireSingleImages(set, posesOfSingleImages);
    for (const warning of set.warnings) settings.onWarning?.(warning);
    const { seed, perHalf } = settings;
    const used = halfSets(set, { seed, perHalf });
    await used.set.checkStacks({ ...(signal && { signal }) });
    const mask = settings.mask === undefined ? undefined : await readMask(settings.mask, set, { signal });
    const folder = new RoundsFolder(settings.out);
    const record = await folder.open(await recordedSettings(settings));
    if (record?.status === "complete") return record;
    if (record) await folder.removeOrphans();
    return await new Rounds({ ...used, mask, folder, settings }).run();
  } finally {
    await set.close();
  }
}

function checkSettings({ rounds = 1, gaussians = 1, perHalf = 1, threshold = 0.5 }: RoundsSettings): void {
  for (const [name, value] of Object.entries({ rounds, gaussians, perHalf })) {
    if (!Number.isInteger(value) || value < 1)
      throw new InputError(name, "an integer of 1 or more", `${value}`);
  }
  if (!(threshold > 0 && threshold < 1))
    throw new InputError("threshold", "a number between 0 and 1", `${threshold}`);
}

/** What the result depends on. */
async function recordedSettings(settings: RoundsSettings): Promise<RoundsReport["settings"]> {
  const { particles, mask, rounds, gaussians, threshold, resolution, prior, seed } = settings;
  const { perHalf, leastGain, apix, invertContrast, bytes } = settings;
  const symmetry = groupOf(settings.symmetry)?.name;
  return {
    particles: path.resolve(particles),
    sha256: (await fileState(particles)).sha256,
    ...(mask !== undefined && { mask: path.resolve(mask) }),
    ...{ rounds, gaussians, threshold, resolution, prior, symmetry, seed, perHalf, leastGain, apix, bytes },
    ...(invertContrast && { invertContrast }),
  };
}

interface RoundsParts extends HalfSets {
  mask: Volume | undefined;
  folder: RoundsFolder;
  settings: RoundsSettings;
}

/** Poses, and the maps from them. */
interface State {
  round: number;
  poses: ParticlePoses;
  maps: RoundMaps;
}

class Rounds {
  private readonly task: TaskOptions;

  constructor(private readonly parts: RoundsParts) {
    const { signal, onProgress } = parts.settings;
    this.task = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  }

  async run(): Promise<RoundsReport> {
    const { set, folder, settings } = this.parts;
    const file: ParticlePoses = { rotations: set.rotations(), shifts: set.shifts() };
    // The first record shows whose folder it is.
    let record = await this.newRecord();
    await folder.writeRecord(record);
    const first: State = { round: 0, poses: file, maps: await this.mapsOf(0, file) };
    record = { ...record, before: resolutionOf(first.maps.fsc), after: resolutionOf(first.maps.fsc) };
    let best = first;
    for (let round = 1; round <= (settings.rounds ?? 4); round++) {
      throwIfStopped(settings.signal);
      const { state, report } = await this.round(round, best, record.rounds[0]);
      record = { ...record, rounds: [...record.rounds, report] };
      settings.onRound?.(report);
      if (report.kept) best = state;
      await folder.writeRecord({ ...record, after: resolutionOf(best.maps.fsc) });
      const uncertainties = report.halves.map(({ uncertainty }) => uncertainty);
      if (!report.kept || standsStill(report.moved, uncertainties)) break;
    }
    const moved = poseChange(file, best.poses);
    const result = {
      ...record,
      ...verdictOf([first, best], moved, record.rounds[0]),
      after: resolutionOf(best.maps.fsc),
      moved,
    };
    await this.writeResult(first, best);
    const complete: RoundsReport = { ...result, status: "complete" };
    await folder.writeRecord(complete);
    return complete;
  }

  private async newRecord(): Promise<RoundsReport> {
    const { set, settings } = this.parts;
    const none = { rms: 0, median: 0, p90: 0, p99: 0 };
    const unknown = { half: Number.POSITIVE_INFINITY, seventh: Number.POSITIVE_INFINITY };
    return {
      ...{
        format: 1,
        program: packageVersion,
        settings: await recordedSettings(settings),
        status: "running",
      },
      ...{
        particles: set.count,
        halves: set.randomSubset ? "file" : "random",
        before: unknown,
        after: unknown,
      },
      ...{ moved: { angle: none, shift: none, common: { angle: 0, shift: 0 } }, rounds: [] },
    };
  }

  private mapsOf(round: number, poses: ParticlePoses): Promise<RoundMaps> {
    const { set, folder, settings } = this.parts;
    const make = async () => {
      const { map, half1, half2, fsc } = await reconstruct(posedSource(set, poses), {
        ...this.task,
        halves: this.parts.halves,
        symmetry: settings.symmetry,
      });
      if (half1 && half2 && fsc) return { map, half1, half2, fsc };
      throw new InputError(set.file, "images that vary in both half sets", "none in one of them");
    };
    return folder.maps(round, make, settings.signal);
  }

  /**
   * One round from the poses and maps of the last one that was kept.
   * @param first report of the first round, whose priors stay: in finer rings, poses from afar are not found, and look right
   */
  private async round(
    round: number,
    before: State,
    first: RoundReport | undefined,
  ): Promise<{ state: State; report: RoundReport }> {
    const { set, halves, folder, settings } = this.parts;
    const alignedTo = this.limitOf(before.maps.fsc);
    let poses = before.poses;
    const reports: RoundReport["halves"][number][] = [];
    for (const half of [1, 2]) {
      const indices = indicesOf(halves, half);
      const part = set.select(indices);
      const own = await folder.half({ round, half, set: part }, () =>
        this.refineHalf(
          {
            ...{ round, half, part, alignedTo, prior: first?.halves[half - 1]?.prior },
            start: round > 1 ? pickPoses(before.poses, indices) : undefined,
          },
          before.maps,
        ),
      );
      reports.push(own.report);
      poses = mergedPoses(poses, own.poses, indices);
    }
    const maps = await this.mapsOf(round, poses);
    const copies = groupOf(settings.symmetry)?.order ?? 1;
    const halfMaps = halfMapGain(before.maps.fsc, maps.fsc, copies);
    const report: RoundReport = {
      ...{
        round,
        alignedTo,
        halves: [reports[0]!, reports[1]!],
        resolution: resolutionOf(maps.fsc),
        halfMaps,
      },
      moved: poseChange(before.poses, poses),
      kept: halfMaps.gain > (round === 1 ? (settings.leastGain ?? 3) : 1) * halfMaps.standardError,
    };
    return { state: { round, poses, maps }, report };
  }

  /** Resolution to which the half maps agree. */
  private limitOf(fsc: FscCurve): number {
    const { set, settings } = this.parts;
    const { threshold = 0.143, resolution = 0 } = settings;
    const reached = resolutionAt(fsc, threshold);
    if (!Number.isFinite(reached)) {
      throw new InputError(set.file, "half maps that agree at low resolution", "none: are the poses right?");
    }
    return Math.max(reached, resolution, 2 * set.apix);
  }

  private async refineHalf(
    { round, half, part, alignedTo, start, prior: measured }: HalfTask,
    maps: RoundMaps,
  ): Promise<{ poses: ParticlePoses; report: RoundReport["halves"][number] }> {
    const { folder, mask, settings } = this.parts;
    const { gaussians = 512, prior = measured, engine, seed = 1, symmetry } = settings;
    const task = named(this.task, `round ${round}, half ${half}: `);
    // That the model is coarse is no cause for a warning: poses from twice or three times as many Gaussians are no better.
    const { model } = await growNeutralModel(half === 1 ? maps.half1 : maps.half2, {
      ...{ ...task, resolution: alignedTo, gaussians, seed, symmetry },
      ...(mask && { mask }),
    });
    await mkdir(folder.file(round, ""), { recursive: true });
    await writeModelText(folder.file(round, `model_half${half}.txt`), model);
    const poses = await refineConsensusPoses(part, model, {
      ...{ ...task, resolution: alignedTo },
      ...(start && { start }),
      ...(prior && { prior }),
      ...(engine && { engine }),
    });
    return { poses, report: poses.report };
  }

  private async writeResult(first: State, best: State): Promise<void> {
    const { set, folder, settings } = this.parts;
    const { signal } = settings;
    await writePoses(folder.at(`poses${extensionOf(set)}`), set, best.poses, this.task);
    for (const name of ["map", "half1", "half2"] as const) {
      await writeMap(folder.at(`${name}.mrc`), best.maps[name], { ...(signal && { signal }) });
    }
    await writeAtomic(folder.at("fsc_before.txt"), formatFsc(first.maps.fsc));
    await writeAtomic(folder.at("fsc_after.txt"), formatFsc(best.maps.fsc));
  }
}

interface HalfTask {
  round: number;
  half: number;
  part: ParticleSet;
  alignedTo: number;
  /** Poses of the last round, if there is one. */
  start: ParticlePoses | undefined;
  /** What the first round measured of this half. */
  prior: RoundReport["halves"][number]["prior"] | undefined;
}

function verdictOf(
  [first, best]: [State, State],
  { angle, shift }: PoseChange,
  round: RoundReport | undefined,
): Required<Pick<RoundsReport, "verdict" | "sentence">> {
  const at = ({ maps }: State) => `${resolutionAt(maps.fsc, 0.143).toFixed(2)} Å`;
  const gain = round ? `; ${halfMapGainText(round.halfMaps)} in the first round` : "";
  if (best === first) {
    return {
      verdict: "leave",
      sentence: `the poses of the file stay: refined ones give half maps that agree no better (to ${at(first)} at 0.143${gain})`,
    };
  }
  const moves = `${angle.rms.toFixed(2)}° and ${shift.rms.toFixed(2)} Å root mean square`;
  return {
    verdict: "refine",
    sentence: `refined poses, which moved by ${moves}, improve the half maps from ${at(first)} to ${at(best)} (at 0.143${gain})`,
  };
}
