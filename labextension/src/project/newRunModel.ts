import { cellOf, commandOf, type NewRunSettings } from "e2gmm/messages/newRun";
import type { Machine, ProjectResults } from "e2gmm/messages/project";
import { ViewModel } from "../view.js";
import {
  emptyQueue,
  freeName,
  fullPath,
  given,
  nextName,
  numberOf,
  placedQueue,
  type QueueForm,
  queueOf,
  typedQueue,
} from "./forms/queueForm.js";
import type { Same } from "./forms/sameRows.js";
import type { ProjectRequests, RequestProgress } from "./projectKernel.js";

/** Files that can be chosen. */
export type FileField = "particles" | "map" | "model" | "mask" | "out" | "template" | "from" | "select";

/** What is typed into the form; empty text is a default. Saved with the layout of the page. */
export interface NewRunForm extends QueueForm {
  /** Run of which this is a second round; empty: a run of its own. */
  from: string;
  select: string;
  axes: "fixed" | "kept" | "drop";
  particles: string;
  map: string;
  model: string;
  mask: string;
  out: string;
  resolution: string;
  gaussians: string;
  latent: string;
  position: boolean;
  amplitude: boolean;
  width: boolean;
  symmetry: string;
  epochs: string;
  halves: boolean;
}

/** An empty form. */
export const emptyForm: NewRunForm = {
  ...{ from: "", select: "", axes: "fixed" },
  ...{ particles: "", map: "", model: "", mask: "", out: "", resolution: "", gaussians: "", latent: "" },
  ...{ position: true, amplitude: true, width: true, symmetry: "", epochs: "", halves: false },
  ...emptyQueue,
};

/** What JupyterLab does for the form. */
export interface NewRunServices extends ProjectRequests {
  /** Lets the user choose a file or folder. @returns its path below the server's root; undefined if cancelled */
  choose(field: FileField, near: string): Promise<string | undefined>;
  /** Copies text to the clipboard. */
  copy(text: string): void;
}

type Checked = ProjectResults["check"];

/** Number of forms so far: ids of elements are unique in the page. */
let count = 0;

/** The form of a new run: its fields, the check of the files, the command and the cell that do the same, and the start. */
export class NewRunModel extends ViewModel {
  form: NewRunForm;
  machine: Machine | undefined;
  checked: Checked | undefined;
  /** What is being checked; undefined while nothing is. */
  checking: RequestProgress | undefined;
  /** What the run is expected to take, as measured; undefined until it was. */
  expected: ProjectResults["expect"] | undefined;
  /** Whether that is being measured. */
  measuring = false;
  starting = false;
  status = "";
  private readonly number = ++count;
  private stopCheck: AbortController | undefined;
  private outTyped: boolean;

  /**
   * @param begun what was typed before the page was loaded
   * @param started called with the folder of a run that was started
   * @param isTaken whether there is a run of that name
   */
  constructor(
    private readonly services: NewRunServices,
    begun: Partial<NewRunForm>,
    private readonly started: (run: string) => void,
    private readonly isTaken: (run: string) => boolean = () => false,
  ) {
    super();
    this.form = { ...emptyForm, ...begun };
    this.outTyped = this.form.out !== "";
  }

  /** Id of the element with the advice of a field. */
  adviceId(field: string): string {
    return `e2gmm-newRun-${this.number}-${field}`;
  }

  /** Learns about the machine, for defaults and absolute paths. */
  async begin(): Promise<void> {
    try {
      this.machine = await this.services.ask({ kind: "machine" });
      this.changed();
    } catch (error) {
      this.say((error as Error).message);
    }
  }

