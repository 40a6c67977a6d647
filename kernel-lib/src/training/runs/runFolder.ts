import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { isPartialName, isSameFile, writeAtomic } from "../../atomicWrite";
import { InputError } from "../../errors";
import { withFileName } from "../../fileErrors";
import type { GaussianModel } from "../../model/gaussianModel";
import { formatModelText, parseModelText } from "../../model/text";
import type { NamedArray } from "../../network/parameters";
import type { Outlier } from "../agreement/agreement";
import type { Posterior } from "../posterior";
import type { EpochReport } from "../trainer";
import { type Checkpoint, parseCheckpoint } from "./checkpoint";
import { parseOutliers } from "./outliersTable";
import { LOCK_FILE } from "./runLock";
import { formatRecord, parseRecord, type RunRecord } from "./runRecord";
import {
  formatFree,
  formatHistory,
  formatLatents,
  formatNeutralFrc,
  type Latents,
  parseFree,
  parseHistory,
  parseLatents,
  parseNeutralFrc,
} from "./runTables";
import { readArrays, readMetadata, writeArrays } from "./weightsFile";

/** Files of a run folder. */
export const runFiles = {
  record: "run.json",
  neutral: "neutral.txt",
  free: "free.txt",
  history: "history.csv",
  neutralFrc: "neutral_frc.csv",
  latents: "latents.csv",
  outliers: "outliers.csv",
  weights: "weights.safetensors",
  bestStart: "best_start.safetensors",
} as const;

/** Files that are written once, when the run is made. */
const originals = ["neutral", "neutralFrc", "free", "outliers"] as const;

/** What a run begins with. */
export interface RunParts {
  neutral: GaussianModel;
  free: Uint8Array | undefined;
  meanFrc: Float64Array;
  /** Text of `outliers.csv`, where there are outliers. */
  outliers?: string;
}

/** What a folder is for a training that is to begin in it. */
export type FolderState = "new" | "run" | "interrupted" | "other";

/** The files of one run; written by a training, read by everything after it. Every error names the file. */
export class RunFolder {
  constructor(readonly folder: string) {}

  file(name: keyof typeof runFiles): string {
    return path.join(this.folder, runFiles[name]);
  }

  get exists(): boolean {
    return existsSync(this.file("record"));
  }

  /** Whether a training works here, or died here. */
  get hasLock(): boolean {
    return existsSync(path.join(this.folder, LOCK_FILE));
  }

  /**
   * `interrupted`: a training died here before its run was made; what it left is known by its lock. `other`: the folder
   * has files in it that are no run's; those must not be written over.
   */
  async state(): Promise<FolderState> {
    const names = await this.names();
    if (names.includes(runFiles.record)) return "run";
    const isLock = (name: string) => name === LOCK_FILE || isPartialName(name, [LOCK_FILE]);
    const others = names.filter((name) => !isLock(name));
    if (names.length === 0) return "new";
    const own: string[] = Object.values(runFiles);
    const isOwn = (name: string) => own.includes(name) || isPartialName(name, own);
    return names.some(isLock) && others.every(isOwn) ? "interrupted" : "other";
  }

  private async names(): Promise<string[]> {
    if (!existsSync(this.folder)) return [];
    return readdir(this.folder).catch((error) => {
      if (error.code === "ENOTDIR")
        throw new InputError(this.folder, "a new or empty folder", "a file of this name");
      throw withFileName(this.folder, error);
    });
  }

  /** Removes what an interrupted start has left, see {@link state}. Only for who holds the lock. */
  async removeLeftovers(): Promise<void> {
    await this.removeOrphans();
    for (const name of Object.values(runFiles)) await rm(path.join(this.folder, name), { force: true });
  }

  /** Removes unfinished files that a training which died has left. Only for who holds the lock. */
  async removeOrphans(): Promise<void> {
    const own = [...Object.values(runFiles), LOCK_FILE];
    for (const name of await this.names()) {
      if (isPartialName(name, own)) await rm(path.join(this.folder, name), { force: true });
    }
  }

  /** @throws InputError where one of these files would be written over by the run */
  async requireNoInput(inputs: readonly (string | undefined)[]): Promise<void> {
    for (const input of inputs) {
      for (const name of Object.values(runFiles)) {
        if (input === undefined || !(await isSameFile(input, path.join(this.folder, name)))) continue;
        throw new InputError(input, "a file outside of the run folder", `${name} in ${this.folder}`);
      }
    }
  }

