import { typicalErrors } from "../latent/deconvolution";
import { labelPoints } from "../latent/labelPoints";
import { type MixtureSelection, selectMixture } from "../latent/mixtureSelection";
import type { ParticleSet } from "../particles/particleSet";
import type { TaskOptions } from "../progress";
import { gatherRows } from "../training/batches";
import { openRun } from "../training/runs/openRun";
import type { Run } from "../training/runs/run";
import { openRunParticles } from "../training/runs/runParticles";
import type { StudyPart } from "./settings";
import type { StudyFolder } from "./studyFolder";
import type { PartReport } from "./studyReport";

/** How clusters are made. */
export interface ClusterOptions {
  /** Number of clusters, or `auto`. */
  clusters: number | "auto";
  seed: number;
}

/** A part of a study whose training is complete. */
export class TrainedPart {
  private selection: MixtureSelection | undefined;

  private constructor(
    readonly part: StudyPart,
    readonly run: Run,
    /** Own particles of the part. */
    readonly set: ParticleSet,
    /** Places of the own particles, [particles · axes]. */
    readonly places: Float32Array,
    /** Typical errors of the places along each axis, repeated, [particles · axes]. */
    private readonly errors: Float32Array,
    /** Own particles that were used, ascending. */
    readonly used: Int32Array,
  ) {}

  static async open(folder: StudyFolder, part: StudyPart, signal?: AbortSignal): Promise<TrainedPart> {
    const run = await openRun(folder.run(part).folder);
    try {
      const { refined, standardDeviation } = await run.latents();
      const outliers = run.record.outliers?.kept ? [] : await run.outliers();
      const excluded = new Set(outliers.map(({ index }) => index));
      const used = Int32Array.from({ length: refined.length / run.latent }, (_, i) => i).filter(
        (i) => !excluded.has(i),
      );
      const errors = typicalErrors(refined, standardDeviation, run.latent);
      const set = await openRunParticles(run.record.inputs, { ...(signal && { signal }) });
      return new TrainedPart(part, run, set, refined, errors, used);
    } catch (error) {
      run.close();
      throw error;
    }
  }

  /** Standard deviation of the used particles along each axis. */
  get spread(): Float64Array {
    const { latent } = this.run;
    const own = gatherRows(this.places, latent, this.used);
    return Float64Array.from({ length: latent }, (_, d) => {
      const along = own.filter((_, i) => i % latent === d);
      const mean = along.reduce((sum, x) => sum + x / along.length, 0);
      return Math.sqrt(along.reduce((sum, x) => sum + (x - mean) ** 2 / along.length, 0));
    });
  }

  /** Clusters of the own particles. */
  async clusters({ clusters, seed }: ClusterOptions, task: TaskOptions): Promise<MixtureSelection> {
    const { latent } = this.run;
    this.selection ??= await selectMixture(gatherRows(this.places, latent, this.used), latent, {
      ...{ ...task, seed, deviations: gatherRows(this.errors, latent, this.used) },
      ...(clusters !== "auto" && { groups: clusters, most: Math.max(12, clusters) }),
    });
    return this.selection;
  }

  /** Cluster of each of some places in this part's space, [rows · axes]. */
  async labels(places: Float32Array, options: ClusterOptions, task: TaskOptions): Promise<Int32Array> {
    const { latent } = this.run;
    const deviations = places.map((_, i) => this.errors[i % latent]!);
    return labelPoints(await this.clusters(options, task), places, latent, { ...task, deviations });
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
