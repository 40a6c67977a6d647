import { InputError } from "../errors";
import { shorten } from "../shortText";
import { latentAxes, type Run, RunFolder } from "../training/runs/run";
import { NamedList } from "./namedList";
import { SetTable } from "./setTable";
import { WorkbenchFiles, type WorkbenchRun } from "./workbenchFiles";
import {
  emptyState,
  isSameState,
  type LatentPath,
  mergeStates,
  type NamedPath,
  type NamedView,
  type WorkbenchState,
} from "./workbenchState";

/** Steps that can be undone. */
const maxSteps = 200;
/** Characters of the notes; they are kept with every change. */
const maxNotes = 100_000;
/** Milliseconds between two looks at what others have written. */
const lookEvery = 1000;

interface Step {
  before: WorkbenchState;
  after: WorkbenchState;
}

/**
 * What is made while a run is explored: sets of particles, paths, views, and notes. It is kept in the run folder (`workbench/`), so that
 * it is there after a restart and on another computer; several workbenches of a run, in any number of processes, see each other's
 * changes. Changes can be undone.
 *
 * Opened by {@link openWorkbench}; an explorer has one as `explorer.workbench`.
 *
 * @example
 * ```ts
 * const workbench = await e2.openWorkbench("RUN");
 * workbench.sets.add([0, 1, 2, 3], { name: "first four" });
 * workbench.undo();
 * workbench.redo();
 * workbench.notes = "The first four particles are from the same micrograph.";
 * await workbench.close();
 * ```
 */
export class Workbench {
  /** The sets of particles. */
  readonly sets: SetTable;
  /** The paths that are kept under a name. */
  readonly paths = new NamedList<NamedPath>("path");
  /** The views that are kept under a name. */
  readonly views = new NamedList<NamedView>("view");
  private drawnPath: LatentPath = emptyState.drawn;
  private text = "";
  /** What was kept or read last: changes since are this workbench's own. */
  private kept: WorkbenchState = emptyState;
  /** The state after the last change, which the next one is compared with. */
  private current: WorkbenchState = emptyState;
  private readonly undone: Step[] = [];
  private readonly done: Step[] = [];
  private files: WorkbenchFiles | undefined;
  private version = "";
  private queue: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private restoring = false;
  private looking = false;
  private trouble = "";
  private readonly handlers = new Set<() => void>();

  /** @internal Use {@link openWorkbench}. @param count number of particles */
  constructor(count: number) {
    this.sets = new SetTable(count);
    for (const list of [this.sets, this.paths, this.views]) list.onChange(() => this.changed());
  }

  /** The path that is drawn in the scatter of an explorer. */
  get drawn(): LatentPath {
    return this.drawnPath;
  }
  set drawn({ anchors, stationCount }: LatentPath) {
    this.drawnPath = { anchors: anchors.map((anchor) => [...anchor]), stationCount };
    this.changed();
  }

  /** Text of the user's about the run. @throws InputError for more than 100,000 characters */
  get notes(): string {
    return this.text;
  }
  set notes(notes: string) {
    if (notes.length > maxNotes)
      throw new InputError("notes", `at most ${maxNotes} characters`, `${notes.length}`);
    this.text = notes;
    this.changed();
  }

  /** Why the last changes could not be kept in the run folder; empty if they were. */
  get problem(): string {
    return this.trouble;
  }

  /** Whether there is a change to undo. */
  get canUndo(): boolean {
    return this.done.length > 0;
  }

  /** Whether there is a change to make again. */
  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  /** Takes the last change of this workbench back; those of others stay. @throws InputError if there is none */
  undo(): void {
    const step = this.done.pop();
    if (!step) throw InputError.of("There is nothing to undo.");
    this.undone.push(step);
    this.restore(mergeStates(step.after, step.before, this.current));
  }

  /** Makes the change again that was undone last. @throws InputError if there is none, or another change was made since */
  redo(): void {
    const step = this.undone.pop();
    if (!step) throw InputError.of("There is nothing to make again.");
    this.done.push(step);
    this.restore(mergeStates(step.before, step.after, this.current));
  }

  /** Calls `handler` after every change, of this workbench or another one. @returns a function that removes it */
  onChange(handler: () => void): () => void {
    this.handlers.add(handler);
    return () => void this.handlers.delete(handler);
  }

  /**
   * Keeps the workbench in a run folder from now on. What is there already comes first; what was made before stays.
   * @internal
   * @throws InputError for damaged files, and for those of another run; then nothing is kept
   */
  async attach(run: WorkbenchRun): Promise<void> {
    const files = new WorkbenchFiles(run);
    const version = await files.version();
    const stored = (await files.read()) ?? emptyState;
    this.files = files;
    this.version = version;
    this.kept = stored;
    this.restore(mergeStates(emptyState, this.current, stored));
    this.save();
    // Pages show whether the work is kept
    this.notify();
  }

