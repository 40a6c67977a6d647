import type { JupyterFrontEnd } from "@jupyterlab/application";
import { Clipboard } from "@jupyterlab/apputils";
import type { IDocumentManager } from "@jupyterlab/docmanager";
import { FileDialog } from "@jupyterlab/filebrowser";
import type { INotebookTracker } from "@jupyterlab/notebook";
import { Signal } from "@lumino/signaling";
import { Widget } from "@lumino/widgets";
import { html, nothing } from "lit/html.js";
import "../../style/buttons.css";
import "../../style/project.css";
import { button } from "../controls.js";
import { mount, ViewModel } from "../view.js";
import { CompareModel } from "./compare/compareModel.js";
import { comparePage } from "./compare/comparePage.js";
import { type ChosenPath, TaskModel, type TaskServices } from "./forms/taskModel.js";
import { taskPage } from "./forms/taskPage.js";
import { type FileField, NewRunModel, type NewRunServices } from "./newRunModel.js";
import { newRunPage } from "./newRunPage.js";
import type { ProjectPlace } from "./place.js";
import { ProjectKernel } from "./projectKernel.js";
import { type ListedRun, RunsModel, type RunsServices } from "./runsModel.js";
import { type RunForms, runsPage } from "./runsPage.js";

/** The parts of JupyterLab that the panel uses. */
export interface PanelParts {
  app: JupyterFrontEnd;
  documents: IDocumentManager;
  notebooks: INotebookTracker | null;
}

/** What the file fields of a new run take. */
const paths: Readonly<Record<FileField, ChosenPath>> = {
  particles: { label: "particles", isFolder: false, endings: ["star", "cs", "csg", "lst", "hdf"] },
  map: { label: "a consensus map", isFolder: false, endings: ["mrc", "map", "ccp4", "hdf"] },
  model: { label: "a Gaussian model", isFolder: false, endings: ["txt"] },
  mask: { label: "a mask", isFolder: false, endings: ["mrc", "map", "ccp4", "hdf"] },
  select: { label: "the particles of a set", isFolder: false, endings: ["txt", "star", "cs", "csg"] },
  template: { label: "a template", isFolder: false },
  out: { label: "the folder around the run", isFolder: true },
  from: { label: "the folder of a run", isFolder: true },
};

/** The parts of the panel as one model, so that one template shows them. */
class ProjectModel extends ViewModel {
  constructor(
    readonly newRun: NewRunModel,
    readonly task: TaskModel,
    readonly runs: RunsModel,
    readonly compare: CompareModel,
    public isForm: boolean,
  ) {
    super();
    for (const part of [newRun, task, runs, compare]) part.stateChanged.connect(() => this.changed());
  }

  override dispose(): void {
    this.newRun.dispose();
    this.task.dispose();
    this.runs.dispose();
    this.compare.dispose();
    super.dispose();
  }
}

/** The panel: the form of a new run or of another task, and the runs of the project with what is made of them. */
export class ProjectPanel extends Widget {
  /** Emitted when its place has changed. */
  readonly moved = new Signal<this, void>(this);
  private readonly kernel: ProjectKernel;
  private readonly model: ProjectModel;

  constructor(
    private readonly parts: PanelParts,
    private readonly start: ProjectPlace,
  ) {
    super();
    this.addClass("e2gmm-project");
    this.node.tabIndex = -1;
    this.title.label = start.form ? "New run" : "Project";
    this.kernel = new ProjectKernel(parts.app);
    const services = this.services();
    const runs = new RunsModel(
      services,
      start.selected,
      () => newRun.machine?.root.replace(/\/$/, ""),
      () => this.moved.emit(undefined),
    );
    const started = (output: string) => void runs.select(output).then(() => this.showRuns());
    const isTaken = (name: string) => (runs.runs ?? []).some(({ folder }) => folder === name);
    const newRun: NewRunModel = new NewRunModel(services, start.typed, started, isTaken);
    const task = new TaskModel(services, start.task, () => newRun.machine, started, isTaken);
    this.model = new ProjectModel(newRun, task, runs, new CompareModel(services), start.form);
    // A run that has ended is no longer offered to wait for.
    runs.stateChanged.connect(() => {
      const isOver = (after = "") => {
        const isOpen = ({ folder, state }: ListedRun) =>
          folder === after && (state === "waiting" || state === "running");
        return after !== "" && runs.runs && !runs.runs.some(isOpen);
      };
      if (isOver(newRun.form.after)) newRun.set({ after: "" });
      if (isOver(task.typed?.queue.after)) task.setQueue({ after: "" });
    });
    const saveChanges = <M extends ViewModel>(part: M, typed: (part: M) => unknown) => {
      let saved = typed(part);
      part.stateChanged.connect(() => {
        if (typed(part) === saved) return;
        saved = typed(part);
        this.moved.emit(undefined);
      });
    };
    saveChanges(newRun, ({ form }) => form);
    saveChanges(task, ({ typed }) => typed);
    const view = mount(this.node, this.model, (model) => this.page(model));
    this.disposed.connect(view.dispose);
    void newRun.begin().then(() => runs.look());
  }

