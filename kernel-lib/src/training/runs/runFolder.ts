import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, link, mkdir, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { isPartialName, isSameFile, writeAtomic } from "../../atomicWrite";
import { InputError } from "../../errors";
import { withFileName } from "../../fileErrors";
import { jobsFolderName } from "../../jobsFolderName";
import type { GaussianModel } from "../../model/gaussianModel";
import { formatModelText, parseModelText } from "../../model/text";
import type { NamedArray } from "../../network/parameters";
import type { Outlier } from "../agreement/agreement";
import { PosesFolder, posesFolderName } from "../poses/first/posesFolder";
import type { EpochReport } from "../trainer";
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from "./checkpoint";
import { type Latents, type LatentsTable, readLatentsTable, writeLatentsTable } from "./latentsTable";
import { parseOutliers } from "./outliersTable";
import { lockFile } from "./runLock";
import { formatRecord, latentAxes, parseRecord, type RunRecord } from "./runRecord";
import {
  formatHistory,
  formatNeutralFrc,
  formatNumbers,
  parseBodies,
  parseFree,
  parseHistory,
  parseNeutralFrc,
  parseSelection,
} from "./runTables";
import { readArrays, readMetadata, writeArrays } from "./weightsFile";

/** File names of a run folder. */
export const runFiles = {
  record: "run.json",
  neutral: "neutral.txt",
  free: "free.txt",
  rigid: "rigid.txt",
  history: "history.csv",
  neutralFrc: "neutral_frc.csv",
  placedFrc: "places_frc.csv",
  latents: "latents.csv",
  outliers: "outliers.csv",
  units: "symmetry.csv",
  evidence: "evidence.json",
  selection: "selection.txt",
  particles: "particles.star",
  particlesCs: "particles.cs",
  particlesLst: "particles.lst",
  parent: "parent",
  leaks: "leaks.json",
  unexplained: "unexplained.csv",
  weights: "weights.safetensors",
  bestStart: "best_start.safetensors",
  bestEpoch: "best_epoch.safetensors",
} as const;

/** Names of the files that hold a checkpoint. */
type CheckpointName = "weights" | "bestStart" | "bestEpoch";

/** Files that are written once, when the run is created. */
const originals = ["neutral", "neutralFrc", "free", "rigid", "outliers", "selection"] as const;

/** Contents of the files that are written when a run is created. */
export interface RunParts {
  neutral: GaussianModel;
  /** For each Gaussian 1 if it may change; undefined if all may. */
  free: Uint8Array | undefined;
  /** The rigid body of each Gaussian, from 1, or 0; undefined if all move on their own. */
  bodies: Uint8Array | undefined;
  /** Mean FRC of the neutral model in each ring 0 … rings. */
  meanFrc: Float64Array;
  /** Text of `outliers.csv`, if there are outliers. */
  outliers?: string;
  /** Particles that a second round was given, by their numbers in the run it started from; undefined for all. */
  selection?: Int32Array | undefined;
}

/** A checkpoint as it is read from a file. */
export interface StoredCheckpoint {
  /** Networks, optimizer and latents. */
  arrays: NamedArray[];
  at: Checkpoint;
}

/** State of a folder that a training is to be written to. */
export type FolderState = "new" | "run" | "waiting" | "interrupted" | "other";

/** Reads and writes the files of one run. Every error names the file. */
export class RunFolder {
  /** Poses that were checked or refined before the training. */
  readonly poses: PosesFolder;

  constructor(readonly folder: string) {
    this.poses = new PosesFolder(folder);
  }

  /** Path of a file. */
  file(name: keyof typeof runFiles): string {
    return path.join(this.folder, runFiles[name]);
  }

  /** Whether the folder holds a run. */
  get exists(): boolean {
    return existsSync(this.file("record"));
  }

  /** Whether there is a training to resume: a run, or poses that were being checked or refined. */
  get hasTraining(): boolean {
    return this.exists || this.poses.isWaiting;
  }

  /** Whether a training is writing to the folder, or died while doing so. */
  get hasLock(): boolean {
    return existsSync(path.join(this.folder, lockFile));
  }

