import { existsSync } from "node:fs";
import { InputError } from "../../errors";
import { readMask } from "../../maps/mask";
import type { Volume } from "../../maps/volume";
import type { GaussianModel } from "../../model/gaussianModel";
import { maskFlags } from "../../model/regions";
import type { AxisRoles } from "../../network/decoder";
import { GaussianHead } from "../../network/head";
import { LatentModel } from "../../network/latentModel";
import { pointGroup } from "../../optics/symmetry";
import { beginTask, type TaskOptions } from "../../progress";
import type { EngineChoice } from "../../projection/engines";
import type { Outlier } from "../agreement/agreement";
import { gatherColumns, gatherRows } from "../batches";
import type { Evidence } from "../evidence/evidence";
import { fewestMeasured, measureEvidence } from "../evidence/measureEvidence";
import { reopenParticles } from "../evidence/reopen";
import { FeatureBasis } from "../features/featureBasis";
import { defaultMemoryBudget } from "../memory";
import { posesIn, referenceOf } from "../poses/lineage";
import type { RefinedPoses } from "../poses/refinedPoses";
import { type RunPosesOptions, refineRunPoses } from "../poses/runPoses";
import { decoderOf } from "../posterior/decoders";
import { BaseModels, changeBase } from "../secondRound/baseModels";
import type { EpochReport } from "../trainer";
import { UnitAssembly } from "../units/unitAssembly";
import { chosenStart, encoderLatentsOf, loadFrom } from "./checkpoint";
import { readEvidence } from "./evidenceFile";
import { RunFolder } from "./runFolder";
import { latentAxes, type RunRecord } from "./runRecord";
import type { Latents } from "./runTables";

export type { Checkpoint } from "./checkpoint";
export type { InheritedAxes, Lineage } from "./lineage";
export { RunFolder, runFiles } from "./runFolder";
export { latentAxes, type RunRecord } from "./runRecord";
export type { Latents } from "./runTables";

/** Options of `Run.evidence`. */
export interface EvidenceOptions extends TaskOptions {
  /** Most held-out particles to measure. Default: all of them. */
  particles?: number;
  /** A region whose own gain is wanted: a map, or its file, that is at least 0.5 there. Default: none. */
  mask?: string | Volume;
  /**
   * Width in Fourier samples of the fields of which the two halves of an image consist. Default: measured from the noise; 1
   * unless the images are masked.
   */
  block?: number;
  /** Projection engine. Default: `wasm`. */
  engine?: EngineChoice;
  /** Called with a sentence about what was assumed or has changed since the training. */
  onWarning?: (warning: string) => void;
}

/** Contents of a run folder. */
interface RunContents {
  record: RunRecord;
  neutral: GaussianModel;
  free: Uint8Array | undefined;
  bodies: Uint8Array | undefined;
  history: EpochReport[];
  neutralFrc: Float64Array;
  encoderLatents: Float32Array | undefined;
  model: LatentModel;
  units: UnitAssembly;
  parent: Run | undefined;
}

/**
 * A trained model, opened from its run folder.
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const model = run.decode([1, 0]);
 * const { refined, standardDeviation } = await run.latents();
 * run.close();
 * ```
 */
export class Run {
  /** What the run was made from and with, `run.json`. */
  readonly record: RunRecord;
  /** The model that training started from. */
  readonly neutral: GaussianModel;
  /** For each Gaussian 1 if training could change it, [N]. Undefined if it could change all. */
  readonly free: Uint8Array | undefined;
  /** The rigid body that each Gaussian moves with, from 1, or 0, [N]. Undefined if all move on their own. */
  readonly bodies: Uint8Array | undefined;
  /** Reports of all epochs, those of all starts in turn. */
  readonly history: EpochReport[];
  /** Mean FRC of the neutral model over the particles in each ring 0 … rings. */
  readonly neutralFrc: Float64Array;
  /**
   * The encoder's latents of all particles after the last finished epoch, [particles · latent]; also of a run that is not
   * complete. Undefined in runs of earlier versions.
   */
  readonly encoderLatents: Float32Array | undefined;
  private readonly model: LatentModel;
  private readonly units: UnitAssembly;
  /** The run whose axes are the first of this one, and stayed as they are. */
  private readonly parent: Run | undefined;

  private constructor(
    private readonly files: RunFolder,
    contents: RunContents,
  ) {
    this.record = contents.record;
    this.neutral = contents.neutral;
    this.free = contents.free;
    this.bodies = contents.bodies;
    this.history = contents.history;
    this.neutralFrc = contents.neutralFrc;
    this.encoderLatents = contents.encoderLatents;
    this.model = contents.model;
    this.units = contents.units;
    this.parent = contents.parent;
  }