  /** State of the panel, saved with the layout. */
  get place(): ProjectPlace {
    const { id, cwd } = this.start;
    const { newRun, task, runs, isForm } = this.model;
    return { id, cwd, form: isForm, typed: newRun.form, task: task.typed, selected: runs.selected };
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.model.dispose();
    this.kernel.dispose();
    Signal.clearData(this);
    super.dispose();
  }

  private page(model: ProjectModel) {
    const { newRun, task, runs, isForm } = model;
    const show = (form: boolean) => {
      model.isForm = form;
      this.title.label = form ? "New run" : "Project";
      if (form) task.close();
      model.changed();
      this.moved.emit(undefined);
    };
    const showForm = () => {
      show(true);
      this.node.scrollTop = 0;
    };
    const showTask = () => {
      show(false);
      this.node.scrollTop = 0;
    };
    const clone = async (run: string, kind: ListedRun["kind"]) => {
      if (kind !== "run" && (await task.take(run))) return showTask();
      const settings = await runs.settingsOf(run);
      if (!settings) return;
      newRun.take(settings);
      showForm();
    };
    const further = (run: string) => {
      newRun.continueFrom(run);
      showForm();
    };
    const begin: RunForms["begin"] = (family, run, kind) => {
      void task.begin(family, run, kind);
      showTask();
    };
    const newRunPart = isForm
      ? [
          newRunPage(newRun, runs.runs ?? []),
          button("Hide the form", "Show the runs only", () => show(false)),
        ]
      : button("New run…", "Show the form of a new run", () => show(true));
    return html`${newRunPart}${taskPage(task, runs.runs ?? [])}${
      runs
        ? runsPage(runs, {
            ...{ clone: (run, kind) => void clone(run, kind), further, begin },
            compare: (first, second) => void model.compare.compare(first, second),
          })
        : nothing
    }${comparePage(model.compare)}`;
  }

  /** Shows what a run does that was started. */
  private showRuns(): void {
    this.node.querySelector(".e2gmm-project-runs")?.scrollIntoView({ block: "start" });
  }

  private services(): NewRunServices & RunsServices & TaskServices {
    const { app, notebooks } = this.parts;
    return {
      ask: (request, options) => this.kernel.ask(request, options),
      choose: (field, near) => this.choose(paths[field], near),
      choosePath: (what, near) => this.choose(what, near),
      copy: (text) => Clipboard.copyToSystem(text),
      explore: async (run) => {
        await app.commands.execute("e2gmm:explore", { folder: run, cwd: "" });
      },
      openFile: async (path) => {
        await app.commands.execute("docmanager:open", { path });
      },
      insertCell: (code) => {
        const notebook = notebooks?.currentWidget;
        const { model } = notebook?.content ?? {};
        if (!notebook || !model || notebook.sessionContext.session?.kernel?.name !== "e2gmm") return false;
        const at = model.cells.length;
        model.sharedModel.insertCell(at, { cell_type: "code", source: code });
        app.shell.activateById(notebook.id);
        notebook.content.activeCellIndex = at;
        void app.commands.execute("notebook:run-cell");
        return true;
      },
    };
  }

  private async choose({ label, isFolder, endings }: ChosenPath, near: string): Promise<string | undefined> {
    const { documents, app } = this.parts;
    const { contents } = app.serviceManager;
    const folder = near.split("/").slice(0, -1).join("/") || this.start.cwd;
    const options = { manager: documents, title: `Choose ${label}`, defaultPath: folder };
    const isOffered = (name: string) => endings!.some((ending) => name.toLowerCase().endsWith(`.${ending}`));
    const chosen = isFolder
      ? await FileDialog.getExistingDirectory(options)
      : await FileDialog.getOpenFiles({
          ...options,
          ...(endings && {
            filter: ({ name, type }) => (type === "directory" || isOffered(name) ? {} : null),
          }),
        });
    const [item] = chosen.value ?? [];
    if (!chosen.button.accept || !item) return undefined;
    if (contents.driveName(item.path) !== "" && contents.driveName(item.path) !== "RTC")
      throw new Error(`${item.path} is not on the disk of the kernel's machine`);
    if (!isFolder && item.type === "directory") return undefined;
    return contents.localPath(item.path);
  }
}