  /**
   * Makes the run, its record last: without it there is none. Can be repeated where it was broken off.
   * @returns the record as it was written
   */
  async create(record: RunRecord, parts: RunParts): Promise<RunRecord> {
    const { neutral, free, meanFrc, outliers } = parts;
    await mkdir(this.folder, { recursive: true });
    const texts = {
      neutral: formatModelText(neutral, this.file("neutral")),
      neutralFrc: formatNeutralFrc(meanFrc, this.file("neutralFrc")),
      ...(free && { free: formatFree(free) }),
      ...(outliers !== undefined && { outliers }),
    };
    const complete: RunRecord = {
      ...record,
      files: {
        neutral: sha256(texts.neutral),
        neutralFrc: sha256(texts.neutralFrc),
        ...(texts.free !== undefined && { free: sha256(texts.free) }),
        ...(texts.outliers !== undefined && { outliers: sha256(texts.outliers) }),
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

  async writeRecord(record: RunRecord): Promise<void> {
    await writeAtomic(this.file("record"), formatRecord(record), { durable: true });
  }

  /** `run.json` as it stands; {@link readRecord} is what a reader wants. */
  async readWrittenRecord(): Promise<RunRecord> {
    if (!this.exists) throw new InputError(this.folder, "a run folder with run.json in it", "none");
    const file = this.file("record");
    return parseRecord(await readText(file), file);
  }

  /**
   * What the run was made from and with. It is complete where its final weights and latents are there, even if the
   * training died before it could say so in `run.json`.
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

  async readFree(record: RunRecord, gaussians: number): Promise<Uint8Array | undefined> {
    const has = record.files ? record.files.free !== undefined : existsSync(this.file("free"));
    if (!has) return undefined;
    return parseFree(await this.readOriginal("free", record), this.file("free"), gaussians);
  }

  /** Mean FRC of the neutral model over the particles in each ring, index 0 … rings. */
  async readNeutralFrc(record: RunRecord): Promise<Float64Array> {
    return parseNeutralFrc(
      await this.readOriginal("neutralFrc", record),
      this.file("neutralFrc"),
      record.rings,
    );
  }

  /** Particles that do not agree with the neutral model, ascending; see `agreement.ts`. */
  async readOutliers(record: RunRecord): Promise<Outlier[]> {
    if (!record.outliers) return [];
    const shape = { particles: record.particles, outliers: record.outliers.count };
    return parseOutliers(await this.readOriginal("outliers", record), this.file("outliers"), shape);
  }

  /** The text of a file that is written once, when the run is made. @throws InputError where it was changed since */
  private async readOriginal(name: (typeof originals)[number], record: RunRecord): Promise<string> {
    const file = this.file(name);
    const text = await readText(file);
    // A number that was cut off may still be one.
    if (!text.endsWith("\n")) throw new InputError(file, "a line end after the last line", "none");
    const known = record.files?.[name];
    if (known !== undefined && known !== sha256(text)) {
      throw new InputError(
        file,
        "what was written when the run began (its checksum is in run.json)",
        "something else",
      );
    }
    return text;
  }

  async writeCheckpoint(
    name: "weights" | "bestStart",
    arrays: readonly NamedArray[],
    at: Checkpoint,
  ): Promise<void> {
    await writeArrays(this.file(name), arrays, { checkpoint: JSON.stringify(at) });
  }

  /** @throws InputError where it is not whole, or not one of a run with this record */
  async readCheckpoint(
    name: "weights" | "bestStart",
    record: RunRecord,
  ): Promise<{ arrays: NamedArray[]; at: Checkpoint }> {
    const file = this.file(name);
    const { arrays, metadata } = await readArrays(file);
    const at = parseCheckpoint(metadata, file);
    const { epochs, starts } = record.options;
    if (at.epoch > epochs) {
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

  async removeBestStart(): Promise<void> {
    await rm(this.file("bestStart"), { force: true });
  }

  async writeHistory(history: readonly EpochReport[]): Promise<void> {
    await writeAtomic(this.file("history"), formatHistory(history));
  }

  /** The epochs up to a checkpoint: its own account of them, or in runs of earlier versions that of `history.csv`. */
  async readHistory(at: Checkpoint): Promise<EpochReport[]> {
    if (at.history) return at.history;
    const file = this.file("history");
    // An earlier version could die between the first weights and the first line of the history.
    if (!existsSync(file)) return [];
    const history = parseHistory(await readText(file), file);
    const last = history.findIndex((h) => h.start === at.start && h.epoch === at.epoch);
    return history.slice(0, last + 1);
  }

  /** @returns the checksum of the latents, which belongs into the final checkpoint */
  async writeLatents(latent: number, encoder: Float32Array, posterior: Posterior): Promise<string> {
    const file = this.file("latents");
    const text = formatLatents({ latent, encoder, posterior }, this.file("latents"));
    await writeAtomic(file, text);
    return latentsChecksum(parseLatents(text, file, { particles: encoder.length / latent, latent }));
  }

  /** @throws InputError where the run has no latents yet, or they are not those that were written */
  async readLatents(): Promise<Latents> {
    const record = await this.readRecord();
    const file = this.file("latents");
    if (!existsSync(file)) throw new InputError(this.folder, "a finished run", "one without latents.csv");
    const { particles, options } = record;
    const latents = parseLatents(await readText(file), file, { particles, latent: options.latent });
    const weights = this.file("weights");
    const known = parseCheckpoint(await readMetadata(weights), weights).latents;
    if (known !== undefined && known !== latentsChecksum(latents)) {
      throw new InputError(file, "the latents that the training wrote (their checksum)", "others");
    }
    return latents;
  }
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
    throw new InputError(file, "text", `${bytes.length} bytes that are none`);
  }
}

/** Of the numbers, so that rows may be sorted and spaces changed by a spreadsheet. */
function latentsChecksum({ encoder, refined, deviation }: Latents): string {
  const hash = createHash("sha256");
  for (const { buffer } of [encoder, refined, deviation]) hash.update(new Uint8Array(buffer));
  return hash.digest("hex");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
