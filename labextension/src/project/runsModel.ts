import { exploreCellOf, type NewRunSettings } from "e2gmm/messages/newRun";
import type { ProjectResults } from "e2gmm/messages/project";
import { ViewModel } from "../view.js";
import type { ProjectRequests } from "./projectKernel.js";

export type ListedRun = ProjectResults["runs"]["runs"][number];

/** What JupyterLab does for the list of runs. */
export interface RunsServices extends ProjectRequests {
  /** Opens an explorer panel of a run. */
  explore(run: string): Promise<void>;
  /** Opens a file in JupyterLab. */
  openFile(file: string): Promise<void>;
  /** Adds a cell to the notebook that was used last, and runs it. @returns whether there is one */
  insertCell(code: string): boolean;
}

/** A row of the list; rounds stand below the run that they started from. */
export interface RunRow {
  run: ListedRun;
  depth: number;
}

/** Time between two looks at runs while some are waiting or running, and while none is, in ms. */
const lookTime = { busy: 2000, idle: 15_000 } as const;

/** The runs below the server's root: their state, one of them in detail, and what can be done with it. */
export class RunsModel extends ViewModel {
  runs: readonly ListedRun[] | undefined;
  /** Folder of the run that is shown in detail. */
  selected: string | undefined;
  log = "";
  search = "";
  status = "";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private looking: Promise<void> | undefined;

  /**
   * @param selected run that was shown before the page was loaded
   * @param root   absolute path of the server's root, once it is known
   * @param moved  called when another run is shown
   */
  constructor(
    private readonly services: RunsServices,
    selected: string | undefined,
    private readonly root: () => string | undefined,
    private readonly moved: () => void,
  ) {
    super();
    this.selected = selected;
  }

  /** Rows in order, those that match the search. */
  get rows(): RunRow[] {
    const { runs = [], search } = this;
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    const matches = ({ folder, title, dataset, state }: ListedRun) =>
      words.every((word) => `${folder} ${title} ${dataset} ${state}`.toLowerCase().includes(word));
    if (words.length > 0) return runs.filter(matches).map((run) => ({ run, depth: 0 }));
    const parents = new Map(runs.map((run) => [run.folder, parentOf(run, runs)]));
    const rows: RunRow[] = [];
    const placed = new Set<string>();
    const place = (run: ListedRun, depth: number) => {
      if (placed.has(run.folder)) return;
      placed.add(run.folder);
      rows.push({ run, depth });
      for (const other of runs) if (parents.get(other.folder) === run.folder) place(other, depth + 1);
    };
    for (const run of runs) if (parents.get(run.folder) === undefined) place(run, 0);
    // Records that name each other
    for (const run of runs) place(run, 0);
    return rows;
  }

  /** The run that is shown in detail. */
  get run(): ListedRun | undefined {
    return this.runs?.find(({ folder }) => folder === this.selected);
  }

  /** Looks at the runs now, and again as long as the page is open. */
  async look(): Promise<void> {
    clearTimeout(this.timer);
    this.looking ??= this.lookOnce().finally(() => {
      this.looking = undefined;
    });
    await this.looking;
    if (this.isDisposed) return;
    clearTimeout(this.timer);
    const busy = this.runs?.some(({ state }) => state === "waiting" || state === "running");
    this.timer = setTimeout(() => void this.look(), busy ? lookTime.busy : lookTime.idle);
  }

  /** Shows a run in detail. */
  async select(run: string): Promise<void> {
    this.selected = run;
    this.log = "";
    this.moved();
    this.changed();
    // The look that is going on does not know of this run.
    await this.looking;
    await this.look();
  }

  find(search: string): void {
    this.search = search;
    this.changed();
  }

  /** Asks the jobs of a run to stop after their last checkpoint. */
  stop(run: string): Promise<void> {
    return this.act(async () => {
      await this.services.ask({ kind: "cancel", run });
      return `${run} is being stopped; Resume continues at its last checkpoint`;
    });
  }

  resume(run: string): Promise<void> {
    return this.act(async () => {
      const { jobs } = await this.services.ask({ kind: "resume", run });
      return jobs > 0 ? `${run} continues` : `${run}: all jobs are complete`;
    });
  }

  rename(run: string, title: string): Promise<void> {
    return this.act(async () => {
      await this.services.ask({ kind: "rename", run, title });
      return title.trim() === "" ? `${run} has no title` : `${run} is called “${title.trim()}”`;
    });
  }

  explore(run: string): Promise<void> {
    return this.act(async () => {
      await this.services.explore(run);
      return "";
    });
  }

  /** Opens a file of a result: a map in the viewer, the page of a study. */
  openResult(file: string): Promise<void> {
    return this.act(async () => {
      await this.services.openFile(file);
      return "";
    });
  }

  /** Opens the explorer in the notebook that was used last. */
  exploreInNotebook(run: string): void {
    const root = this.root();
    const done = this.services.insertCell(exploreCellOf(root === undefined ? run : `${root}/${run}`));
    this.status = done ? `Added a cell that explores ${run}` : "Open a notebook with the e2gmm kernel first";
    this.changed();
  }