  /** Changes fields. */
  set(fields: Partial<NewRunForm>): void {
    const files = ["particles", "map", "model", "mask", "symmetry", "resolution"] as const;
    // What was found belongs to the files as they were.
    if (files.some((name) => fields[name] !== undefined && fields[name] !== this.form[name]))
      this.checked = undefined;
    this.expected = undefined;
    if (fields.out !== undefined) this.outTyped = fields.out !== "";
    this.form = { ...this.form, ...fields };
    if (!this.outTyped && (fields.particles ?? fields.from) !== undefined)
      this.form.out = this.form.from ? this.roundName(this.form.from) : besideOf(this.form.particles);
    this.status = "";
    this.changed();
  }

  /** Takes over the settings of another run, for a run beside it. */
  take(settings: NewRunSettings): void {
    const { queue, vary = ["position", "amplitude", "width"], halves = false } = settings;
    const text = (value: string | number | undefined) => (value === undefined ? "" : String(value));
    this.checked = undefined;
    this.expected = undefined;
    this.outTyped = true;
    this.form = {
      ...{ from: text(settings.from), select: text(settings.select), axes: settings.axes ?? "fixed" },
      ...{ particles: text(settings.particles), map: text(settings.map), model: text(settings.model) },
      ...{
        mask: text(settings.mask),
        out: this.freeName(settings.out),
        resolution: text(settings.resolution),
      },
      ...{
        gaussians: text(settings.gaussians),
        latent: text(settings.latent),
        epochs: text(settings.epochs),
      },
      ...{ position: vary.includes("position"), amplitude: vary.includes("amplitude") },
      ...{ width: vary.includes("width"), symmetry: text(settings.symmetry), halves },
      ...typedQueue(queue),
    };
    this.say(`The settings of ${settings.out}; change what is to be another`);
  }

  /** Begins a second round of a run. */
  continueFrom(run: string): void {
    this.outTyped = false;
    this.form = { ...emptyForm };
    this.set({ from: run });
    this.say(
      `A second round of ${run}; what is empty is as in that run, and the number of axes is found anew`,
    );
  }

  /** Lets the user choose a file. */
  async choose(field: FileField): Promise<void> {
    const { form } = this;
    try {
      const chosen = await this.services.choose(field, form[field] || form.particles || form.map);
      if (chosen === undefined) return;
      if (field !== "out") this.set({ [field]: chosen });
      else this.set({ out: [chosen, lastPart(form.out) || "run"].filter(Boolean).join("/") });
    } catch (error) {
      this.say((error as Error).message);
    }
  }

  /** Checks particles and map as a training would. */
  async check(): Promise<void> {
    const { particles, map, model, mask, symmetry } = this.form;
    if (particles === "") {
      this.say("Choose particles first");
      return;
    }
    const stop = new AbortController();
    this.stopCheck?.abort();
    this.stopCheck = stop;
    this.checked = undefined;
    this.checking = { task: "starting", done: 0, total: 0 };
    this.say("");
    try {
      const resolution = numberOf(this.form.resolution, "Resolution");
      const inputs = {
        ...{ particles, ...(map && { map }), ...(model && { model }) },
        ...(mask && { mask }),
        ...(symmetry && { symmetry }),
        ...(resolution !== undefined && { resolution }),
      };
      const onProgress = (progress: RequestProgress) => {
        this.checking = progress;
        this.changed();
      };
      const found = await this.services.ask({ kind: "check", inputs }, { onProgress, signal: stop.signal });
      if (this.stopCheck === stop) this.checked = found;
    } catch (error) {
      if (this.stopCheck === stop) this.status = (error as Error).message;
    } finally {
      if (this.stopCheck === stop) {
        this.checking = undefined;
        this.stopCheck = undefined;
        this.changed();
      }
    }
  }

  /** Measures a step of the training on the machine of the kernel, and estimates what the run takes. */
  async measure(): Promise<void> {
    if (this.measuring) return;
    const { form } = this;
    this.measuring = true;
    this.say("");
    try {
      const found = await this.services.ask({ kind: "expect", settings: this.settings() });
      // It belongs to the settings as they were.
      if (form === this.form) this.expected = found;
    } catch (error) {
      this.status = (error as Error).message;
    } finally {
      this.measuring = false;
      this.changed();
    }
  }

