import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../../../atomicWrite";
import { InputError } from "../../../errors";
import type { CompleteSettings } from "../../settings";
import type { PoseDecision } from "./poseDecision";

/** Name of the folder in a run folder. */
export const posesFolderName = "poses";

const names = { training: "training.json", decision: "decision.json", neutral: "neutral.txt" } as const;

/** What a training that was stopped before it had a run needs to continue. */
export type TrainingRequest = Pick<
  CompleteSettings,
  | "particles"
  | "model"
  | "mask"
  | "dataFolder"
  | "apix"
  | "invertContrast"
  | "bytes"
  | "symmetry"
  | "keepOutliers"
  | "resolution"
  | "options"
  | "poses"
>;

/** Where the maps and poses of the rounds lie: of a sample of the particles, and of all. */
export type RoundsPlace = "check" | "rounds";

/**
 * The folder `poses` in a run folder: what was measured about the poses, refined ones and a new model if they are used, and, as long
 * as there is no run yet, the settings of the training.
 */
export class PosesFolder {
  readonly folder: string;

  constructor(run: string) {
    this.folder = path.join(run, posesFolderName);
  }

  /** Whether a training was stopped here before it had a run. */
  get isWaiting(): boolean {
    return existsSync(this.file("training"));
  }

  /** Path of a file. */
  file(name: keyof typeof names): string {
    return path.join(this.folder, names[name]);
  }

  /** Path of the folder of the rounds, or of a file in it. */
  rounds(place: RoundsPlace, file = ""): string {
    return path.join(this.folder, place, file);
  }

  /** Path of a file of the poses that were refined together with places for the first, second … time. */
  motion(pass: number, file: string): string {
    return path.join(this.folder, `motion_${pass}`, file);
  }

  /** Creates the folder, and writes with what settings the training continues. */
  async begin(request: TrainingRequest): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await writeAtomic(this.file("training"), `${JSON.stringify({ format: 1, ...request }, null, 2)}\n`);
  }

  /** The settings of the training that was stopped here. @throws InputError if the file is damaged */
  async readRequest(): Promise<TrainingRequest> {
    const { format, ...request } = await readObject(this.file("training"));
    if (format === 1 && typeof request["particles"] === "string" && typeof request["model"] === "string")
      return request as unknown as TrainingRequest;
    throw new InputError(this.file("training"), "settings of a training, version 1", "something else");
  }

  /** The decision, if it has been made. */
  async readDecision(): Promise<PoseDecision | undefined> {
    const file = this.file("decision");
    return existsSync(file) ? ((await readObject(file)) as unknown as PoseDecision) : undefined;
  }

  /** Keeps the decision for a training that continues. */
  async writeDecision(decision: PoseDecision): Promise<void> {
    await writeAtomic(this.file("decision"), `${JSON.stringify(decision, null, 2)}\n`);
  }

  /** Removes maps, models and poses of single rounds; with `results` also those of the result. Reports and curves stay. */
  async tidy(place: RoundsPlace, { results }: { results: boolean }): Promise<void> {
    const folder = this.rounds(place);
    for (const name of existsSync(folder) ? await readdir(folder) : []) {
      const isResult = /^(map|half1|half2)\.mrc$|^poses\.(star|cs)$/.test(name);
      const isRound = /^round_\d+$/.test(name);
      if (isRound || (results && isResult))
        await rm(path.join(folder, name), { recursive: true, force: true });
    }
  }

  /** Removes everything. */
  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function readObject(file: string): Promise<Record<string, unknown>> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  try {
    const value: unknown = JSON.parse(text ?? "");
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Reported below.
  }
  throw new InputError(file, "JSON", text === undefined ? "no such file" : "something else");
}
