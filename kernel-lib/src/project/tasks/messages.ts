/** What JupyterLab's forms use of tasks; nothing here needs Node. */
export { taskDescription, taskDescriptions } from "./descriptions";
export { type TaskSettings, taskCellOf, taskCommandOf } from "./taskCommand";
export {
  applies,
  isThere,
  mapPaths,
  type TaskDescription,
  type TaskFamily,
  type TaskField,
  type TaskName,
  type TaskValue,
  type TaskValues,
} from "./taskFields";