  /** Folder of the files; undefined if the workbench is not kept. */
  get folder(): string | undefined {
    return this.files?.folder;
  }

  /** Looks for changes of others about every second, until {@link close}. @internal */
  watch(): void {
    this.timer ??= setInterval(() => void this.look(), lookEvery).unref();
  }

  /** One look at a time: one that waits for another process takes longer than it is to the next. */
  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    await this.reload();
    this.looking = false;
  }

  /** Reads what others have changed since, and writes what could not be written before. Problems are in `problem`. */
  reload(): Promise<void> {
    return this.inTurn(async (files) => {
      const version = await files.version();
      if (version === this.version || version === "") return this.write(files);
      const stored = (await files.read()) ?? emptyState;
      this.version = version;
      const merged = mergeStates(this.kept, this.current, stored);
      this.kept = stored;
      this.restore(merged);
      // Maps may be new although nothing else is
      this.notify();
    });
  }

  /** Lets others look again, since there is a new map. @internal */
  touch(): void {
    void this.inTurn(async (files) => {
      const { state, version } = await files.update((kept = this.kept) => kept);
      if (isSameState(state, this.kept)) this.version = version;
    });
  }

  /** Waits until all changes are in the run folder. @throws InputError if they could not be written */
  async saved(): Promise<void> {
    await this.queue;
    if (this.trouble !== "") throw InputError.of(this.trouble);
  }

  /** Writes what is left to write, and removes files of sets that are no more. @throws InputError as {@link saved} */
  async close(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    const removed = this.done.length + this.undone.length > 0;
    if (removed) await this.inTurn((files) => files.tidy(["maps"]));
    await this.saved();
  }

  private changed(): void {
    if (this.restoring) return;
    const { sets, paths, views, drawnPath: drawn, text: notes } = this;
    const before = this.current;
    const after: WorkbenchState = { sets: [...sets], paths: [...paths], views: [...views], drawn, notes };
    if (isSameState(before, after)) return;
    this.current = after;
    this.done.push({ before, after });
    if (this.done.length > maxSteps) this.done.shift();
    this.undone.length = 0;
    this.notify();
    this.save();
  }

  /** Makes another state the current one, without a step to undo. */
  private restore(state: WorkbenchState): void {
    if (isSameState(this.current, state)) return;
    this.current = state;
    this.restoring = true;
    try {
      this.sets.restore(state.sets);
      this.paths.restore(state.paths);
      this.views.restore(state.views);
      this.drawnPath = state.drawn;
      this.text = state.notes;
    } finally {
      this.restoring = false;
    }
    this.notify();
    if (!isSameState(this.kept, state)) this.save();
  }

  private save(): void {
    void this.inTurn((files) => this.write(files));
  }

  /** Writes what is not kept yet. */
  private async write(files: WorkbenchFiles): Promise<void> {
    const mine = this.current;
    if (isSameState(this.kept, mine)) return;
    // If the files were removed, all of it is written again
    const { state, version } = await files.update((kept = this.kept) => mergeStates(this.kept, mine, kept));
    this.kept = state;
    this.version = version;
    // Changes that were made here while the files were written
    this.restore(mergeStates(mine, this.current, state));
  }

  /** Does something with the files after all that was asked for before. A failure becomes the problem. */
  private inTurn(work: (files: WorkbenchFiles) => Promise<void>): Promise<void> {
    this.queue = this.queue.then(async () => {
      if (!this.files) return;
      const before = this.trouble;
      try {
        await work(this.files);
        this.trouble = "";
      } catch (error) {
        this.trouble = `Sets, paths and notes cannot be kept in the run folder: ${shorten((error as Error).message, 400)}`;
      }
      if (this.trouble !== before) this.notify();
    });
    return this.queue;
  }

  private notify(): void {
    for (const handler of [...this.handlers]) handler();
  }
}

/**
 * Opens what was made while a run was explored: its sets of particles, paths, views and notes. Nothing is written before something is
 * changed.
 *
 * @param run an open run, or the folder of one
 * @throws InputError for a folder without a run, and for damaged files
 * @example
 * ```ts
 * const workbench = await e2.openWorkbench("RUN");
 * for (const { name, rows } of workbench.sets) console.log(`${name}: ${rows.length} particles`);
 * await workbench.close();
 * ```
 */
export async function openWorkbench(run: Run | string): Promise<Workbench> {
  const folder = typeof run === "string" ? run : run.folder;
  const record = typeof run === "string" ? await new RunFolder(run).readRecord() : run.record;
  const workbench = new Workbench(record.particles);
  await workbench.attach({ folder, count: record.particles, latent: latentAxes(record) });
  return workbench;
}