  /** Stops a check. */
  endCheck(): void {
    this.stopCheck?.abort();
  }

  /** The settings of the form, with paths below the server's root. @throws Error for text that is no number */
  settings(): NewRunSettings {
    const { form } = this;
    const { mask, out } = form;
    const kinds = ["position", "amplitude", "width"] as const;
    const vary = kinds.filter((kind) => form[kind]);
    if (vary.length === 0) throw new Error("What may change: tick position, amplitude or width");
    const numbers = {
      resolution: numberOf(form.resolution, "Resolution"),
      gaussians: form.from ? undefined : numberOf(form.gaussians, "Gaussians"),
      latent: numberOf(form.latent, "Latent axes"),
      epochs: numberOf(form.epochs, "Epochs"),
    };
    return {
      ...startOf(form),
      out,
      ...given(numbers),
      ...(vary.length < kinds.length && { vary }),
      ...(mask && { mask }),
      queue: queueOf(form, this.machine?.cpus),
    };
  }

  /** The command and the cell that do the same, with absolute paths; or what is missing. */
  get same(): Same {
    try {
      const settings = this.absolute(this.settings());
      return { command: commandOf(settings), cell: cellOf(settings) };
    } catch (error) {
      return { missing: (error as Error).message };
    }
  }

  /** Copies text to the clipboard. */
  copy(text: string, what: string): void {
    this.services.copy(text);
    this.say(`Copied the ${what}`);
  }

  /** Starts the run. */
  async start(): Promise<void> {
    if (this.starting) return;
    this.starting = true;
    this.say("Starting…");
    try {
      const { run } = await this.services.ask({ kind: "start", settings: this.settings() });
      this.form = { ...this.form, out: this.freeName(run), after: "" };
      this.status = `Started ${run}`;
      this.started(run);
    } catch (error) {
      this.status = (error as Error).message;
    } finally {
      this.starting = false;
      this.changed();
    }
  }

  override dispose(): void {
    this.stopCheck?.abort();
    super.dispose();
  }

  /** Paths as a terminal and a notebook in any folder take them. */
  private absolute(settings: NewRunSettings): NewRunSettings {
    const full = fullPath(this.machine?.root);
    const { particles, map, model, mask, out, queue, from, select } = settings;
    return {
      ...settings,
      out: out && full(out),
      ...(particles && { particles: full(particles) }),
      ...(from && { from: full(from) }),
      ...(select && { select: full(select) }),
      ...(map && { map: full(map) }),
      ...(model && { model: full(model) }),
      ...(mask && { mask: full(mask) }),
      queue: placedQueue(queue, full),
    };
  }

  /** The next name of a series that no run has: `run`, `run_2`, `run_3`. */
  private freeName(name: string): string {
    return freeName(nextName(name), this.isTaken);
  }

  /** `run_round2`, or with the next number that is free. */
  private roundName(from: string): string {
    let number = 2;
    while (this.isTaken(`${from}_round${number}`)) number++;
    return `${from}_round${number}`;
  }

  private say(status: string): void {
    this.status = status;
    this.changed();
  }
}

/** What a run is made of: particles and a map or model, or another run. */
function startOf({ from, select, axes, particles, map, model, symmetry, halves }: NewRunForm) {
  if (from) return { from, ...(select && { select }), ...(axes !== "fixed" && { axes }) };
  return {
    particles,
    // Halves make their own models of their own reconstructions.
    ...(map && !model && !halves && { map }),
    ...(model && { model }),
    ...(symmetry && { symmetry }),
    ...(halves && { halves }),
  };
}

const lastPart = (path: string): string => path.split("/").pop() ?? "";

/** A folder for a run beside a file. */
function besideOf(file: string): string {
  if (file === "") return "";
  const folder = file.split("/").slice(0, -1);
  const stem = lastPart(file).replace(/\.[^.]+$/, "");
  return [...folder, `${stem}_run`].join("/");
}
