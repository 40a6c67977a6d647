import type { NumberRange } from "../../numberRange";

/*
 * What a form shows and a command takes, described once: JupyterLab renders it, the library checks values and writes commands by it.
 */

/** Value of a field. */
export type TaskValue = string | number | boolean | readonly string[];

/** Values of a task by the names of its fields; what is missing is left to the command. */
export type TaskValues = Readonly<Record<string, TaskValue | undefined>>;

/** When a field applies: while another one has one of these values, or none of them; `""` stands for an empty field. */
export type FieldCondition =
  | { field: string; is: readonly TaskValue[] }
  | { field: string; isNot: readonly TaskValue[] };

interface AnyField {
  /** Name of the value. */
  name: string;
  /** What it is called in forms. */
  label: string;
  /** A sentence of advice; what happens if it is empty. */
  help: string;
  /** Heading under which it stands. */
  group: string;
  /** Option of the command, `argument` for one without a flag. Missing: not given to the command. */
  flag?: `--${string}` | "argument";
  /** Whether a task cannot do without it. */
  required?: true;
  /** All of these have to hold. Default: it always applies. */
  when?: readonly FieldCondition[];
}

/** An existing file or folder, or one that is made. */
export interface PathField extends AnyField {
  kind: "file" | "folder" | "newFile" | "newFolder";
  /** Endings that files may have, without dots. Default: any. */
  endings?: readonly string[];
}

/** A number. */
export interface NumberField extends AnyField {
  kind: "number";
  range: NumberRange;
}

/** Text of one line. */
export interface TextField extends AnyField {
  kind: "text";
  /** What it has to look like, and how that is called. Default: anything. */
  pattern?: { source: string; expected: string };
}

/** One of several. */
export interface ChoiceField extends AnyField {
  kind: "choice";
  /** Value and text; the first is the default. */
  choices: readonly (readonly [value: string, text: string])[];
}

/** Some of several words; none or all: the default of the command. */
export interface WordsField extends AnyField {
  kind: "words";
  words: readonly string[];
}

/** Yes or no; default no. */
export interface TickField extends AnyField {
  kind: "tick";
}

/** The name of a set of particles of the run in the field `run`. */
export interface SetField extends AnyField {
  kind: "set";
}

/** A field of a task's form. */
export type TaskField = PathField | NumberField | TextField | ChoiceField | WordsField | TickField | SetField;

/** A kind of work that is started as a job: its form, and the command that does it. */
export interface TaskDescription {
  name: TaskName;
  /** What it is called. */
  title: string;
  /** Forms that are offered together. */
  family: TaskFamily;
  /** What it does, and when to take it, in a sentence or two. */
  summary: string;
  /** Words of the command. */
  command: readonly string[];
  fields: readonly TaskField[];
  /** How the name of its output ends that is proposed for a run: `<run>_states`. */
  suffix: string;
  /** Whether images can be divided among the tasks of an array. */
  divisible?: true;
}

/** Tasks by name. */
export type TaskName =
  | "states"
  | "correct"
  | "reconstruct"
  | "seeds"
  | "options"
  | "halves"
  | "poses"
  | "rounds";

/** What menus of a run offer. */
export type TaskFamily = "reconstruct" | "study" | "poses";

/** Whether a field applies, given the values of the others. */
export function applies({ when = [] }: TaskField, { fields }: TaskDescription, values: TaskValues): boolean {
  return when.every((condition) => {
    const value = valueIn(fields, values, condition.field);
    return "is" in condition ? condition.is.includes(value) : !condition.isNot.includes(value);
  });
}

/** Value of a field, or what stands for it while it is empty. */
function valueIn(fields: readonly TaskField[], values: TaskValues, name: string): TaskValue {
  const value = values[name];
  if (value !== undefined) return value;
  const field = fields.find((one) => one.name === name);
  if (field?.kind === "choice") return field.choices[0]![0];
  return field?.kind === "tick" ? false : "";
}

/** Whether there is something in a field. */
export const isThere = (value: TaskValue | undefined): value is TaskValue =>
  value !== undefined && value !== "" && value !== false && !(Array.isArray(value) && value.length === 0);

/** Kinds of fields whose values are paths. */
const pathKinds: readonly string[] = ["file", "folder", "newFile", "newFolder"] satisfies PathField["kind"][];

/** Values with other paths. */
export function mapPaths(
  fields: readonly TaskField[],
  values: TaskValues,
  change: (file: string) => string,
): Record<string, TaskValue> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      if (value === undefined) return [];
      const field = fields.find((one) => one.name === name);
      const isPath = field !== undefined && pathKinds.includes(field.kind) && isThere(value);
      return [[name, isPath ? change(String(value)) : value]];
    }),
  );
}
