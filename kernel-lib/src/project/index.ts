/** The runs of a project: started as jobs, found again, named. */
export { type ComparedRun, compareRuns as compare, type RunComparison } from "./compareRuns";
export { cellOf, commandOf, type NewRunSettings } from "./newRun";
export { type ProjectRun, type RunState, rename, runs, settingsOf } from "./projectRuns";
export type { SettingDifference } from "./runDifferences";
export { startRun } from "./startRun";
