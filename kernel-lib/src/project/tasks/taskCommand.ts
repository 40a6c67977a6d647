import { InputError } from "../../errors";
import type { QueueSettings } from "../../jobs/queueSettings";
import { typedCommand } from "../../jobs/typedCommand";
import { describeRange, inRange } from "../../numberRange";
import { commandOption, literal, queueWords } from "../writtenSettings";
import { taskDescription } from "./descriptions";
import {
  applies,
  isThere,
  type PathField,
  type TaskDescription,
  type TaskField,
  type TaskName,
  type TaskValue,
  type TaskValues,
} from "./taskFields";

/*
 * A task as the window, the command line and a notebook describe it. Nothing here needs Node: JupyterLab's pages use it too.
 */

/** A reconstruction, study or refinement of poses that is started as a job. */
export interface TaskSettings {
  /** What is done. */
  task: TaskName;
  /** Values by the names of its fields, of which every one applies; what is missing is left to the command. Paths are relative to the working folder. */
  values: TaskValues;
  /** Where it is computed. */
  queue: Omit<QueueSettings, "onPreview" | "atATime">;
}

/**
 * Checks values as far as that can be done without files.
 * @throws InputError for values that are missing, out of range, or of fields that do not apply
 */
export function requireTask({ task, values, queue }: TaskSettings): TaskDescription {
  const description = taskDescription(task);
  const known = description.fields.map(({ name }) => name);
  const unknown = Object.keys(values).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new InputError(unknown, `a value of ${task}: ${known.join(", ")}`);
  if (!queue?.queue)
    throw new InputError("queue", "where it is computed: local, slurm or a template", "none");
  if (queue.parts !== undefined && queue.parts !== 1 && !description.divisible)
    throw new InputError("parts", "none, since this is not divided by images", `${queue.parts}`);
  for (const field of description.fields) {
    const value = values[field.name];
    const isGiven = isThere(value);
    if (!applies(field, description, values)) {
      if (isGiven) throw new InputError(field.name, "none beside the other values", String(value));
    } else if (isGiven) requireValue(field, value);
    else if (field.required) throw new InputError(field.label, "a value", "none");
  }
  return description;
}

function requireValue(field: TaskField, value: TaskValue): void {
  const refuse = (expected: string): never => {
    throw new InputError(field.label, expected, JSON.stringify(value));
  };
  switch (field.kind) {
    case "number":
      if (typeof value !== "number" || !inRange(value, field.range)) refuse(describeRange(field.range));
      return;
    case "tick":
      if (typeof value !== "boolean") refuse("true or false");
      return;
    case "choice":
      if (!field.choices.some(([of]) => of === value)) refuse(field.choices.map(([of]) => of).join(", "));
      return;
    case "words":
      if (!Array.isArray(value) || !value.every((word) => field.words.includes(word as string)))
        refuse(field.words.join(", "));
      return;
    default:
      if (typeof value !== "string" || /[\r\n]/.test(value)) refuse("one line of text");
  }
  if (field.kind === "text" && field.pattern && !new RegExp(field.pattern.source).test(String(value)))
    refuse(field.pattern.expected);
  if (field.kind === "file" || field.kind === "newFile") requireEnding(field, String(value));
}

function requireEnding({ label, endings }: PathField, file: string): void {
  if (!endings || endings.some((ending) => file.toLowerCase().endsWith(`.${ending}`))) return;
  throw new InputError(
    label,
    `a name that ends in ${endings.map((ending) => `.${ending}`).join(", ")}`,
    file,
  );
}

/** List of the particles of a set, beside the output. */
export const setListOf = (out: string): string =>
  `${out.replace(/(?<=.)\/+$/, "").replace(/\.(mrc|map|ccp4)$/i, "")}_particles.txt`;

/**
 * The commands that do a task, without where they are queued: the last one does it; one before it lists the particles of a set.
 * @returns the arguments of each
 * @throws InputError for values that are missing, out of range, or of fields that do not apply
 */
export function taskSteps(settings: TaskSettings): string[][] {
  const { command, fields } = requireTask(settings);
  const { values } = settings;
  const given = fields.filter(({ name }) => isThere(values[name]));
  const words = given.flatMap((field) => wordsOf(field, values[field.name]!));
  const { set, run, out } = values;
  if (!given.some(({ kind }) => kind === "set")) return [[...command, ...words]];
  if (!run) throw new InputError("run", "the run of the set", "none");
  const list = setListOf(String(out));
  return [
    ["sets", String(run), ...commandOption("--set", String(set)), ...commandOption("--out", list)],
    [...command, ...words, ...commandOption("--select", list)],
  ];
}

function wordsOf({ kind, flag, name }: TaskField, value: TaskValue): string[] {
  if (flag === undefined) return [];
  if (flag === "argument") return [String(value)];
  if (kind === "tick") return [flag];
  if (kind === "words") return commandOption(flag, (value as readonly string[]).join(","));
  if (name !== "z") return commandOption(flag, value as string | number);
  return String(value)
    .split(";")
    .filter((point) => point.trim() !== "")
    .flatMap((point) => commandOption(flag, point.replaceAll(/\s/g, "")));
}

/**
 * The commands that do a task, one a line, as they are typed into a shell.
 * @throws InputError for values that are missing, out of range, or of fields that do not apply
 * @example
 * ```ts
 * const values = { run: "RUN", chosen: "clusters", clusters: 4, out: "states" };
 * console.log(e2.project.taskCommandOf({ task: "states", values, queue: { queue: "local" } }));
 * ```
 */
export function taskCommandOf(settings: TaskSettings): string {
  const steps = taskSteps(settings);
  const { after = [], parts } = settings.queue;
  const queued = [...queueWords(settings.queue, after), ...commandOption("--queue-parts", parts)];
  return steps
    .map((step, s) => typedCommand(s === steps.length - 1 ? [...step, ...queued] : step))
    .join("\n");
}

/**
 * The cell of a notebook that does a task.
 * @throws InputError for values that are missing, out of range, or of fields that do not apply
 * @example
 * ```ts
 * const values = { run: "RUN", out: "RUN_corrected.mrc" };
 * console.log(e2.project.taskCellOf({ task: "correct", values, queue: { queue: "slurm", cpus: 8 } }));
 * ```
 */
export function taskCellOf(settings: TaskSettings): string {
  requireTask(settings);
  return `import * as e2 from "e2gmm";\nawait e2.project.startTask(${literal(settings, "")});`;
}
