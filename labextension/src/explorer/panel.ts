import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { Kernel, Session } from "@jupyterlab/services";
import { type ISignal, Signal } from "@lumino/signaling";
import { Panel, Widget } from "@lumino/widgets";
import type { OpenExplorer } from "e2gmm/messages/panel";
import type { FoundRun } from "e2gmm/messages/runFolders";
import "../../style/buttons.css";
import "../../style/explorer.css";
import { button, element, labelled } from "../dom.js";
import { type KernelAccess, kernelAccess } from "./kernelAccess.js";
import { PanelKernel } from "./panelKernel.js";
import { kernelSpec, type PanelPlace } from "./place.js";

/** The content of the panel: a choice of kernels and runs, then the explorer. */
export class ExplorerPanel extends Panel {
  private readonly page = new Widget({ node: element("div", { class: "e2gmm-explorerPanel-message" }) });
  private readonly moves = new Signal<this, void>(this);
  private access: KernelAccess | undefined;
  private at: PanelPlace;
  /** Counts attempts, so that an answer to one that was given up is not shown. */
  private attempt = 0;

  constructor(
    private readonly app: JupyterFrontEnd,
    place: PanelPlace,
  ) {
    super();
    this.at = place;
    this.addClass("e2gmm-explorerPanel");
    this.addWidget(this.page);
    this.title.label = "Explore run";
    void this.begin();
  }

  get place(): PanelPlace {
    return this.at;
  }

  /** Emitted when the panel is at another place. */
  get moved(): ISignal<this, void> {
    return this.moves;
  }

  private async begin(): Promise<void> {
    // Notebooks that come back with the page bring their managers of widgets
    await this.app.restored;
    const { kernel, model, folder } = this.at;
    if (kernel === undefined || model === undefined) {
      await this.choose();
      return;
    }
    this.say("Looking for the explorer…");
    try {
      await this.showExplorer(kernel, model, folder ?? "");
    } catch (error) {
      await this.choose(`The explorer that was here is gone: ${(error as Error).message}`);
    }
  }

  private say(...content: (Node | string)[]): void {
    this.page.node.replaceChildren(...content);
    this.page.show();
  }

  private moveTo(place: PanelPlace): void {
    this.at = place;
    this.moves.emit(undefined);
  }

  // --- Choosing

  private async choose(notice = ""): Promise<void> {
    const attempt = ++this.attempt;
    const services = this.app.serviceManager;
    await Promise.all([services.kernels.refreshRunning(), services.sessions.refreshRunning()]).catch(
      () => {},
    );
    if (attempt !== this.attempt) return;
    const sessions = [...services.sessions.running()];
    const kernels = [...services.kernels.running()].filter(({ name }) => name === kernelSpec);
    const choice = element("select", { "aria-label": "Kernel" });
    for (const kernel of kernels) {
      choice.append(element("option", { value: kernel.id }, kernelName(kernel, sessions)));
    }
    const status = element("p", { role: "status" }, notice);
    const runs = element("div", {});
    const list = () => void this.listRuns(choice.value, runs, status);
    choice.addEventListener("change", list);
    if (this.at.kernel !== undefined && kernels.some(({ id }) => id === this.at.kernel)) {
      choice.value = this.at.kernel;
    }
    const start = button("Start a kernel", "Start a kernel without a notebook", async () => {
      start.disabled = true;
      // What is listed is of another kernel, and goes when this one is there
      ++this.attempt;
      runs.replaceChildren();
      status.textContent = "Starting a kernel…";
      try {
        const id = await this.startKernel();
        this.at = { ...this.at, kernel: id };
        await this.choose();
      } catch (error) {
        start.disabled = false;
        if (kernels.length > 0) await this.listRuns(choice.value, runs, status);
        status.textContent = `No kernel could be started: ${(error as Error).message}`;
      }
    });
    this.say(
      element("h2", {}, "Explore a run"),
      element(
        "p",
        {},
        kernels.length > 0
          ? "The explorer lives in a running kernel, where its sets and maps can be used in cells too."
          : "No kernel of e2gmm is running.",
      ),
      element(
        "p",
        { class: "e2gmm-explorerPanel-kernel" },
        ...(kernels.length > 0
          ? [labelled("Kernel", choice), button("Refresh", "Look again", () => void this.choose())]
          : []),
        start,
      ),
      runs,
      status,
    );
    if (kernels.length > 0) list();
  }

