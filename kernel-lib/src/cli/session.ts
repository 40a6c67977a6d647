import type { Progress, TaskOptions } from "../progress";
import { oneLine } from "./failure";
import type { QuietOption } from "./options";
import { Outputs, requireNewFolder } from "./outputs";
import { ProgressLine } from "./progressLine";

/** What a command is given beside its options: the user's terminal, the signal that stops it, and its outputs. */
export class Session implements TaskOptions {
  private readonly controller = new AbortController();
  private readonly progress: ProgressLine | undefined;
  private readonly outputs: Outputs[] = [];
  private readonly opened: { close(): Promise<unknown> }[] = [];
  private readonly began = Date.now();

  constructor({ quiet = false }: QuietOption = {}) {
    this.progress = quiet ? undefined : new ProgressLine(process.stderr);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  readonly onProgress = (progress: Progress): void => this.progress?.show(progress);

  /** Writes a line of the command's result to stdout. */
  print(line: string): void {
    this.progress?.clear();
    process.stdout.write(`${line}\n`);
  }

  private readonly noted = new Set<string>();

  /** Writes what was assumed, or left out, to stdout, once. */
  readonly note = (notice: string): void => {
    if (this.noted.has(notice)) return;
    this.noted.add(notice);
    this.print(`note: ${notice}`);
  };

  /** What the library's functions that read a map are given. */
  get reading(): { signal: AbortSignal; onWarning: (warning: string) => void } {
    return { signal: this.signal, onWarning: this.note };
  }

  /** Writes the one line of an error to stderr. */
  fail(message: string): void {
    this.progress?.clear();
    process.stderr.write(`e2gmm: ${oneLine(message)}\n`);
  }

  /** Announces the files that the command writes; see {@link Outputs.files}. */
  async writes(targets: readonly string[], inputs: readonly (string | undefined)[]): Promise<Outputs> {
    const outputs = await Outputs.files(targets, inputs);
    this.outputs.push(outputs);
    return outputs;
  }

  /** Announces the folder that the command makes; see {@link Outputs.folder}. */
  async makes(folder: string): Promise<Outputs> {
    const outputs = await Outputs.folder(folder);
    this.outputs.push(outputs);
    return outputs;
  }

  /** For a folder that is filled in place, bit by bit. */
  async fills(folder: string): Promise<void> {
    await requireNewFolder(folder);
  }

  /** Has what the command opened closed at its end, however it ends. */
  closing<T extends { close(): Promise<unknown> }>(opened: T): T {
    this.opened.push(opened);
    return opened;
  }

  /** Seconds since the command began, such as `12.3 s`. */
  elapsed(): string {
    return `${((Date.now() - this.began) / 1000).toFixed(1)} s`;
  }

  stop(): void {
    this.controller.abort(new Error("stopped"));
  }

  /** Clears the terminal, closes what is open, and removes outputs that were not completed. */
  async end(): Promise<void> {
    this.progress?.clear();
    await Promise.allSettled(this.opened.map((one) => one.close()));
    for (const outputs of this.outputs) await outputs.drop();
  }
}

/** What all commands hand their work to: it gives them a session, and ends it well. */
export type RunCommand = (options: QuietOption, work: (session: Session) => Promise<void>) => Promise<void>;
