import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../atomicWrite";
import { stateListName } from "../correction/shareStore";
import { namesOf, type StateFiles } from "./correctedState";

/** The states whose maps are written, in the folder of the cells: a command that was stopped does not make them again. */
export class FinishedStates {
  private known: Record<string, string> | undefined;

  constructor(private readonly folder: string) {}

  private get file(): string {
    return path.join(this.folder, stateListName);
  }

  private async read(): Promise<Record<string, string>> {
    const text = await readFile(this.file, "utf8").catch(() => "{}");
    try {
      this.known ??= JSON.parse(text) as Record<string, string>;
    } catch {
      this.known = {};
    }
    return this.known;
  }

  /**
   * Whether a state was written like this, and all its files are still there.
   * @param made everything that enters its files, such as `MotionCorrection.stateKey`
   */
  async has(files: StateFiles, made: object): Promise<boolean> {
    const known = await this.read();
    return (
      known[path.resolve(files.map)] === JSON.stringify(made) &&
      namesOf(files).every((name) => existsSync(name))
    );
  }

  async add(files: StateFiles, made: object): Promise<void> {
    const known = await this.read();
    known[path.resolve(files.map)] = JSON.stringify(made);
    await writeAtomic(this.file, `${JSON.stringify(known)}\n`);
  }
}
