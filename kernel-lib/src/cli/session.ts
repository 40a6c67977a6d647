import type { Progress, TaskOptions } from "../progress";
import { oneLine } from "./failure";
import type { QuietOption } from "./options";
import { Outputs, requireNewFolder } from "./outputs";
import { ProgressLine } from "./progressLine";

/** Message of the error of work that was stopped, unless the command has one of its own. */
export const stopMessage = "stopped";

/** The environment of a running command: terminal, abort signal and outputs. */
export class Session implements TaskOptions {
  private readonly controller = new AbortController();
  private readonly progress: ProgressLine | undefined;
  private readonly outputs: Outputs[] = [];
  private readonly opened: { close(): Promise<unknown> }[] = [];
  private readonly began = Date.now();
  private stopSignal: NodeJS.Signals | undefined;

  /** @param follow told all progress, also of a quiet command */
  constructor(
    { quiet = false }: QuietOption = {},
    private readonly follow?: (progress: Progress) => void,
  ) {
    this.progress = quiet ? undefined : new ProgressLine(process.stderr);
  }

  /** Aborted by {@link stop}. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Shows progress, unless the command is quiet. */
  readonly onProgress = (progress: Progress): void => {
    this.progress?.show(progress);
    this.follow?.(progress);
  };

  /** Prints a line of the result to stdout. */
  print(line: string): void {
    this.progress?.clear();
    process.stdout.write(`${line}\n`);
  }

  /** Prints a line about a step on the way to the result to stdout, unless the command is quiet; the log of a job has it. */
  step(line: string): void {
    if (this.progress || this.follow) this.print(line);
  }

  private readonly noted = new Set<string>();

  /** Prints a warning to stdout, each only once. */
  readonly note = (warning: string): void => {
    if (this.noted.has(warning)) return;
    this.noted.add(warning);
    this.print(`note: ${warning}`);
  };

  /** Options for functions that read maps. */
  get reading(): { signal: AbortSignal; onWarning: (warning: string) => void } {
    return { signal: this.signal, onWarning: this.note };
  }

  /** Prints an error message to stderr. */
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

  /** Checks a folder that is written in place, file by file. @throws InputError unless it is new or empty */
  async fills(folder: string): Promise<void> {
    await requireNewFolder(folder);
  }

  /** Closes something when the command ends, however it ends. */
  closing<T extends { close(): Promise<unknown> }>(opened: T): T {
    this.opened.push(opened);
    return opened;
  }

  /** Time since the command started, such as `12.3 s`. */
  elapsed(): string {
    return `${((Date.now() - this.began) / 1000).toFixed(1)} s`;
  }

  /** The signal that stopped the command, if one did. */
  get stoppedBy(): NodeJS.Signals | undefined {
    return this.stopSignal;
  }

  /** Aborts the work at its next step. */
  stop(signal: NodeJS.Signals): void {
    this.stopSignal = signal;
    this.controller.abort(new Error(stopMessage));
  }

  /** Clears the progress line, closes what is open, and removes incomplete outputs. */
  async end(): Promise<void> {
    this.progress?.clear();
    await Promise.allSettled(this.opened.map((one) => one.close()));
    for (const outputs of this.outputs) await outputs.drop();
  }
}

/** Runs the work of a command in a session, reports its errors, and ends the session. */
export type RunCommand = (options: QuietOption, work: (session: Session) => Promise<void>) => Promise<void>;
