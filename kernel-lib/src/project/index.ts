/** The runs of a project: started as jobs, found again, named; and what is made of them. */
export { type ComparedRun, compareRuns as compare, type RunComparison } from "./compareRuns";
export { type ExpectedTime, expectedTime } from "./expectedTime";
export { cellOf, commandOf, type NewRunSettings } from "./newRun";
export type { OutputKind } from "./outputs";
export { type ProjectRun, type RunState, rename, runs, settingsOf } from "./projectRuns";
export type { SettingDifference } from "./runDifferences";
export { startRun } from "./startRun";
export { type RunForTasks, runForTasks } from "./tasks/runValues";
export { startTask } from "./tasks/startTask";
export { type TaskSettings, taskCellOf, taskCommandOf } from "./tasks/taskCommand";
export type { TaskName, TaskValue, TaskValues } from "./tasks/taskFields";
export { taskOf } from "./tasks/taskRecord";
