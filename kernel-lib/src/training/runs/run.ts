import { existsSync } from "node:fs";
import { InputError } from "../../errors";
import type { GaussianModel } from "../../model/gaussianModel";
import { GaussianHead } from "../../network/head";
import { LatentModel } from "../../network/latentModel";
import type { Outlier } from "../agreement/agreement";
import { FeatureBasis } from "../features";
import type { EpochReport } from "../trainer";
import { chosenStart, loading, placesOf } from "./checkpoint";
import { RunFolder } from "./runFolder";
import type { RunRecord } from "./runRecord";
import type { Latents } from "./runTables";

export type { Checkpoint } from "./checkpoint";
export { RunFolder, runFiles } from "./runFolder";
export type { RunRecord } from "./runRecord";
export type { Latents } from "./runTables";

/** A trained model, opened from its folder: what notebooks and the command line decode from. */
export class Run {
  private constructor(
    readonly folder: string,
    readonly record: RunRecord,
    /** The model that training began with. */
    readonly neutral: GaussianModel,
    /** For each Gaussian 1 where training could change it. */
    readonly free: Uint8Array | undefined,
    readonly history: EpochReport[],
    /** Mean FRC of the neutral model over the particles in each ring, index 0 … rings. */
    readonly neutralFrc: Float64Array,
    /**
     * Where the encoder places the particles after the last epoch that was finished, [particles · latent]; of a run that is
     * not complete as well. Undefined in runs of earlier versions.
     */
    readonly places: Float32Array | undefined,
    private readonly model: LatentModel,
    private readonly files: RunFolder,
  ) {}

  /**
   * Opens a run folder.
   * @throws InputError where the folder is no run, or one of another version, or one of its files is not what was written
   */
  static async open(folder: string): Promise<Run> {
    const files = new RunFolder(folder);
    const record = await files.readRecord();
    const neutral = await files.readNeutral(record);
    const free = await files.readFree(record, neutral.count);
    if (!existsSync(files.file("weights")))
      throw new InputError(folder, "at least one finished epoch", "none");
    const { arrays, at } = await files.readCheckpoint("weights", record);
    const history = await files.readHistory(at);
    const neutralFrc = await files.readNeutralFrc(record);
    const model = new LatentModel(
      { ...record.options, featureSize: record.featureSize },
      new GaussianHead(neutral, record.options.vary, free),
      undefined,
    );
    try {
      loading(files.file("weights"), () => {
        model.load(arrays);
        FeatureBasis.load(arrays).requireFor(neutral.count, record.rings, record.featureSize);
      });
      const places = placesOf(arrays, record, files.file("weights"));
      const starts = chosenStart(record, at);
      const known = { ...record, ...(starts && { starts }) };
      return new Run(folder, known, neutral, free, history, neutralFrc, places, model, files);
    } catch (error) {
      model.dispose();
      throw error;
    }
  }

  /** Dimensions of the latent space. */
  get latent(): number {
    return this.record.options.latent;
  }

  /** Where every particle is. @throws InputError before the run is complete */
  latents(): Promise<Latents> {
    return this.files.readLatents();
  }

  /**
   * Particles that agree with the neutral model far less than their CTF and the signal of the others let expect: those that
   * were left out of the training, unless the run was told to keep them (`record.outliers.kept`). They have places in
   * {@link latents} like all others. @throws InputError where their table is broken
   */
  outliers(): Promise<Outlier[]> {
    return this.files.readOutliers(this.record);
  }

  /**
   * The Gaussians at one point of the latent space; z = 0 is the middle of what the particles show.
   * @throws InputError unless z has as many finite numbers as the space has dimensions
   */
  decode(z: ArrayLike<number>): GaussianModel {
    const at = Float32Array.from(z);
    if (at.length !== this.latent || !at.every(Number.isFinite)) {
      throw new InputError("z", `${this.latent} numbers`, JSON.stringify(Array.from(z)));
    }
    return { ...this.neutral, params: this.model.decode(at, 1) };
  }

  /** Frees the networks' memory. */
  close(): void {
    this.model.dispose();
  }
}
