import { InputError } from "../../errors";
import { correctTask, reconstructTask, statesTask } from "./mapTasks";
import { posesTask, roundsTask } from "./poseTasks";
import { halvesTask, optionsTask, seedsTask } from "./studyTasks";
import type { TaskDescription } from "./taskFields";

/** All tasks, in the order in which forms offer them. */
export const taskDescriptions: readonly TaskDescription[] = [
  ...[statesTask, correctTask, reconstructTask],
  ...[halvesTask, seedsTask, optionsTask],
  ...[posesTask, roundsTask],
];

/** The description of a task. @throws InputError for an unknown name */
export function taskDescription(name: string): TaskDescription {
  const found = taskDescriptions.find((one) => one.name === name);
  if (found) return found;
  throw new InputError("task", taskDescriptions.map((one) => one.name).join(", "), JSON.stringify(name));
}
