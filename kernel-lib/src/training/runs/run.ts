import type { GaussianModel } from "../../model/gaussianModel";
import type { Region } from "../../model/regions";
import type { AxisRoles } from "../../network/decoder";
import type { ParticleSet } from "../../particles/particleSet";
import { beginTask } from "../../progress";
import type { Outlier } from "../agreement/agreement";
import type { GroupsByImages, PlacedGroups } from "../assignment/assignByImages";
import type { LatentAxis } from "../axes/latentAxis";
import { measureAxes } from "../axes/measureAxes";
import { gatherRows } from "../batches";
import {
  type MeasuredMotion,
  type MeasuredMotionOptions,
  measuredRegionMotion,
} from "../bodies/measuredRegionMotion";
import type { Evidence } from "../evidence/evidence";
import type { Leaks } from "../leaks/leaks";
import type { RunLeaksOptions } from "../leaks/runLeaks";
import type { RefinedPoses } from "../poses/refinedPoses";
import type { RunPosesOptions } from "../poses/runPoses";
import type { PlacesOptions } from "../posterior/otherPlaces";
import type { Posterior } from "../posterior/posterior";
import { BaseModels, type FixedAxes } from "../secondRound/baseModels";
import type { EpochReport } from "../trainer";
import type { Unexplained } from "../unexplained/unexplained";
import { readEvidence, writeEvidence } from "./evidenceFile";
import type { Latents } from "./latentsTable";
import { leaksOfRun, readLeaks } from "./leaksFile";
import { placesInChunks } from "./placesInChunks";
import { type RunContents, readRunContents } from "./readRunContents";
import type { RunDecoder } from "./runDecoder";
import { type EvidenceOptions, type MeasuredRun, measureRunEvidence } from "./runEvidence";
import { RunFolder } from "./runFolder";
import {
  type AssignOptions,
  assignParticlesOfRun,
  measureRunUnexplained,
  refinePosesOfRun,
  type UnexplainedOptions,
} from "./runPasses";
import { openPlacing, type RunPlacing } from "./runPlaces";
import { latentAxes, type RunRecord } from "./runRecord";
import { readUnexplained } from "./unexplainedFile";

