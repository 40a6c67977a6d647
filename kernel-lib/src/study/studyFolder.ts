import { existsSync } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { finalName, writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { jobsFolderName } from "../jobsFolderName";
import { RunFolder } from "../training/runs/runFolder";
import type { RecordedSettings, StudyPart } from "./settings";
import type { StudyReport } from "./studyReport";

/** Files of the folder of a study. */
export const studyFiles = {
  settings: "settings.json",
  report: "study.json",
  page: "study.html",
  notebook: "study.ipynb",
} as const;

/** The folder of a study: its settings, a folder for each part, and the report. */
export class StudyFolder {
  constructor(readonly folder: string) {}

  /** Path of a file of the study. */
  file(name: keyof typeof studyFiles): string {
    return path.join(this.folder, studyFiles[name]);
  }

  /** Path of a file of a part. */
  inPart({ name }: Pick<StudyPart, "name">, file: string): string {
    return path.join(this.folder, name, file);
  }

  /** Run folder of a part. */
  run(part: Pick<StudyPart, "name">): RunFolder {
    return new RunFolder(this.inPart(part, "run"));
  }

  /** Whether the training of a part is complete. */
  async isComplete(part: Pick<StudyPart, "name">): Promise<boolean> {
    const run = this.run(part);
    return run.exists && (await run.readRecord()).status === "complete";
  }

  /**
   * Opens the folder for these settings, which are written if it is new. Several parts may do so at the same time.
   * @throws InputError if it has other files, or a study with other settings
   */
  async open(settings: RecordedSettings): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const names = (await readdir(this.folder)).filter(
      (name) => finalName(name) === name && name !== jobsFolderName,
    );
    if (names.length > 0 && !names.includes(studyFiles.settings)) {
      throw new InputError(this.folder, "a new or empty folder", `${names.length} files in it`);
    }
    if (names.length === 0) {
      await writeAtomic(this.file("settings"), `${JSON.stringify(settings, null, 2)}\n`);
      return;
    }
    const before = await this.readSettings();
    for (const name of new Set([...Object.keys(settings), ...Object.keys(before)])) {
      const [now, then] = [settings[name], before[name]].map((value) => JSON.stringify(value));
      if (now === then) continue;
      const found = `${now ?? "none"}: to start anew choose another folder`;
      throw new InputError(
        `${this.folder}: ${name}`,
        `${then ?? "none"}, as the study was started with`,
        found,
      );
    }
  }

  /** The settings of the study. @throws InputError if there are none, or they are damaged */
  async readSettings(): Promise<RecordedSettings> {
    const file = this.file("settings");
    if (!existsSync(file))
      throw new InputError(this.folder, "the folder of a study", `no ${studyFiles.settings}`);
    return parsed<RecordedSettings>(
      await readFile(file, "utf8"),
      file,
      (value) => typeof value.kind === "string",
    );
  }

  /** The report. @throws InputError if there is none, or it is damaged */
  async readReport(): Promise<StudyReport> {
    const file = this.file("report");
    if (!existsSync(file))
      throw new InputError(this.folder, `a study that is complete, with ${studyFiles.report}`, "none");
    return parsed<StudyReport>(await readFile(file, "utf8"), file, (value) =>
      Array.isArray(value.comparisons),
    );
  }
}

function parsed<T extends { format: 1 }>(text: string, file: string, isRight: (value: T) => boolean): T {
  try {
    const value = JSON.parse(text) as T;
    if (value.format === 1 && isRight(value)) return value;
  } catch {
    // Reported below.
  }
  throw new InputError(file, "a file of e2gmm study, version 1", "something else");
}
