import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { Kernel, Session } from "@jupyterlab/services";
import { Panel, Widget } from "@lumino/widgets";
import "../../style/buttons.css";
import "../../style/explorer.css";
import { mount } from "../view.js";
import { type KernelAccess, kernelAccess } from "./kernelAccess.js";
import { PanelKernel } from "./panelKernel.js";
import { type KernelChoice, PanelModel, type PanelServices } from "./panelModel.js";
import { panelPage } from "./panelPage.js";
import { kernelSpec, type PanelPlace } from "./place.js";

/** The content of the panel: a choice of kernels and runs, then the explorer. */
export class ExplorerPanel extends Panel implements PanelServices {
  readonly model: PanelModel;
  private readonly page = new Widget();
  private access: KernelAccess | undefined;

  constructor(
    private readonly app: JupyterFrontEnd,
    place: PanelPlace,
  ) {
    super();
    this.model = new PanelModel(this, place);
    this.addClass("e2gmm-explorerPanel");
    this.page.addClass("e2gmm-explorerPanel-message");
    this.addWidget(this.page);
    this.title.label = "Explore run";
    const view = mount(this.page.node, this.model, panelPage);
    this.disposed.connect(view.dispose);
    this.model.stateChanged.connect(() => this.page.setHidden(this.model.stage === "exploring"));
    // The code of the views arrives while the kernel starts or answers; where it cannot be loaded, the view says so
    for (const part of [import("../widgets.js"), import("../plotly.js"), import("ngl")]) part.catch(() => {});
    // Notebooks restored with the page provide their widget managers
    void app.restored.then(() => this.model.begin());
  }

  async kernels(): Promise<KernelChoice[]> {
    const { kernels, sessions } = this.app.serviceManager;
    await Promise.all([kernels.refreshRunning(), sessions.refreshRunning()]).catch(() => {});
    const running = [...sessions.running()];
    return [...kernels.running()]
      .filter(({ name }) => name === kernelSpec)
      .map((kernel) => ({ id: kernel.id, name: kernelName(kernel, running) }));
  }

  async startKernel(folder: string): Promise<string> {
    const { sessions } = this.app.serviceManager;
    const name = "Explorer";
    const path = `${folder === "" ? "" : `${folder}/`}explorer-${Math.random().toString(36).slice(2, 10)}`;
    const session = await sessions.startNew({ name, path, type: "explorer", kernel: { name: kernelSpec } });
    const id = session.kernel?.id;
    // The panel opens its own connection
    session.dispose();
    if (id === undefined) throw new Error("the server did not start it");
    return id;
  }

  async listRuns(kernel: string) {
    return new PanelKernel((await this.connect(kernel)).kernel).runs();
  }

  async openRun(kernel: string, folder: string): Promise<string> {
    return new PanelKernel((await this.connect(kernel)).kernel).open(folder);
  }

  async showExplorer(kernel: string, model: string, folder: string): Promise<void> {
    const access = await this.connect(kernel);
    const view = await access.view(model);
    for (const widget of this.widgets) if (widget !== this.page) widget.dispose();
    this.addWidget(view);
    // The folder, as in Project and in the list of runs: several runs of one data set are told apart by it. The header has both.
    this.title.label = folder.split(/[\\/]/).filter(Boolean).slice(-2).join("/") || "Explore run";
    this.title.caption = `${folder}\n${access.where}`;
    // Closing a notebook closes its views
    access.lost.connect(() => {
      if (this.isDisposed || this.access !== access) return;
      this.access = undefined;
      void this.model.reopen();
    });
  }

  private async connect(kernel: string): Promise<KernelAccess> {
    if (this.access?.kernel.id === kernel && !this.access.kernel.isDisposed) return this.access;
    this.access?.dispose();
    this.access = await kernelAccess(this.app, kernel);
    return this.access;
  }

  override dispose(): void {
    if (this.isDisposed) return;
    super.dispose();
    this.access?.dispose();
    this.model.dispose();
  }
}

function kernelName(kernel: Kernel.IModel, sessions: readonly Session.IModel[]): string {
  const session = sessions.find((one) => one.kernel?.id === kernel.id);
  return session ? session.name || session.path : `kernel ${kernel.id.slice(0, 8)}`;
}
