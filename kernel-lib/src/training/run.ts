import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { InputError } from "../errors";
import type { GaussianModel } from "../model/gaussianModel";
import { formatModelText, readModelText } from "../model/text";
import { GaussianHead } from "../network/head";
import { LatentModel } from "../network/latentModel";
import { packageVersion } from "../version";
import { writeBeside } from "../writeBeside";
import { checkTrainingOptions, type TrainingOptions } from "./options";
import type { Posterior } from "./posterior";
import type { EpochReport } from "./trainer";
import { readArrays, writeArrays } from "./weightsFile";

/** What a run was made from and with; `run.json` of the run folder. */
export interface RunRecord {
  /** Layout of the folder; a program that knows an older one refuses it. */
  format: 1;
  program: {
    e2gmm: string;
    node: string;
    /** TensorFlow.js backend. */
    backend: string;
    /** Projection engine. */
    engine: string;
    /** Why this engine, where it was chosen by a trial. */
    engineReason?: string;
  };
  started: string;
  inputs: { particles: string; model: string; mask?: string; dataFolder?: string };
  particles: number;
  boxSize: number;
  apix: number;
  rings: number;
  lastRing: number;
  featureSize: number;
  options: TrainingOptions;
  /** Particles of a step, where the batch that was asked for did not fit into memory. */
  batchThatFitted?: number;
  /** `training` until the latents are refined, then `complete`. */
  status: "training" | "complete";
  /** Held-out score of each coarse start, where there were several, and the one that went on. */
  starts?: { scores: number[]; chosen: number };
}

/** A particle's place: from the encoder, and refined with its standard deviation. All [particles · latent]. */
export interface Latents {
  latent: number;
  encoder: Float32Array;
  refined: Float32Array;
  deviation: Float32Array;
}

const FORMAT = 1;

/** Files of a run folder. */
export const runFiles = {
  record: "run.json",
  neutral: "neutral.txt",
  free: "free.txt",
  history: "history.csv",
  neutralFrc: "neutral_frc.csv",
  latents: "latents.csv",
  weights: "weights.safetensors",
  bestStart: "best_start.safetensors",
} as const;

/** Where a training stands: kept with the weights, so that the two can never disagree. */
export interface Checkpoint {
  /** Epochs finished by the present start. */
  epoch: number;
  start: number;
  /** Held-out score at the end of the coarse epochs of each start that got there. */
  scores: number[];
  /** These are the final weights, and the latents are written: nothing is left to train. */
  refined?: true;
}

/** The files of one run; written by a training, read by everything after it. */
export class RunFolder {
  constructor(readonly folder: string) {}

  file(name: keyof typeof runFiles): string {
    return path.join(this.folder, runFiles[name]);
  }

  get exists(): boolean {
    return existsSync(this.file("record"));
  }

  /** Whether the folder has files in it that are no run's; those must not be written over. */
  async holdsOtherFiles(): Promise<boolean> {
    return existsSync(this.folder) && !this.exists && (await readdir(this.folder)).length > 0;
  }

