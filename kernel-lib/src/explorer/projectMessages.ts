import type { JobProgress } from "../jobs/wholeProgress";
import type { RunComparison } from "../project/compareRuns";
import type { ExpectedTime } from "../project/expectedTime";
import type { NewRunSettings } from "../project/newRun";
import type { ProjectRun } from "../project/projectRuns";
import type { RunForTasks } from "../project/tasks/runValues";
import type { TaskSettings } from "../project/tasks/taskCommand";
import type { CheckedInputs } from "../training/check/checkedInputs";

/** Target name of the comms that JupyterLab's project pages open to a kernel. */
export const projectTarget = "e2gmm.project";

/** What is checked before a training. */
export type CheckRequest = Pick<NewRunSettings, "map" | "model" | "mask" | "symmetry" | "resolution"> & {
  particles: string;
};

/**
 * Request of a project page; the answer has the same `id`. All paths are relative to the kernel's working folder, the root of the
 * server's files, and stay below it.
 */
export type ProjectRequest =
  | { kind: "machine" }
  | { kind: "check"; inputs: CheckRequest }
  | { kind: "start"; settings: NewRunSettings }
  | { kind: "runs" }
  | { kind: "log"; run: string }
  | { kind: "cancel"; run: string }
  | { kind: "resume"; run: string }
  | { kind: "rename"; run: string; title: string }
  | { kind: "settings"; run: string }
  | { kind: "startTask"; settings: TaskSettings }
  | { kind: "runForTasks"; run: string }
  | { kind: "expect"; settings: NewRunSettings }
  | { kind: "taskSettings"; output: string }
  | { kind: "compare"; first: string; second: string };

/** Two runs side by side: a {@link RunComparison} without the places of most particles. */
export interface ShownComparison
  extends Pick<RunComparison, "common" | "correlations" | "canonical" | "differences"> {
  first: ShownRun;
  second: ShownRun;
  /** Particles whose places are here. */
  shown: number;
}

/** One of two runs side by side. */
export interface ShownRun extends Pick<RunComparison["first"], "folder" | "particles" | "axes" | "evidence"> {
  /** For each axis the place of each shown particle. */
  places: number[][];
}

/** What the machine of the kernel has. */
export interface Machine {
  /** Working folder, an absolute path: the root of the server's files. */
  root: string;
  /** Processors. */
  cpus: number;
  /** Whether jobs can be given to Slurm from here. */
  slurm: boolean;
}

/** What an answer carries, by the kind of the request. */
export interface ProjectResults {
  machine: Machine;
  check: CheckedInputs;
  start: { run: string };
  runs: { runs: ProjectRun[] };
  log: { text: string };
  cancel: Record<never, never>;
  resume: { jobs: number };
  rename: Record<never, never>;
  settings: NewRunSettings;
  startTask: { output: string };
  runForTasks: RunForTasks;
  expect: ExpectedTime;
  taskSettings: TaskSettings;
  compare: ShownComparison;
}

/** Answer to a project page. */
export type ProjectAnswer =
  | { kind: "answer"; id: string; result: ProjectResults[ProjectRequest["kind"]] }
  | { kind: "progress"; id: string; progress: Pick<JobProgress, "task" | "done" | "total"> }
  | { kind: "problem"; id: string; text: string };