  /** Settings of a run, for another one. */
  async settingsOf(run: string): Promise<NewRunSettings | undefined> {
    try {
      return await this.services.ask({ kind: "settings", run });
    } catch (error) {
      this.status = (error as Error).message;
      this.changed();
      return undefined;
    }
  }

  override dispose(): void {
    clearTimeout(this.timer);
    super.dispose();
  }

  private async act(work: () => Promise<string>): Promise<void> {
    try {
      this.status = await work();
    } catch (error) {
      this.status = (error as Error).message;
    }
    this.changed();
    await this.looking;
    await this.look();
  }

  private async lookOnce(): Promise<void> {
    try {
      const { runs } = await this.services.ask({ kind: "runs" });
      this.runs = runs;
      const { selected } = this;
      if (selected !== undefined && (this.run?.jobs.length ?? 0) > 0) {
        const { text } = await this.services.ask({ kind: "log", run: selected });
        if (selected === this.selected) this.log = text;
      }
    } catch (error) {
      this.status = (error as Error).message;
    }
    this.changed();
  }
}

/** The run that a run started from, or the study that it is a part of, if it is listed. */
function parentOf(run: ListedRun, runs: readonly ListedRun[]): string | undefined {
  const parent = runs.find(
    ({ folder, kind }) => folder === run.from || (kind === "study" && run.folder.startsWith(`${folder}/`)),
  );
  return parent?.folder;
}

/** A number of bytes in words. */
export function sizeText(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** A time that is left, in words. */
export function timeText(seconds: number): string {
  if (seconds < 60) return "less than a minute";
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return minutes === 1 ? "about 1 minute" : `about ${minutes} minutes`;
  const hours = Math.floor(minutes / 60);
  return `about ${hours} h ${minutes % 60} min`;
}

/** A range of times in words. */
export function rangeText([least, most]: readonly [number, number]): string {
  const [from, to] = [timeText(least), timeText(most)];
  return from === to ? from : `${from} to ${to.replace(/^about /, "")}`;
}

/** Share of making the neutral model in the time of a run: 16 of 315 s for the set `adk`. */
const neutralShare = 0.05;

/** How far the jobs of a run are: the job that runs with its task, and all of them as a whole where that is known. */
export function progressOf({ jobs }: ListedRun): {
  text: string;
  percent: number | undefined;
} {
  const running = jobs.find(({ state }) => state === "running");
  if (!running) return { text: "", percent: undefined };
  const place =
    jobs.length > 1 ? `job ${jobs.indexOf(running) + 1} of ${jobs.length}, ${running.name}` : running.name;
  const { progress } = running;
  if (!progress) return { text: `${place}: started`, percent: undefined };
  const { task, done, total, whole, secondsLeft, stepSecondsLeft } = progress;
  const step = total > 1 ? `${task}, ${Math.floor((100 * done) / total)} %` : task;
  const left =
    secondsLeft !== undefined
      ? `; ${timeText(secondsLeft)} left ${running.tasks > 1 ? "of this part" : "in all"}`
      : stepSecondsLeft === undefined
        ? ""
        : `; ${timeText(stepSecondsLeft)} left of this step`;
  const text = `${place}: ${step}${left}`;
  // The model of a map has steps that begin anew with every round.
  const part = running.name === "neutral" ? 0 : whole;
  if (part === undefined) return { text, percent: undefined };
  const shares = jobs.map(({ name }) => (name === "neutral" ? neutralShare : 1 - neutralShare));
  const all = shares.reduce((sum, share) => sum + share, 0);
  const past = jobs.reduce((sum, { state }, j) => sum + (state === "complete" ? shares[j]! : 0), 0);
  return { text, percent: (100 * (past + part * shares[jobs.indexOf(running)]!)) / all };
}

/**
 * What a run took that is complete, as a measure for another: of the same particles if there is one, else the last; empty if there is none.
 * @param dataset name of the particle file
 */
export function timeOfRuns(runs: readonly ListedRun[], dataset: string): string {
  // What was resumed has only the time of its last part.
  const isWhole = (jobs: ListedRun["jobs"]) =>
    jobs.every(({ number, restarts }, j) => number === j + 1 && restarts === 0);
  const ended = runs.filter(
    ({ state, kind, jobs }) => state === "complete" && kind === "run" && isWhole(jobs) && secondsOf(jobs) > 0,
  );
  const run = ended.find((one) => one.dataset === dataset) ?? ended[0];
  if (!run) return "";
  const { folder, particles = 0, jobs } = run;
  const time = timeText(secondsOf(jobs)).replace(/^about /, "");
  return `${folder} took ${time} for ${particles.toLocaleString("en")} particles; the time grows with their number`;
}

/** Seconds that jobs computed; those that waited in between do not count. */
function secondsOf(jobs: ListedRun["jobs"]): number {
  return jobs.reduce((sum, { began, ended }) => {
    const taken = began === undefined || ended === undefined ? 0 : Date.parse(ended) - Date.parse(began);
    return sum + Math.max(0, taken) / 1000;
  }, 0);
}