  /**
   * `waiting`: a training was stopped while it checked or refined poses, and can be resumed. `interrupted`: a training died before it
   * created its run; its lock shows that the remains are its own. `other`: the folder has other files, which must not be
   * overwritten.
   */
  async state(): Promise<FolderState> {
    const names = await this.names();
    if (names.includes(runFiles.record)) return "run";
    if (names.includes(posesFolderName) && this.poses.isWaiting) return "waiting";
    const isLock = (name: string) => name === lockFile || isPartialName(name, [lockFile]);
    const others = names.filter((name) => !isLock(name));
    if (names.length === 0) return "new";
    const own: string[] = [...Object.values(runFiles), posesFolderName];
    const isOwn = (name: string) => own.includes(name) || isPartialName(name, own);
    return names.some(isLock) && others.every(isOwn) ? "interrupted" : "other";
  }

  private async names(): Promise<string[]> {
    if (!existsSync(this.folder)) return [];
    const names = await readdir(this.folder).catch((error) => {
      if (error.code === "ENOTDIR")
        throw new InputError(this.folder, "a new or empty folder", "a file of this name");
      throw withFileName(this.folder, error);
    });
    return names.filter((name) => name !== jobsFolderName);
  }

  /** Removes the remains of an interrupted start, see {@link state}. The caller must hold the lock. */
  async removeLeftovers(): Promise<void> {
    await this.removeOrphans();
    for (const name of Object.values(runFiles)) {
      await rm(path.join(this.folder, name), { force: true, recursive: true });
    }
    await this.poses.remove();
  }

  /** Removes unfinished files of a training that died. The caller must hold the lock. */
  async removeOrphans(): Promise<void> {
    const own = [...Object.values(runFiles), lockFile];
    for (const name of await this.names()) {
      if (isPartialName(name, own)) await rm(path.join(this.folder, name), { force: true });
    }
  }

  /** @throws InputError if the run would overwrite one of these files */
  async requireNoInput(inputs: readonly (string | undefined)[]): Promise<void> {
    for (const input of inputs) {
      for (const name of Object.values(runFiles)) {
        if (input === undefined || !(await isSameFile(input, path.join(this.folder, name)))) continue;
        throw new InputError(input, "a file outside of the run folder", `${name} in ${this.folder}`);
      }
    }
  }

  /**
   * Creates the run. The record is written last: without it the folder holds no run.
   * @returns the record as it was written
   */
  async create(record: RunRecord, parts: RunParts): Promise<RunRecord> {
    const { neutral, free, bodies, meanFrc, outliers, selection } = parts;
    await mkdir(this.folder, { recursive: true });
    const texts = {
      neutral: formatModelText(neutral, this.file("neutral")),
      neutralFrc: formatNeutralFrc(meanFrc, this.file("neutralFrc")),
      ...(free && { free: formatNumbers(free) }),
      ...(bodies && { rigid: formatNumbers(bodies) }),
      ...(outliers !== undefined && { outliers }),
      ...(selection && { selection: formatNumbers(selection) }),
    };
    const complete: RunRecord = {
      ...record,
      files: {
        neutral: sha256(texts.neutral),
        neutralFrc: sha256(texts.neutralFrc),
        ...(texts.free !== undefined && { free: sha256(texts.free) }),
        ...(texts.rigid !== undefined && { rigid: sha256(texts.rigid) }),
        ...(texts.outliers !== undefined && { outliers: sha256(texts.outliers) }),
        ...(texts.selection !== undefined && { selection: sha256(texts.selection) }),
      },
    };
    try {
      for (const name of originals) {
        const text = texts[name];
        if (text !== undefined) await writeAtomic(this.file(name), text);
        else await rm(this.file(name), { force: true });
      }
      await this.writeRecord(complete);
    } catch (error) {
      for (const name of originals) await rm(this.file(name), { force: true });
      throw error;
    }
    return complete;
  }

  /** Writes `run.json`. */
  async writeRecord(record: RunRecord): Promise<void> {
    const inputs = movedPaths(record.inputs, (file) => this.shortened(file));
    await writeAtomic(this.file("record"), formatRecord({ ...record, inputs }), { durable: true });
  }

  /** Reads `run.json` as it was written; see also {@link readRecord}. */
  async readWrittenRecord(): Promise<RunRecord> {
    if (!this.exists) throw new InputError(this.folder, "a run folder with run.json in it", "none");
    const file = this.file("record");
    const record = parseRecord(await readText(file), file);
    return { ...record, inputs: movedPaths(record.inputs, (input) => path.resolve(this.folder, input)) };
  }