  async create(
    record: RunRecord,
    neutral: GaussianModel,
    free: Uint8Array | undefined,
    meanFrc: Float64Array,
  ): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await writeBeside(this.file("neutral"), formatModelText(neutral));
    if (free) await writeBeside(this.file("free"), `${[...free].join("\n")}\n`);
    const rows = Array.from(meanFrc, (frc, ring) => `${ring},${frc.toFixed(6)}`).slice(1);
    await writeBeside(this.file("neutralFrc"), `ring,frc\n${rows.join("\n")}\n`);
    await this.writeRecord(record);
  }

  async writeRecord(record: RunRecord): Promise<void> {
    await writeBeside(this.file("record"), `${JSON.stringify(record, null, 2)}\n`);
  }

  async readRecord(): Promise<RunRecord> {
    const file = this.file("record");
    if (!existsSync(file)) throw new InputError(this.folder, "a run folder with run.json in it", "none");
    let record: RunRecord;
    try {
      record = JSON.parse(await readFile(file, "utf8"));
    } catch (error) {
      throw new InputError(file, "JSON", String((error as Error).message));
    }
    if (record.format !== FORMAT) {
      throw new InputError(file, `format ${FORMAT}`, `${record.format}, written by another version of e2gmm`);
    }
    checkTrainingOptions(record.options, file);
    return record;
  }

  async readNeutral(): Promise<GaussianModel> {
    return readModelText(this.file("neutral"));
  }

  async readFree(): Promise<Uint8Array | undefined> {
    if (!existsSync(this.file("free"))) return undefined;
    return Uint8Array.from((await readFile(this.file("free"), "utf8")).trim().split("\n"), Number);
  }

  async writeCheckpoint(
    name: "weights" | "bestStart",
    arrays: Parameters<typeof writeArrays>[1],
    at: Checkpoint,
  ) {
    await writeArrays(this.file(name), arrays, { checkpoint: JSON.stringify(at) });
  }

  async readCheckpoint(name: "weights" | "bestStart") {
    const { arrays, metadata } = await readArrays(this.file(name));
    return { arrays, at: JSON.parse(metadata["checkpoint"] ?? "null") as Checkpoint };
  }

  async removeBestStart(): Promise<void> {
    await rm(this.file("bestStart"), { force: true });
  }

  async writeHistory(history: readonly EpochReport[]): Promise<void> {
    const rows = history.map((h) =>
      [
        h.start,
        h.epoch,
        h.rings,
        h.trainFrc.toFixed(6),
        h.heldOutFrc.toFixed(6),
        h.heldOutScore.toFixed(6),
        h.seconds.toFixed(1),
      ].join(","),
    );
    await writeBeside(
      this.file("history"),
      `start,epoch,rings,train_frc,held_out_frc,held_out_score,seconds\n${rows.map((r) => `${r}\n`).join("")}`,
    );
  }

  async readHistory(): Promise<EpochReport[]> {
    const { rows } = await readNumberTable(this.file("history"));
    return rows.map(([start, epoch, rings, trainFrc, heldOutFrc, heldOutScore, seconds]) => ({
      start: start!,
      epoch: epoch!,
      rings: rings!,
      trainFrc: trainFrc!,
      heldOutFrc: heldOutFrc!,
      heldOutScore: heldOutScore!,
      seconds: seconds!,
    }));
  }

  async writeLatents(latent: number, encoder: Float32Array, posterior: Posterior): Promise<void> {
    const dimensions = Array.from({ length: latent }, (_, d) => d);
    const header = ["index", ...dimensions.map((d) => `z${d + 1}`)];
    for (const d of dimensions) header.push(`z${d + 1}_refined`, `z${d + 1}_deviation`);
    const lines = [header.join(",")];
    const count = encoder.length / latent;
    for (let i = 0; i < count; i++) {
      const row = [String(i), ...dimensions.map((d) => encoder[i * latent + d]!.toFixed(6))];
      for (const d of dimensions) {
        row.push(posterior.mean[i * latent + d]!.toFixed(6), posterior.deviation[i * latent + d]!.toFixed(6));
      }
      lines.push(row.join(","));
    }
    await writeBeside(this.file("latents"), `${lines.join("\n")}\n`);
  }

  /** @throws InputError where the run has no latents yet. */
  async readLatents(): Promise<Latents> {
    const file = this.file("latents");
    if (!existsSync(file)) throw new InputError(this.folder, "a finished run", "one without latents.csv");
    const { header, rows } = await readNumberTable(file);
    const latent = header.filter((name) => /^z\d+$/.test(name)).length;
    const column = (offset: (d: number) => number) => {
      const values = new Float32Array(rows.length * latent);
      for (let i = 0; i < rows.length; i++) {
        for (let d = 0; d < latent; d++) values[i * latent + d] = rows[i]![offset(d)]!;
      }
      return values;
    };
    return {
      latent,
      encoder: column((d) => 1 + d),
      refined: column((d) => 1 + latent + 2 * d),
      deviation: column((d) => 2 + latent + 2 * d),
    };
  }
}

/** Rows of numbers under a header line. @throws InputError naming the line that is not. */
async function readNumberTable(file: string): Promise<{ header: string[]; rows: number[][] }> {
  const [first, ...lines] = (await readFile(file, "utf8")).trimEnd().split("\n");
  const header = first!.split(",");
  const rows = lines.map((line, i) => {
    const row = line.split(",").map(Number);
    if (row.length !== header.length || row.some(Number.isNaN)) {
      throw new InputError(`${file}: line ${i + 2}`, `${header.length} numbers`, JSON.stringify(line));
    }
    return row;
  });
  return { header, rows };
}

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
   * @throws InputError where the folder is no run, or one of another version
   */
  static async open(folder: string): Promise<Run> {
    const files = new RunFolder(folder);
    const record = await files.readRecord();
    const neutral = await files.readNeutral();
    const free = await files.readFree();
    if (!existsSync(files.file("weights")))
      throw new InputError(folder, "at least one finished epoch", "none");
    const { arrays } = await files.readCheckpoint("weights");
    const model = new LatentModel(
      { ...record.options, featureSize: record.featureSize },
      new GaussianHead(neutral, record.options.vary, free),
      undefined,
    );
    model.load(arrays);
    const { rows } = await readNumberTable(files.file("neutralFrc"));
    const neutralFrc = Float64Array.from([0, ...rows.map((row) => row[1]!)]);
    const places = arrays.find(({ name }) => name === "places")?.data;
    const history = await files.readHistory();
    return new Run(folder, record, neutral, free, history, neutralFrc, places, model, files);
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

/** What is recorded of the program that makes a run. */
export function programRecord(engine: string, engineReason?: string): RunRecord["program"] {
  return {
    e2gmm: packageVersion,
    node: process.version,
    backend: tf.getBackend(),
    engine,
    ...(engineReason !== undefined && { engineReason }),
  };
}
