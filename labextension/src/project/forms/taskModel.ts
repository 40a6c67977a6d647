import type { Machine } from "e2gmm/messages/project";
import {
  applies,
  isThere,
  mapPaths,
  type TaskDescription,
  type TaskFamily,
  type TaskField,
  type TaskName,
  type TaskSettings,
  type TaskValue,
  taskCellOf,
  taskCommandOf,
  taskDescription,
  taskDescriptions,
} from "e2gmm/messages/tasks";
import { ViewModel } from "../../view.js";
import type { ProjectRequests } from "../projectKernel.js";
import {
  emptyQueue,
  freeName,
  fullPath,
  numberOf,
  placedQueue,
  type QueueForm,
  queueOf,
  typedQueue,
} from "./queueForm.js";
import type { Same } from "./sameRows.js";

/** A file or folder that the user is to choose. */
export interface ChosenPath {
  /** What it is called. */
  label: string;
  isFolder: boolean;
  /** Endings without dots. Default: any. */
  endings?: readonly string[];
}

/** What JupyterLab does for the form. */
export interface TaskServices extends ProjectRequests {
  /** Lets the user choose. @returns the path below the server's root; undefined if cancelled */
  choosePath(what: ChosenPath, near: string): Promise<string | undefined>;
  copy(text: string): void;
}

/** What is typed into a form, saved with the layout of the page. */
export interface TypedTask {
  task: TaskName;
  /** By the names of fields; also what belongs to other tasks of the family. */
  values: Record<string, TaskValue>;
  queue: QueueForm;
  parts: string;
}

/** Number of forms so far: ids of elements are unique in the page. */
let count = 0;

/** The form of any task: what its description says. */
export class TaskModel extends ViewModel {
  /** Undefined while no form is open. */
  typed: TypedTask | undefined;
  /** Sets of the run. */
  sets: readonly string[] = [];
  starting = false;
  status = "";
  private readonly number = ++count;
  private outTyped = false;
  /** What the run says: fields begin with it, of tasks that do not take it from the run themselves. */
  private runValues: Record<string, TaskValue> = {};

  /**
   * @param begun   what was typed before the page was loaded
   * @param machine the machine of the kernel, once it is known
   * @param started called with the output of a task that was started
   * @param isTaken whether there is an output of that name
   */
  constructor(
    private readonly services: TaskServices,
    begun: TypedTask | undefined,
    readonly machine: () => Machine | undefined,
    private readonly started: (output: string) => void,
    private readonly isTaken: (output: string) => boolean = () => false,
  ) {
    super();
    this.typed = begun;
    this.outTyped = begun !== undefined;
    if (begun) void this.readRun(text(begun.values["run"]), "sets");
  }

  /** Description of what is shown. */
  get description(): TaskDescription | undefined {
    return this.typed && taskDescription(this.typed.task);
  }

  /** Tasks that are offered together with this one. */
  get family(): readonly TaskDescription[] {
    const { description } = this;
    return taskDescriptions.filter(({ family }) => family === description?.family);
  }

  /** Id of the element with the advice of a field. */
  adviceId(field: string): string {
    return `e2gmm-task-${this.number}-${field}`;
  }

  /** Opens a form for a run, or for a study of halves, of which only the state of all particles is made. */
  async begin(family: TaskFamily, run: string, kind: "run" | "study" = "run"): Promise<void> {
    const task = kind === "study" ? "correct" : taskDescriptions.find((one) => one.family === family)!.name;
    this.outTyped = false;
    this.sets = [];
    this.runValues = {};
    this.typed = { task, values: { run }, queue: { ...emptyQueue }, parts: "" };
    this.propose();
    this.say("");
    if (kind === "run") await this.readRun(run, "begin");
  }