  /** Files in the run folder are recorded relative to it, so that the folder can be moved. */
  private shortened(file: string): string {
    const inside = path.relative(path.resolve(this.folder), file);
    return inside.startsWith("..") || path.isAbsolute(inside) ? file : inside;
  }

  /**
   * Reads `run.json`. A run with final weights and latents counts as complete even if the training died before it wrote
   * that status.
   */
  async readRecord(): Promise<RunRecord> {
    const record = await this.readWrittenRecord();
    if (record.status === "complete" || !existsSync(this.file("latents"))) return record;
    const at = await readMetadata(this.file("weights")).then(
      (metadata) => parseCheckpoint(metadata, this.file("weights")),
      () => undefined,
    );
    return at?.refined ? { ...record, status: "complete" } : record;
  }

  /** Reads the neutral model. */
  async readNeutral(record: RunRecord): Promise<GaussianModel> {
    const file = this.file("neutral");
    const neutral = parseModelText(await this.readOriginal("neutral", record), file);
    if (neutral.boxSize !== record.boxSize || neutral.apix !== record.apix) {
      throw new InputError(
        file,
        `a box of ${record.boxSize} pixels of ${record.apix} Å, as in ${runFiles.record}`,
        `one of ${neutral.boxSize} pixels of ${neutral.apix} Å`,
      );
    }
    return neutral;
  }

  /** Reads which Gaussians may change; undefined if all may. */
  async readFree(record: RunRecord, gaussians: number): Promise<Uint8Array | undefined> {
    const has = record.files ? record.files.free !== undefined : existsSync(this.file("free"));
    if (!has) return undefined;
    return parseFree(await this.readOriginal("free", record), this.file("free"), gaussians);
  }

  /** Reads the rigid body of each Gaussian, from 1, or 0. Undefined if all move on their own. */
  async readBodies(record: RunRecord, gaussians: number): Promise<Uint8Array | undefined> {
    if (record.files?.rigid === undefined) return undefined;
    return parseBodies(await this.readOriginal("rigid", record), this.file("rigid"), gaussians);
  }

  /** Reads the mean FRC of the neutral model over the particles in each ring 0 … rings. */
  async readNeutralFrc(record: RunRecord): Promise<Float64Array> {
    const text = await this.readOriginal("neutralFrc", record);
    return parseNeutralFrc(text, this.file("neutralFrc"), record.rings);
  }

  /** Writes the mean FRC of particles with the models at their places in each ring 0 … rings. */
  async writePlacedFrc(meanFrc: Float64Array): Promise<void> {
    await writeAtomic(this.file("placedFrc"), formatNeutralFrc(meanFrc, this.file("placedFrc")));
  }

  /** Reads the mean FRC of particles with the models at their places; undefined in runs of earlier versions. */
  async readPlacedFrc(record: RunRecord): Promise<Float64Array | undefined> {
    const file = this.file("placedFrc");
    if (!existsSync(file)) return undefined;
    return parseNeutralFrc(whole(await readText(file), file), file, record.rings);
  }

  /** Reads the particles that do not agree with the neutral model, ascending. */
  async readOutliers(record: RunRecord): Promise<Outlier[]> {
    if (!record.outliers) return [];
    const shape = { particles: record.particles, outliers: record.outliers.count };
    return parseOutliers(await this.readOriginal("outliers", record), this.file("outliers"), shape);
  }

  /** Numbers of the particles in the run that a second round started from, ascending; undefined if they are all of it. */
  async readSelection(record: RunRecord): Promise<Int32Array | undefined> {
    if (!record.from?.selection) return undefined;
    const text = await this.readOriginal("selection", record);
    return parseSelection(text, this.file("selection"), record.from.selection);
  }

  /** Reads a file that is written once. @throws InputError if it was changed since */
  private async readOriginal(name: (typeof originals)[number], record: RunRecord): Promise<string> {
    const file = this.file(name);
    const text = await readText(file);
    whole(text, file);
    const known = record.files?.[name];
    if (known !== undefined && known !== sha256(text)) {
      throw new InputError(
        file,
        "the content that was written when the run was created (its checksum is in run.json)",
        "other content",
      );
    }
    return text;
  }

  /** Replaces a checkpoint. */
  async writeCheckpoint(name: CheckpointName, arrays: readonly NamedArray[], at: Checkpoint): Promise<void> {
    await writeArrays(this.file(name), arrays, formatCheckpoint(at));
  }