  /**
   * Opens a run folder.
   * @throws InputError if the folder is no run, was written by another version, or has no finished epoch, and if one of its
   *   files is damaged
   */
  static async open(folder: string, { threads }: { threads?: number | undefined } = {}): Promise<Run> {
    const files = new RunFolder(folder);
    const record = await files.readRecord();
    const neutral = await files.readNeutral(record);
    const free = await files.readFree(record, neutral.count);
    const bodies = await files.readBodies(record, neutral.count);
    if (!existsSync(files.file("weights")))
      throw new InputError(folder, "at least one finished epoch", "none");
    const { arrays, at } = await files.readCheckpoint("weights", record);
    const history = await files.readHistory(at);
    const neutralFrc = await files.readNeutralFrc(record);
    const { symmetry } = record.inputs;
    const units = new UnitAssembly(symmetry === undefined ? undefined : pointGroup(symmetry));
    const unit = units.first(neutral);
    const model = new LatentModel(
      { ...record.options, featureSize: record.featureSize },
      new GaussianHead(unit, record.options.vary, {
        free: free?.slice(0, unit.count),
        bodies: bodies?.slice(0, unit.count),
      }),
      undefined,
      threads,
    );
    let parent: Run | undefined;
    try {
      if (record.from?.inherited) parent = await Run.open(files.file("parent"), { threads });
      loadFrom(files.file("weights"), () => {
        model.load(arrays);
        FeatureBasis.load(arrays).requireFor(unit.count, record.rings, record.featureSize);
      });
      const encoderLatents = encoderLatentsOf(arrays, record, files.file("weights"));
      const starts = chosenStart(record, at);
      return new Run(files, {
        record: { ...record, ...(starts && { starts }) },
        ...{ neutral, free, bodies, history, neutralFrc, encoderLatents, model, units, parent },
      });
    } catch (error) {
      model.dispose();
      parent?.close();
      throw error;
    }
  }

  /** Path of the run folder. */
  get folder(): string {
    return this.files.folder;
  }

  /** Dimensions of the latent space. */
  get latent(): number {
    return latentAxes(this.record);
  }

  /**
   * What the axes of the latent space change, from 0: `position` has those that move Gaussians (conformation), `density` those
   * that change their amplitudes and widths (composition).
   */
  get roles(): AxisRoles {
    const { model, parent } = this;
    if (!parent) return model.roles;
    const own = (axes: number[]) => axes.map((axis) => parent.latent + axis);
    return {
      position: [...parent.roles.position, ...own(model.roles.position)],
      density: [...parent.roles.density, ...own(model.roles.density)],
    };
  }

  /** Latent coordinates of all particles. @throws InputError before the run is complete */
  latents(): Promise<Latents> {
    return this.files.readLatents();
  }

  /**
   * Particles that agree far less with the neutral model than expected from their CTF and the signal of the others. They
   * were left out of training unless `record.outliers.kept`. They have latent coordinates like all others.
   * @throws InputError if their table is damaged
   */
  outliers(): Promise<Outlier[]> {
    return this.files.readOutliers(this.record);
  }

  /**
   * Decodes a point of the latent space, [latent], into Gaussians; z = 0 is the centre of the particles' distribution. In a run
   * with symmetry the point is that of the first unit, the others are at the neutral model; see `decodeUnits`.
   * @throws InputError unless z has a finite number for each dimension
   */
  decode(z: ArrayLike<number>): GaussianModel {
    const at = Float32Array.from(z);
    if (at.length !== this.latent || !at.every(Number.isFinite)) {
      throw new InputError("z", `${this.latent} numbers`, JSON.stringify(Array.from(z)));
    }
    return this.units.withFirst(this.neutral, this.modelsAt(at));
  }

  /**
   * The evidence for heterogeneity: whether held-out particles are described better by the decoder than by the one model
   * that is best for all, in nats per particle, by ring, axis and kind of parameter. Without options it is that which was
   * measured at the end of the training, on some of the particles held out; with options, and in runs of earlier versions, it
   * is measured now, which reads the particles again.
   * @throws InputError before the run is complete, for fewer than 5 particles held out, and if the particles of the run are no
   *   longer the same
   */
  async evidence(options?: EvidenceOptions): Promise<Evidence> {
    const stored = options ? undefined : await readEvidence(this.files);
    if (stored) return stored;
    const { record, neutral, model } = this;
    const begun = beginTask(options ?? {});
    const places = await this.latents();
    const own = (values: Float32Array) => gatherColumns(values, places.latent, this.axesOf("new"));
    const { mask } = begun;
    const region = mask === undefined ? undefined : maskFlags(neutral, await regionMask(mask, begun));
    const reopened = await reopenParticles(this.files, record, begun);
    const { trainingSet, validationSet: heldOut, ...context } = reopened;
    try {
      if (heldOut.length < fewestMeasured) {
        throw new InputError(
          this.folder,
          `${fewestMeasured} particles held out or more`,
          `${heldOut.length}`,
        );
      }
      const decoder = this.units.decoder(decoderOf(model), neutral.count / this.units.count);
      const population = {
        latent: decoder.latent,
        members: trainingSet,
        mean: own(places.refined),
        standardDeviation: own(places.standardDeviation),
      };
      const base = await this.parent?.basesOf(await this.files.readSelection(record));
      return await measureEvidence(
        { ...context, base, decoder, population, heldOut, vary: record.options.vary },
        { ...begun, region },
      );
    } finally {
      await reopened.close();
    }
  }

