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
import { type FileField, NewRunModel, type NewRunServices } from "./newRunModel.js";
import { newRunPage } from "./newRunPage.js";
import type { ProjectPlace } from "./place.js";
import { ProjectKernel } from "./projectKernel.js";
import { type ListedRun, RunsModel, type RunsServices } from "./runsModel.js";
import { runsPage } from "./runsPage.js";

/** The parts of JupyterLab that the panel uses. */
export interface PanelParts {
  app: JupyterFrontEnd;
  documents: IDocumentManager;
  notebooks: INotebookTracker | null;
}

/** What a file field takes. */
const endings: Record<Exclude<FileField, "out" | "template" | "from">, RegExp> = {
  particles: /\.(star|cs|csg|lst|hdf)$/i,
  map: /\.(mrc|map|ccp4|hdf)$/i,
  model: /\.txt$/i,
  mask: /\.(mrc|map|ccp4|hdf)$/i,
  select: /\.(txt|star|cs|csg)$/i,
};
const names: Record<FileField, string> = {
  ...{ particles: "particles", map: "a consensus map", model: "a Gaussian model", mask: "a mask" },
  ...{ out: "the folder around the run", template: "a template" },
  ...{ from: "the folder of a run", select: "the particles of a set" },
};

/** Both parts of the panel as one model, so that one template shows them. */
class ProjectModel extends ViewModel {
  constructor(
    readonly newRun: NewRunModel,
    readonly runs: RunsModel,
    readonly compare: CompareModel,
    public isForm: boolean,
  ) {
    super();
    for (const part of [newRun, runs, compare]) part.stateChanged.connect(() => this.changed());
  }

  override dispose(): void {
    this.newRun.dispose();
    this.runs.dispose();
    this.compare.dispose();
    super.dispose();
  }
}

/** The panel: the form of a new run, and the runs of the project. */
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
    const newRun: NewRunModel = new NewRunModel(
      services,
      start.typed,
      (run) => void runs.select(run).then(() => this.showRuns()),
      (name) => (runs.runs ?? []).some(({ folder }) => folder === name),
    );
    this.model = new ProjectModel(newRun, runs, new CompareModel(services), start.form);
    // A run that has ended is no longer offered to wait for.
    runs.stateChanged.connect(() => {
      const { after } = newRun.form;
      const isOpen = ({ folder, state }: ListedRun) =>
        folder === after && (state === "waiting" || state === "running");
      if (after !== "" && runs.runs && !runs.runs.some(isOpen)) newRun.set({ after: "" });
    });
    let saved = newRun.form;
    newRun.stateChanged.connect(() => {
      if (newRun.form === saved) return;
      saved = newRun.form;
      this.moved.emit(undefined);
    });
    const view = mount(this.node, this.model, (model) => this.page(model));
    this.disposed.connect(view.dispose);
    void newRun.begin().then(() => runs.look());
  }

  /** State of the panel, saved with the layout. */
  get place(): ProjectPlace {
    const { id, cwd } = this.start;
    const { newRun, runs, isForm } = this.model;
    return { id, cwd, form: isForm, typed: newRun.form, selected: runs.selected };
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.model.dispose();
    this.kernel.dispose();
    Signal.clearData(this);
    super.dispose();
  }

  private page(model: ProjectModel) {
    const { newRun, runs, isForm } = model;
    const show = (form: boolean) => {
      model.isForm = form;
      this.title.label = form ? "New run" : "Project";
      model.changed();
      this.moved.emit(undefined);
    };
    const clone = async (run: string) => {
      const settings = await runs.settingsOf(run);
      if (!settings) return;
      newRun.take(settings);
      showForm();
    };
    const showForm = () => {
      show(true);
      this.node.scrollTop = 0;
    };
    const further = (run: string) => {
      newRun.continueFrom(run);
      showForm();
    };
    return html`${
      isForm
        ? [
            newRunPage(newRun, runs.runs ?? []),
            button("Hide the form", "Show the runs only", () => show(false)),
          ]
        : button("New run…", "Show the form of a new run", () => show(true))
    }${
      runs
        ? runsPage(runs, {
            ...{ clone: (run) => void clone(run), further },
            compare: (first, second) => void model.compare.compare(first, second),
          })
        : nothing
    }${comparePage(model.compare)}`;
  }

  /** Shows what a run does that was started. */
  private showRuns(): void {
    this.node.querySelector(".e2gmm-project-runs")?.scrollIntoView({ block: "start" });
  }

  private services(): NewRunServices & RunsServices {
    const { app, notebooks } = this.parts;
    return {
      ask: (request, options) => this.kernel.ask(request, options),
      choose: (field, near) => this.choose(field, near),
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

  private async choose(field: FileField, near: string): Promise<string | undefined> {
    const { documents, app } = this.parts;
    const { contents } = app.serviceManager;
    const folder = near.split("/").slice(0, -1).join("/") || this.start.cwd;
    const options = { manager: documents, title: `Choose ${names[field]}`, defaultPath: folder };
    const isFolder = field === "out" || field === "from";
    const ending = isFolder || field === "template" ? undefined : endings[field];
    const chosen = isFolder
      ? await FileDialog.getExistingDirectory(options)
      : await FileDialog.getOpenFiles({
          ...options,
          ...(ending && {
            filter: ({ name, type }) => (type === "directory" || ending.test(name) ? {} : null),
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