export type { LatentAxis } from "../axes/latentAxis";
export type { Checkpoint } from "./checkpoint";
export type { Latents } from "./latentsTable";
export type { InheritedAxes, Lineage } from "./lineage";
export type { EvidenceOptions } from "./runEvidence";
export { RunFolder, runFiles } from "./runFolder";
export type { AssignOptions, UnexplainedOptions } from "./runPasses";
export { latentAxes, type RunRecord } from "./runRecord";

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
  /** @internal */
  readonly decoder: RunDecoder;
  /** The run whose axes are the first of this one, and stayed as they are. */
  private readonly parent: Run | undefined;

  private constructor(
    private readonly files: RunFolder,
    contents: RunContents<Run>,
  ) {
    this.record = contents.record;
    this.neutral = contents.neutral;
    this.free = contents.free;
    this.bodies = contents.bodies;
    this.history = contents.history;
    this.neutralFrc = contents.neutralFrc;
    this.encoderLatents = contents.encoderLatents;
    this.decoder = contents.decoder;
    this.parent = contents.parent;
  }

  /**
   * Opens a run folder.
   * @throws InputError if the folder is no run, was written by another version, or has no finished epoch, and if one of its
   *   files is damaged
   */
  static async open(folder: string, { threads }: { threads?: number | undefined } = {}): Promise<Run> {
    const files = new RunFolder(folder);
    const openParent = (parentFolder: string) => Run.open(parentFolder, { threads });
    return new Run(files, await readRunContents(files, openParent, threads));
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
    return this.decoder.roles;
  }

  /**
   * For each Gaussian 1 if `decode` may change it, [N]; undefined if it may change all. Differs from `free` in runs with
   * symmetry, of which only the first unit is decoded.
   */
  get moving(): Uint8Array | undefined {
    return this.decoder.moving;
  }

  /**
   * The axes of the latent space as they can be read: conformation or composition, size in Å and as a fraction of the density,
   * whether they are real by the evidence of the run, and how much of them the particles' views tell. Before the run is
   * complete they are measured over the encoder's latents.
   * @param latents those of this run, if they have been read already
   * @throws InputError if the latents or the evidence of the run are damaged
   */
  async axes(latents?: Latents): Promise<LatentAxis[]> {
    const { latent, roles, neutral, moving: free } = this;
    const complete = latents ?? (this.record.status === "complete" ? await this.latents() : undefined);
    const decodeMany = (points: Float32Array) => this.decodeMany(points);
    return measureAxes(
      { latent, roles, neutral, free, decodeMany },
      {
        places: complete?.refined ?? this.encoderLatents ?? new Float32Array(0),
        observability: complete?.observability,
        evidence: await this.storedEvidence(),
      },
    );
  }

  /** The evidence that was measured at the end of the training; undefined without, as in runs of earlier versions. */
  storedEvidence(): Promise<Evidence | undefined> {
    return readEvidence(this.files);
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
    return this.decoder.decode(z);
  }

  /** What is measured on the particles of the run. @throws InputError before the run is complete */
  private async measured(): Promise<MeasuredRun> {
    const { files, record, neutral, decoder, parent } = this;
    const { refined, standardDeviation } = await this.latents();
    const base = await parent?.basesOf(await files.readSelection(record));
    const places = {
      refined: decoder.trained(refined),
      standardDeviation: decoder.trained(standardDeviation),
      base,
    };
    return {
      files,
      record,
      neutral,
      places,
      decoder: decoder.ofTrainedAxes,
      reduction: decoder.reduction,
      vary: decoder.vary,
    };
  }

  /**
   * As {@link measured}, with all axes in one decoder, fixed ones too: they are unknown where poses change.
   */
  private async measuredOnAllAxes(): Promise<MeasuredRun> {
    const { files, record, neutral, decoder } = this;
    const { refined, standardDeviation } = await this.latents();
    const places = { refined, standardDeviation, base: undefined };
    return { files, record, neutral, places, decoder: decoder.ofAllAxes, vary: decoder.vary };
  }

  /**
   * The evidence for heterogeneity: whether held-out particles are described better by the decoder than by the one model
   * that is best for all, in nats per particle, by ring, axis and kind of parameter. Without options it is that which was
   * measured at the end of the training, on some of the particles held out; with options, and in runs of earlier versions, it
   * is measured now, which reads the particles again. Measured without options it is kept in the run (`evidence.json`).
   * @throws InputError before the run is complete, for fewer than 5 particles held out, and if the particles of the run are no
   *   longer the same
   */
  async evidence(options?: EvidenceOptions): Promise<Evidence> {
    const begun = beginTask(options ?? {});
    const stored = options ? undefined : await this.storedEvidence();
    if (stored) return stored;
    const measured = await measureRunEvidence(await this.measured(), begun);
    if (!options) await writeEvidence(this.files, measured);
    return measured;
  }

  /**
   * Whether the places of the particles depend on what must not matter: view, in-plane angle, shift, defocus, optics group,
   * micrograph, random subset. Without options it is that which was measured at the end of the training; with options, and in
   * runs of earlier versions, it is measured now.
   * @throws InputError before the run is complete, for fewer than 20 particles, and if its particle file has changed
   */
  async leaks(options?: RunLeaksOptions): Promise<Leaks> {
    const stored = options ? undefined : await this.storedLeaks();
    return stored ?? leaksOfRun(this.files, this.record, options ?? {});
  }

  /** The leaks that were measured at the end of the training; undefined without, as in runs of earlier versions. */
  storedLeaks(): Promise<Leaks | undefined> {
    return readLeaks(this.files);
  }

  /**
   * Particles that agree less with the model at their places than their CTF, signal, view and place let expect: those of a state that
   * the axes do not show, or with damaged images or wrong poses. Without options it is that which was found at the end of the
   * training; with options, and in runs of earlier versions, it is measured now, which reads the particles again.
   * @throws InputError before the run is complete, and if its particles have changed
   */
  async unexplained(options?: UnexplainedOptions): Promise<Unexplained> {
    const begun = beginTask(options ?? {});
    const stored = options ? undefined : await readUnexplained(this.files, this.record);
    return stored ?? measureRunUnexplained(await this.measured(), begun);
  }

  /** Factor on the variance along each axis that the halves of held-out particles show; 1 where it was not measured. */
  private async varianceFactors(): Promise<number[] | undefined> {
    const { parent } = this;
    const own = (await this.storedEvidence())?.axes.map(({ variance }) => variance);
    if (!parent) return own;
    const ones = (of: Run) => new Array<number>(of.latent).fill(1);
    const fixed = (await parent.varianceFactors()) ?? ones(parent);
    return [...fixed, ...(own ?? ones(this).slice(fixed.length))];
  }

  /**
   * Decodes several points of the latent space at once, [n · latent], which is faster than one after the other.
   * @returns the parameters of their Gaussians as in `decode`, [n · 5N]
   * @throws InputError unless each point has a finite number for each dimension
   */
  decodeMany(points: Float32Array): Float32Array {
    return this.decoder.decodeMany(points);
  }

  /**
   * The models that this run decodes for its particles, as the bases of a second round.
   * @param rows their numbers in `latents.csv`, with a symmetry those of all their units. Default: all
   * @internal
   */
  async basesOf(rows?: ArrayLike<number>): Promise<BaseModels> {
    const latents = await this.latents();
    const { latent } = latents;
    const some = (values: Float32Array) => (rows ? gatherRows(values, latent, rows) : values);
    return this.basesAt({
      encoder: some(latents.encoder),
      refined: some(latents.refined),
      standardDeviation: some(latents.standardDeviation),
    });
  }

  /** The models that this run decodes at places on all of its axes, [rows · latent]. */
  private basesAt(places: Omit<FixedAxes, "latent">): BaseModels {
    const { reduced: whole, units } = this.decoder;
    const decodeMany = (z: Float32Array) => whole.decode(z, z.length / whole.latent);
    const decoder = { neutral: this.neutral, decodeMany, trained: whole.trained };
    return new BaseModels(decoder, { latent: this.latent, ...places }, units);
  }

  /**
   * Refines place and pose of every particle together, with the decoder as it is. What the decoder moves as a rigid body is taken
   * out of it and becomes part of the poses. Write them with `e2.particles.writePoses`, which refuses those that the report finds no better, and make map, model
   * and training anew from that file. If the poses of the run were refined before, the result replaces them: it is relative to
   * those that they came from, `options.reference`. Of a symmetric run, the places of all units and the pose of the whole are refined;
   * in a second round, the places on all axes, also on those that stayed fixed.
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
    const begun = beginTask(options);
    return refinePosesOfRun(await this.measuredOnAllAxes(), begun);
  }

  /**
   * Places of other particles of the same molecule in the latent space of the run, which its training has not seen: posterior
   * means and standard deviations with the decoder fixed, found as those in `latents()` were, with what the run knew of noise and
   * population. So the place of a particle does not depend on the others in `particles`, and particles of the run get their
   * places in its table, if they have the poses that it was trained with. In a second round with fixed axes, those are found
   * first. Of a symmetric run, `particles` are opened with its symmetry, and every copy has a place.
   * @param particles images as wide as those of the run in Å, with poses in the frame of its map
   * @returns [particles · latent] each
   * @throws InputError before the run is complete, and for images of another width; StoppedError
   * @example
   * ```ts
   * const run = await e2.openRun("RUN");
   * const particles = await e2.particles.open("particles.star");
   * const { mean, standardDeviation } = await run.placesOf(particles.select([0, 1, 2]));
   * console.log(mean.length === 3 * run.latent, standardDeviation.length);
   * await particles.close();
   * run.close();
   * ```
   */
  async placesOf(particles: ParticleSet, options: PlacesOptions = {}): Promise<Posterior> {
    const begun = beginTask(options);
    return placesInChunks(await this.placing(begun), particles, begun);
  }

  /** How particles are placed in this run, for `placesInChunks` and `placePart`. @internal */
  async placing(options: PlacesOptions = {}): Promise<RunPlacing> {
    await this.latents();
    const { files, record, neutral, decoder, parent } = this;
    const factors = (await this.storedEvidence())?.axes.map(({ variance }) => variance);
    const fixed = parent && {
      placing: await parent.placing(options),
      basesAt: (places: Posterior) =>
        parent.basesAt({ ...places, encoder: places.mean, refined: places.mean }),
    };
    return openPlacing({ files, record, neutral, decoder }, { factors, fixed }, options);
  }

  /**
   * How a region moves as a rigid body from the first of some points of the latent space to each other one, as the particles' images
   * show it, with standard errors. The images are read again. Decoded states alone understate and blur motions, see
   * `model.regionMotion`: here they only say which particles are where, and which Gaussians the region has.
   * @param points two or more, [latent] each: a way, which may curve
   * @param region a part of space at the first point, or the indices of Gaussians
   * @returns the motion to each point after the first
   * @throws InputError before the run is complete; for runs with symmetry, fewer than three Gaussians, a region that is no rigid body
   *   or overlaps the reference; if the images tell none of the axes along which the points differ; and if the particles have changed
   * @example
   * ```ts
   * const run = await e2.openRun("RUN");
   * const all = { mostLeft: Number.POSITIVE_INFINITY }; // accepts what is not rigid, too
   * const [motion] = await run.regionMotion([[-1, 0], [1, 0]], { centre: [0, 0, 0], radius: 0.2 }, all);
   * console.log(motion!.angle, motion!.angleError);
   * run.close();
   * ```
   */
  async regionMotion(
    points: readonly ArrayLike<number>[],
    region: Region | ArrayLike<number>,
    options: MeasuredMotionOptions = {},
  ): Promise<MeasuredMotion[]> {
    const begun = beginTask(options);
    return measuredRegionMotion(await this.measuredOnAllAxes(), { points, region }, begun);
  }

  /**
   * Assigns particles to groups that were found among their places, by their images, which are read again: the probability of each
   * group, with the fractions, places and spread of the groups that make the images likeliest. `latent.particleSets` finds the
   * groups and calls this.
   * @param groups a mixture of the places, as from `latent.selectMixture`
   * @throws InputError before the run is complete, for a run with symmetry, and if its particles have changed; StoppedError
   */
  async assignByImages(groups: PlacedGroups, options: AssignOptions = {}): Promise<GroupsByImages> {
    const begun = beginTask(options);
    const given = { groups, factors: await this.varianceFactors() };
    return assignParticlesOfRun(await this.measuredOnAllAxes(), given, begun);
  }

  /** Releases the networks. The run cannot be decoded afterwards. */
  close(): void {
    this.decoder.close();
  }
}