  private async startKernel(): Promise<string> {
    const { sessions } = this.app.serviceManager;
    const name = "Explorer";
    const folder = this.at.cwd === "" ? "" : `${this.at.cwd}/`;
    const path = `${folder}explorer-${Math.random().toString(36).slice(2, 10)}`;
    const session = await sessions.startNew({ name, path, type: "explorer", kernel: { name: kernelSpec } });
    const id = session.kernel?.id;
    // The panel makes a connection of its own
    session.dispose();
    if (id === undefined) throw new Error("the server started none");
    return id;
  }

  private async listRuns(kernel: string, into: HTMLElement, status: HTMLElement): Promise<void> {
    const attempt = ++this.attempt;
    into.replaceChildren();
    status.textContent =
      "Asking the kernel for its runs; a kernel that computes answers when the cell has ended…";
    try {
      const asked = await this.ask(kernel);
      const { folder, runs, explorers } = await asked.runs();
      if (attempt !== this.attempt) return;
      status.textContent = "";
      into.replaceChildren(
        ...(explorers.length > 0 ? [this.explorerList(kernel, explorers)] : []),
        this.runList(kernel, folder, runs, status),
      );
    } catch (error) {
      if (attempt === this.attempt) status.textContent = (error as Error).message;
    }
  }

  private explorerList(kernel: string, explorers: readonly OpenExplorer[]): HTMLElement {
    const items = explorers.map(({ model, folder }) =>
      element(
        "li",
        {},
        button(folder, "Show this explorer", () => {
          this.showExplorer(kernel, model, folder).catch((error: Error) => void this.choose(error.message));
        }),
      ),
    );
    return element("section", {}, element("h3", {}, "Open in this kernel"), element("ul", {}, ...items));
  }

  private runList(
    kernel: string,
    folder: string,
    runs: readonly FoundRun[],
    status: HTMLElement,
  ): HTMLElement {
    const open = async (run: string) => {
      status.textContent = `Opening ${run}…`;
      try {
        const asked = await this.ask(kernel);
        await this.showExplorer(kernel, await asked.open(run), run);
      } catch (error) {
        status.textContent = (error as Error).message;
      }
    };
    const items = runs.map((run) => {
      const made = button(run.folder, "Open the explorer of this run", () => void open(run.folder));
      made.disabled = !run.usable;
      return element("li", {}, made, " ", run.about);
    });
    const path = element("input", {
      type: "text",
      size: 48,
      spellcheck: "false",
      placeholder: "another run folder",
    });
    const form = element(
      "form",
      {},
      labelled("Folder", path),
      element("button", { type: "submit", class: "jp-Button jp-mod-styled" }, "Open"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (path.value.trim() !== "") void open(path.value.trim());
    });
    return element(
      "section",
      {},
      element("h3", {}, "Runs below ", element("code", {}, folder)),
      items.length > 0 ? element("ul", {}, ...items) : element("p", {}, "None was found."),
      form,
    );
  }

  // --- The kernel

  private async reach(kernel: string): Promise<KernelAccess> {
    if (this.access?.kernel.id === kernel && !this.access.kernel.isDisposed) return this.access;
    this.access?.dispose();
    this.access = await kernelAccess(this.app, kernel);
    return this.access;
  }

  private async ask(kernel: string): Promise<PanelKernel> {
    const { kernel: connection } = await this.reach(kernel);
    return new PanelKernel(connection);
  }

  /** Shows the explorer of a model in place of the choice. */
  private async showExplorer(kernel: string, model: string, folder: string): Promise<void> {
    ++this.attempt;
    const access = await this.reach(kernel);
    const view = await access.view(model);
    for (const widget of this.widgets) if (widget !== this.page) widget.dispose();
    this.page.hide();
    this.addWidget(view);
    this.title.label = folder.split(/[\\/]/).filter(Boolean).slice(-2).join("/") || "Explore run";
    this.title.caption = `${folder}\n${access.where}`;
    this.moveTo({ ...this.at, kernel, model, folder });
    // A notebook that is closed takes its views along
    access.lost.connect(() => {
      if (this.isDisposed || this.access !== access) return;
      this.access = undefined;
      this.showExplorer(kernel, model, folder).catch((error: Error) => void this.choose(error.message));
    });
  }

  override dispose(): void {
    if (this.isDisposed) return;
    super.dispose();
    this.access?.dispose();
    Signal.clearData(this);
  }
}

function kernelName(kernel: Kernel.IModel, sessions: readonly Session.IModel[]): string {
  const session = sessions.find((one) => one.kernel?.id === kernel.id);
  return session ? session.name || session.path : `kernel ${kernel.id.slice(0, 8)}`;
}