  /** Reads a checkpoint. @throws InputError if it is damaged, or does not belong to a run with this record */
  async readCheckpoint(name: CheckpointName, record: RunRecord): Promise<StoredCheckpoint> {
    const file = this.file(name);
    const { arrays, metadata } = await readArrays(file);
    const at = parseCheckpoint(metadata, file);
    const { epochs, starts } = record.options;
    if (epochs !== "auto" && at.epoch > epochs) {
      const where = `${this.file("record")}: options.epochs`;
      throw new InputError(where, `${at.epoch} or more, the epochs of ${runFiles[name]}`, String(epochs));
    }
    if (at.start >= starts || at.scores.length > starts) {
      const found = `start ${at.start + 1} with ${at.scores.length} scores`;
      throw new InputError(file, `one of the ${starts} starts in ${runFiles.record}`, found);
    }
    if (name === "weights" && record.status === "complete" && !at.refined) {
      throw new InputError(file, `the final weights of a complete run`, `those after epoch ${at.epoch}`);
    }
    return { arrays, at };
  }

  /** Keeps the checkpoint of the last epoch as that of the best one. */
  async keepBestEpoch(): Promise<void> {
    const [from, to] = [this.file("weights"), this.file("bestEpoch")];
    await rm(to, { force: true });
    // A checkpoint is replaced, never changed, so that a link is enough; some file systems have none.
    await link(from, to).catch(() => copyFile(from, to));
  }

  /** Removes the checkpoints of the best start and of the best epoch. */
  async removeBest(): Promise<void> {
    for (const name of ["bestStart", "bestEpoch"] as const) await rm(this.file(name), { force: true });
  }

  /** Writes `history.csv`. */
  async writeHistory(history: readonly EpochReport[]): Promise<void> {
    await writeAtomic(this.file("history"), formatHistory(history));
  }

  /** The epochs up to a checkpoint, from the checkpoint or, in runs of earlier versions, from `history.csv`. */
  async readHistory(at: Checkpoint): Promise<EpochReport[]> {
    if (at.history) return at.history;
    const file = this.file("history");
    // An earlier version could die between the first weights and the first line of the history.
    if (!existsSync(file)) return [];
    const history = parseHistory(await readText(file), file);
    const last = history.findIndex((h) => h.start === at.start && h.epoch === at.epoch);
    return history.slice(0, last + 1);
  }

  /** Writes `latents.csv`. @returns the checksum of the latents, which belongs into the final checkpoint */
  async writeLatents(table: LatentsTable): Promise<string> {
    return latentsChecksum(await writeLatentsTable(this.file("latents"), table));
  }

  /** Reads `latents.csv`. @throws InputError if the run has no latents yet, or they were changed */
  async readLatents(): Promise<Latents> {
    const record = await this.readRecord();
    const file = this.file("latents");
    if (!existsSync(file)) throw new InputError(this.folder, "a finished run", "one without latents.csv");
    const { particles } = record;
    const latents = await readLatentsTable(file, { particles, latent: latentAxes(record) });
    const weights = this.file("weights");
    const known = parseCheckpoint(await readMetadata(weights), weights).latents;
    if (known !== undefined && known !== latentsChecksum(latents)) {
      throw new InputError(file, "the latents that the training wrote (by their checksum)", "others");
    }
    return latents;
  }
}

/** The text of a file that ends with a line end. A truncated number may still be a number. */
function whole(text: string, file: string): string {
  if (!text.endsWith("\n")) throw new InputError(file, "a line end after the last line", "none");
  return text;
}

/** The inputs of a record with other paths of particle file and model. */
function movedPaths(inputs: RunRecord["inputs"], move: (file: string) => string): RunRecord["inputs"] {
  return { ...inputs, particles: move(inputs.particles), model: move(inputs.model) };
}

async function readText(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw withFileName(file, error);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(file, "text", `${bytes.length} bytes that are not UTF-8`);
  }
}

/** Checksum of the numbers, so that a spreadsheet may sort rows and change spaces. */
function latentsChecksum({
  encoder,
  refined,
  standardDeviation,
}: Pick<Latents, "encoder" | "refined" | "standardDeviation">): string {
  const hash = createHash("sha256");
  for (const { buffer } of [encoder, refined, standardDeviation]) hash.update(new Uint8Array(buffer));
  return hash.digest("hex");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
