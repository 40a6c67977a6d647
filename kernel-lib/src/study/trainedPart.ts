import { typicalErrors } from "../latent/deconvolution";
import type { ParticleSet } from "../particles/particleSet";
import { gatherRows } from "../training/batches";
import { openRun } from "../training/runs/openRun";
import type { Run } from "../training/runs/run";
import { openRunParticles } from "../training/runs/runParticles";
import { usedParticles } from "../training/runs/usedParticles";
import type { NamedAxis } from "./comparison/spaces";
import { ParticleGroups } from "./particleGroups";
import type { StudyPart } from "./settings";
import type { StudyFolder } from "./studyFolder";
import type { PartReport } from "./studyReport";

/** A part of a study whose training is complete. */
export class TrainedPart {
  private constructor(
    readonly part: StudyPart,
    readonly run: Run,
    /** Own particles of the part. */
    readonly set: ParticleSet,
    /** Places of the own particles, [particles · axes]. */
    readonly places: Float32Array,
    /** Own particles that were used, ascending. */
    readonly used: Int32Array,
    /** The same particles, to be divided into groups. */
    readonly groups: ParticleGroups,
    /** Axes of the latent space. */
    readonly axes: readonly NamedAxis[],
  ) {}

  static async open(folder: StudyFolder, part: StudyPart, signal?: AbortSignal): Promise<TrainedPart> {
    const run = await openRun(folder.run(part).folder);
    try {
      const latents = await run.latents();
      const { refined, standardDeviation } = latents;
      const axes = (await run.axes(latents)).map(({ label, real }) => ({ label, real: real === true }));
      const outliers = () => run.outliers();
      const used = await usedParticles({ record: run.record, outliers }, refined.length / run.latent);
      const errors = typicalErrors(refined, standardDeviation, run.latent).subarray(0, run.latent);
      const groups = new ParticleGroups(gatherRows(refined, run.latent, used), run.latent, errors);
      const set = await openRunParticles(run.record.inputs, { ...(signal && { signal }) });
      return new TrainedPart(part, run, set, refined, used, groups, axes);
    } catch (error) {
      run.close();
      throw error;
    }
  }

  /** What the part is. */
  report(): PartReport {
    const { run, part, used } = this;
    const { record } = run;
    return {
      ...{ name: part.name, label: part.label, particles: used.length, gaussians: run.neutral.count },
      poses: record.poses?.used ?? "file",
      ...{ axes: run.latent, realAxes: record.evidence?.realAxes ?? 0 },
      evidence: record.evidence?.verdict ?? "unknown",
      sentence: record.evidence?.sentence ?? "too few particles are held out to measure the evidence",
      ...{ gain: record.evidence?.gain ?? 0, standardError: record.evidence?.standardError ?? 0 },
    };
  }

  async close(): Promise<void> {
    this.run.close();
    await this.set.close();
  }
}
