/** The runs of a project: started as jobs, found again, named. */
export { cellOf, commandOf, type NewRunSettings } from "./newRun";
export { type ProjectRun, type RunState, rename, runs, settingsOf } from "./projectRuns";
export { startRun } from "./startRun";
