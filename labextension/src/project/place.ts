import type { TypedTask } from "./forms/taskModel.js";
import type { NewRunForm } from "./newRunModel.js";

/** State of a project panel, saved with the layout of the page. */
export interface ProjectPlace {
  /** Id of the panel, kept when the page is reloaded. */
  id: string;
  /** Whether the form of a new run is shown. */
  form: boolean;
  /** What is typed into it. */
  typed: Partial<NewRunForm>;
  /** What is typed into the form of a task; missing while none is open. */
  task?: TypedTask | undefined;
  /** Folder of the run that is shown in detail. */
  selected?: string | undefined;
  /** Folder in which files are chosen first; empty: the root of the server. */
  cwd: string;
}