  /** Opens a form with the settings of an output that was made by one. @returns whether it was */
  async take(output: string): Promise<boolean> {
    try {
      const { task, values, queue } = await this.services.ask({ kind: "taskSettings", output });
      const kept = Object.entries(values).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const],
      );
      this.outTyped = true;
      this.sets = [];
      this.runValues = {};
      const out = freeName(text(values["out"]), this.isTaken);
      this.typed = {
        ...{ task, values: { ...Object.fromEntries(kept), out } },
        ...{ queue: typedQueue(queue), parts: text(queue.parts) },
      };
      this.say(`The settings of ${output}; change what is to be another`);
      await this.readRun(text(values["run"]), "sets");
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    this.typed = undefined;
    this.changed();
  }

  /** Shows the form of another task of the family. */
  setTask(task: TaskName): void {
    this.change({ task });
    this.propose();
    this.changed();
  }

  /** Changes a value. */
  set(name: string, value: TaskValue): void {
    if (!this.typed) return;
    if (name === "out") this.outTyped = value !== "";
    this.change({ values: { ...this.typed.values, [name]: value } });
    if (name === "run" || name === "particles") this.propose();
    if (name === "run") void this.readRun(text(value), "change");
  }

  setQueue(fields: Partial<QueueForm>): void {
    if (this.typed) this.change({ queue: { ...this.typed.queue, ...fields } });
  }

  setParts(parts: string): void {
    this.change({ parts });
  }

  /** Fields that apply now. */
  get fields(): readonly TaskField[] {
    const { description, typed } = this;
    if (!description || !typed) return [];
    return description.fields.filter((field) => applies(field, description, this.entered(description)));
  }

  /** The settings of the form, with paths below the server's root. @throws Error for text that is no number */
  settings(): TaskSettings {
    const { description, typed } = this;
    if (!description || !typed) throw new Error("No form is open");
    const values: Record<string, TaskValue> = {};
    for (const field of this.fields) {
      const value = typed.values[field.name];
      if (!isThere(value)) continue;
      const number = field.kind === "number" ? numberOf(String(value), field.label) : undefined;
      const isAll = field.kind === "words" && (value as readonly string[]).length === field.words.length;
      if (!isAll) values[field.name] = number ?? value;
    }
    const parts = description.divisible ? numberOf(typed.parts, "Parts") : undefined;
    const queue = queueOf(typed.queue, this.machine()?.cpus);
    return { task: typed.task, values, queue: { ...queue, ...(parts !== undefined && { parts }) } };
  }

  /** The command and the cell that do the same, with absolute paths; or what is missing. */
  get same(): Same {
    try {
      const { task, values, queue } = this.settings();
      const full = fullPath(this.machine()?.root);
      const placed: TaskSettings = {
        ...{ task, values: mapPaths(taskDescription(task).fields, values, full) },
        queue: placedQueue(queue, full),
      };
      return { command: taskCommandOf(placed), cell: taskCellOf(placed) };
    } catch (error) {
      return { missing: (error as Error).message };
    }
  }

  copy(content: string, what: string): void {
    this.services.copy(content);
    this.say(`Copied the ${what}`);
  }

  /** Lets the user choose a file. */
  async choose(field: TaskField): Promise<void> {
    const { kind, label, name } = field;
    if (!this.typed || !("kind" in field)) return;
    const isNew = kind === "newFile" || kind === "newFolder";
    const endings = kind === "file" && field.endings;
    try {
      const near = text(this.typed.values[name]) || text(this.typed.values["run"]);
      const isFolder = isNew || kind === "folder";
      const what = isNew ? `the folder around the ${label.toLowerCase()}` : label;
      const chosen = await this.services.choosePath(
        { label: what, isFolder, ...(endings && { endings }) },
        near,
      );
      if (chosen === undefined) return;
      const last = text(this.typed.values[name]).split("/").pop();
      this.set(name, isNew ? [chosen, last].filter(Boolean).join("/") : chosen);
    } catch (error) {
      this.say((error as Error).message);
    }
  }

  /** Lets the user choose the template of a queue. */
  async chooseTemplate(): Promise<void> {
    try {
      const near = this.typed?.queue.template ?? "";
      const template = await this.services.choosePath({ label: "a template", isFolder: false }, near);
      if (template !== undefined) this.setQueue({ template });
    } catch (error) {
      this.say((error as Error).message);
    }
  }

  /** Starts the task. */
  async start(): Promise<void> {
    if (this.starting || !this.typed) return;
    this.starting = true;
    this.say("Starting…");
    try {
      const { output } = await this.services.ask({ kind: "startTask", settings: this.settings() });
      // Its own name is taken now, though not listed yet.
      const out = freeName(output, (name) => name === output || this.isTaken(name));
      this.change({ values: { ...this.typed.values, out }, queue: { ...this.typed.queue, after: "" } });
      this.status = `Started ${output}`;
      this.started(output);
    } catch (error) {
      this.status = (error as Error).message;
    } finally {
      this.starting = false;
      this.changed();
    }
  }

  /**
   * Takes over what a run says: as the form begins, or as another run is typed, in place of what the one before said; or only the
   * names of its sets.
   */
  private async readRun(run: string, takes: "begin" | "change" | "sets"): Promise<void> {
    if (run === "") return;
    try {
      const found = await this.services.ask({ kind: "runForTasks", run });
      if (!this.typed || text(this.typed.values["run"]) !== run) return;
      this.sets = found.sets;
      if (takes !== "sets") {
        this.forgetRun();
        const values = Object.entries(found.values).filter(
          ([name, value]) => name !== "run" && isThere(value),
        );
        this.runValues = Object.fromEntries(values) as Record<string, TaskValue>;
        this.propose();
      }
      this.changed();
    } catch (error) {
      // A name that is being typed is that of no run yet
      if (takes === "begin") this.say((error as Error).message);
    }
  }

  /** Empties the fields that have what a run said, so that another one can fill them: particles of one do not fit the sets of another. */
  private forgetRun(): void {
    if (!this.typed) return;
    const { runValues } = this;
    const own = Object.entries(this.typed.values).filter(([name, value]) => {
      const said = runValues[name];
      return said === undefined || asText(said) !== value;
    });
    this.typed = { ...this.typed, values: Object.fromEntries(own) };
  }

  /** Values as they are entered: numbers are text, which stands for a value. */
  private entered({ fields }: TaskDescription): Record<string, TaskValue> {
    const { values } = this.typed!;
    return Object.fromEntries(
      fields.flatMap(({ name }) => (isThere(values[name]) ? [[name, values[name]!]] : [])),
    );
  }

  /** Values of the run where nothing is typed, and a name of the output that is free. */
  private propose(): void {
    const { description, typed } = this;
    if (!description || !typed) return;
    const run = description.fields.find(({ name }) => name === "run");
    const values = { ...typed.values };
    if (run?.flag === undefined)
      for (const [name, value] of Object.entries(this.runValues)) values[name] ??= asText(value);
    const from = text(values["run"]) || text(values["particles"]).replace(/\.[^./]+$/, "");
    if (!this.outTyped && from !== "") {
      const ending = /\.(cs|csg|lst|hdf)$/.exec(
        text(values["particles"]) || text(this.runValues["particles"]),
      );
      const name = `${from}${description.suffix}`.replace(/\.star$/, ending?.[0] ?? ".star");
      values["out"] = freeName(name, this.isTaken);
    }
    this.typed = { ...typed, values };
  }

  private change(fields: Partial<TypedTask>): void {
    if (!this.typed) return;
    this.typed = { ...this.typed, ...fields };
    this.status = "";
    this.changed();
  }

  private say(status: string): void {
    this.status = status;
    this.changed();
  }
}

const text = (value: TaskValue | undefined): string => (value === undefined ? "" : String(value));

/** Numbers are typed. */
const asText = (value: TaskValue): TaskValue => (typeof value === "number" ? String(value) : value);