  /**
   * Decodes several points of the latent space at once, [n · latent], which is faster than one after the other.
   * @returns the parameters of their Gaussians as in `decode`, [n · 5N]
   * @throws InputError unless each point has a finite number for each dimension
   */
  decodeMany(points: Float32Array): Float32Array {
    const { latent } = this;
    if (points.length % latent !== 0 || !points.every(Number.isFinite)) {
      throw new InputError("points", `rows of ${latent} finite numbers`, `${points.length} numbers`);
    }
    return this.units.withFirsts(this.neutral, this.modelsAt(points));
  }

  /** First units at places on all axes, [n · latent]. */
  private modelsAt(points: Float32Array): Float32Array {
    const { latent, model, parent, neutral } = this;
    const count = points.length / latent;
    if (!parent) return model.decode(points, count);
    const models = parent.decodeMany(gatherColumns(points, latent, this.axesOf("fixed")));
    const changed = model.decode(gatherColumns(points, latent, this.axesOf("new")), count);
    const width = neutral.params.length;
    for (let from = 0; from < models.length; from += width) {
      const own = models.subarray(from, from + width);
      changeBase(neutral, own, changed.subarray(from, from + width), own);
    }
    return models;
  }

  /**
   * The models that this run decodes for its particles, as the bases of a second round.
   * @param particles their numbers. Default: all
   * @internal
   */
  async basesOf(particles?: ArrayLike<number>): Promise<BaseModels> {
    const latents = await this.latents();
    if (!particles) return new BaseModels(this, latents);
    const { latent } = latents;
    return new BaseModels(this, {
      latent,
      encoder: gatherRows(latents.encoder, latent, particles),
      refined: gatherRows(latents.refined, latent, particles),
      standardDeviation: gatherRows(latents.standardDeviation, latent, particles),
    });
  }

  /**
   * Refines place and pose of every particle together, with the decoder as it is. What the decoder moves as a rigid body is taken
   * out of it and becomes part of the poses. Write them with `e2.particles.writePoses`, if the report says so, and make map, model
   * and training anew from that file. If the poses of the run were refined before, the result replaces them: it is relative to
   * those that they came from, `options.reference`. Of a symmetric run, the places of all units and the pose of the whole are refined.
   * @throws InputError before the run is complete, and if its particles have changed
   * @example
   * ```ts
   * const run = await e2.openRun("RUN");
   * const poses = await run.refinePoses({ prior: { rotation: 1, shift: 1 } });
   * console.log(poses.report.verdict, poses.report.sentence);
   * run.close();
   * ```
   */
  async refinePoses(options: RunPosesOptions = {}): Promise<RefinedPoses> {
    if (this.parent) {
      throw new InputError(
        this.folder,
        "a run that trained all of its axes: refine the poses of the run that this second round started from",
        `one with ${this.parent.latent} fixed`,
      );
    }
    const begun = beginTask(options);
    const { refined } = await this.latents();
    const memoryBudget = defaultMemoryBudget() / 2;
    const reopened = await reopenParticles(this.files, this.record, { ...begun, memoryBudget });
    try {
      const file = options.reference ?? (await referenceOf(this.record.inputs.particles));
      const reference = file === undefined ? undefined : { file, poses: await posesIn(file, reopened.set) };
      const decoder = this.units.decoder(decoderOf(this.model), this.neutral.count / this.units.count);
      return await refineRunPoses({ reopened, decoder, places: refined, reference }, begun);
    } finally {
      await reopened.close();
    }
  }

  /** The axes that are those of the run that this one started from, or those that it trained. */
  private axesOf(which: "fixed" | "new"): number[] {
    const inherited = this.parent?.latent ?? 0;
    const all = Array.from({ length: this.latent }, (_, d) => d);
    return all.filter((axis) => axis < inherited === (which === "fixed"));
  }

  /** Releases the networks. The run cannot be decoded afterwards. */
  close(): void {
    this.parent?.close();
    this.model.dispose();
  }
}

function regionMask(mask: string | Volume, { onWarning }: EvidenceOptions): Promise<Volume> | Volume {
  return typeof mask === "string" ? readMask(mask, undefined, { ...(onWarning && { onWarning }) }) : mask;
}
