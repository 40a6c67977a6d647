import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { finalName, writeAtomic } from "../../../atomicWrite";
import { InputError } from "../../../errors";
import { jobsFolderName } from "../../../jobsFolderName";
import { readMap, writeMap } from "../../../maps/mapFile";
import { openParticles, type ParticleSet } from "../../../particles/particleSet";
import { type ParticlePoses, writePoses } from "../../../particles/writePoses";
import { type FscCurve, formatFsc, readFsc } from "../../../reconstruction/fsc";
import type { Reconstruction } from "../../../reconstruction/reconstruct";
import type { PoseReport } from "../refinedPoses";
import type { RoundsReport } from "./roundsSettings";
import { roundsTable } from "./roundsTable";

const recordName = "rounds.json";

/** Maps from one set of poses. */
export type RoundMaps = Required<Pick<Reconstruction, "map" | "half1" | "half2" | "fsc">>;

const mapNames = ["map", "half1", "half2"] as const;

/**
 * The folder of the rounds. Every file is written under a temporary name and renamed; the last file of a step shows that it is
 * complete. What is used afterwards is read back, so that a continued run gives the same result.
 */
export class RoundsFolder {
  constructor(readonly folder: string) {}

  /**
   * Opens the folder for these settings.
   * @returns the record of a run to continue, if there is one
   * @throws InputError if the folder has other files, or a run with other settings
   */
  async open(settings: RoundsReport["settings"]): Promise<RoundsReport | undefined> {
    await mkdir(this.folder, { recursive: true });
    const names = (await readdir(this.folder)).filter((name) => !isPartial(name) && name !== jobsFolderName);
    if (names.length === 0) return undefined;
    if (!names.includes(recordName)) {
      throw new InputError(this.folder, "a new or empty folder", `${names.length} files in it`);
    }
    const record = await this.readRecord();
    for (const name of new Set([...Object.keys(settings), ...Object.keys(record.settings)])) {
      const [now, before] = [settings[name], record.settings[name]].map((value) => JSON.stringify(value));
      if (now === before) continue;
      const found = `${now ?? "none"}: to start anew choose another folder`;
      throw new InputError(
        `${this.folder}: ${name}`,
        `${before ?? "none"}, as the run was started with`,
        found,
      );
    }
    return record;
  }

  /** The record. @throws InputError if it is missing or damaged */
  async readRecord(): Promise<RoundsReport> {
    const file = this.at(recordName);
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text === undefined) throw new InputError(this.folder, `a file ${recordName}`, "none");
    try {
      const record = JSON.parse(text) as RoundsReport;
      if (record.format === 1 && Array.isArray(record.rounds)) return record;
    } catch {
      // Reported below.
    }
    throw new InputError(file, "the record of refinement in rounds, version 1", "something else");
  }

  /** Writes record and table. */
  async writeRecord(record: RoundsReport): Promise<void> {
    await writeAtomic(this.at("rounds.csv"), roundsTable(record));
    await writeAtomic(this.at(recordName), `${JSON.stringify(record, null, 2)}\n`);
  }

  /** Path of a file of the result. */
  at(name: string): string {
    return path.join(this.folder, name);
  }

  /** Path of a file of a round; round 0 has the maps from the poses of the file. */
  file(round: number, name: string): string {
    return path.join(this.folder, `round_${round}`, name);
  }

  /** The maps of a round: those that are there, or new ones, which are written. */
  async maps(round: number, make: () => Promise<RoundMaps>, signal?: AbortSignal): Promise<RoundMaps> {
    const fscFile = this.file(round, "fsc.txt");
    if (!existsSync(fscFile)) {
      await mkdir(this.file(round, ""), { recursive: true });
      const made = await make();
      for (const name of mapNames) {
        await writeMap(this.file(round, `${name}.mrc`), made[name], { ...(signal && { signal }) });
      }
      await writeAtomic(fscFile, formatFsc(made.fsc, fscFile));
    }
    const [map, half1, half2] = await Promise.all(
      mapNames.map((name) => readMap(this.file(round, `${name}.mrc`), { ...(signal && { signal }) })),
    );
    return { map: map!, half1: half1!, half2: half2!, fsc: await readFsc(fscFile) };
  }

  /** The curve of a round. */
  fsc(round: number): Promise<FscCurve> {
    return readFsc(this.file(round, "fsc.txt"));
  }

  /** The poses of one half of a round, and the report of their refinement: those that are there, or new ones, which are written. */
  async half(
    place: { round: number; half: number; set: ParticleSet },
    make: () => Promise<{ poses: ParticlePoses; report: PoseReport }>,
  ): Promise<{ poses: ParticlePoses; report: PoseReport }> {
    const { round, half, set } = place;
    const posesFile = this.file(round, `poses_half${half}${extensionOf(set)}`);
    const reportFile = this.file(round, `poses_half${half}.json`);
    if (!existsSync(posesFile)) {
      await mkdir(this.file(round, ""), { recursive: true });
      const { poses, report } = await make();
      await writeAtomic(reportFile, `${JSON.stringify(report, null, 2)}\n`);
      // Whatever the verdict on one half: the half maps decide.
      await writePoses(posesFile, set, poses, { force: true });
    }
    return {
      poses: await readPoses(posesFile, set),
      report: JSON.parse(await readFile(reportFile, "utf8")) as PoseReport,
    };
  }

  /** Removes unfinished files of a run that died. */
  async removeOrphans(): Promise<void> {
    for (const name of await readdir(this.folder)) {
      const place = this.at(name);
      if (isPartial(name)) await rm(place, { force: true });
      else if (/^round_\d+$/.test(name)) {
        for (const inner of await readdir(place)) {
          if (isPartial(inner)) await rm(path.join(place, inner), { force: true });
        }
      }
    }
  }
}

/** Ending of particle files in the format of a set's. */
export function extensionOf(set: ParticleSet): string {
  return set.metadata.extension;
}

/** Reads poses that were written for a set. */
async function readPoses(file: string, set: ParticleSet): Promise<ParticlePoses> {
  const written = await openParticles(file, {
    ...(set.givenApix !== undefined && { apix: set.givenApix }),
    withoutStacks: { boxSize: set.boxSize, apix: set.apix },
  });
  try {
    const same = written.selectRows(set.rows);
    return { rotations: same.rotations(), shifts: same.shifts() };
  } finally {
    await written.close();
  }
}

/** Whether a file has its temporary name. */
function isPartial(name: string): boolean {
  return finalName(name) !== name;
}
