import { type ISignal, Signal } from "@lumino/signaling";
import type { OpenExplorer } from "e2gmm/messages/panel";
import type { FoundRun } from "e2gmm/messages/runFolders";
import { ViewModel } from "../view.js";
import type { PanelPlace } from "./place.js";

/** A kernel that can be chosen. */
export interface KernelChoice {
  id: string;
  /** Name of its notebook or session. */
  name: string;
}

/** Runs and explorers of a kernel. */
export interface RunListing {
  /** Working folder of the kernel. */
  folder: string;
  runs: readonly FoundRun[];
  explorers: readonly OpenExplorer[];
}

/** The panel's interface to JupyterLab and kernels. All methods reject with a message for the user. */
export interface PanelServices {
  /** Running kernels of e2gmm. */
  kernels(): Promise<readonly KernelChoice[]>;
  /** Starts a kernel without a notebook. @returns its id */
  startKernel(folder: string): Promise<string>;
  /** Runs and open explorers of a kernel. */
  listRuns(kernel: string): Promise<RunListing>;
  /** Opens an explorer of a run in a kernel. @returns the id of its model */
  openRun(kernel: string, folder: string): Promise<string>;
  /** Shows the view of an explorer in the panel. */
  showExplorer(kernel: string, model: string, folder: string): Promise<void>;
}

/** The panel: first a choice of kernel and run, then the explorer. */
export class PanelModel extends ViewModel {
  /** Kernels that can be chosen. */
  kernels: readonly KernelChoice[] = [];
  /** Id of the chosen kernel. */
  kernel: string | undefined;
  /** Runs of the chosen kernel; undefined until it has answered. */
  listing: RunListing | undefined;
  status = "";
  starting = false;
  /** `waiting`: a message only; `choosing`: kernels and runs; `exploring`: the explorer is shown. */
  stage: "waiting" | "choosing" | "exploring" = "waiting";
  private at: PanelPlace;
  /** Counts attempts, so that answers to abandoned ones are ignored. */
  private attempt = 0;
  private readonly moves = new Signal<this, void>(this);

  constructor(
    private readonly services: PanelServices,
    place: PanelPlace,
  ) {
    super();
    this.at = place;
  }

  /** State of the panel, saved with the layout. */
  get place(): PanelPlace {
    return this.at;
  }

  /** Emitted when the panel shows another explorer. */
  get moved(): ISignal<this, void> {
    return this.moves;
  }

  /** Returns to the explorer that was open before the page was loaded, or offers a choice. */
  async begin(): Promise<void> {
    const { kernel, model, folder } = this.at;
    if (folder !== undefined && model === undefined) {
      await this.openFirst(folder);
      return;
    }
    if (kernel === undefined || model === undefined) {
      await this.choose();
      return;
    }
    this.status = "Looking for the explorer…";
    this.changed();
    try {
      await this.show(kernel, model, folder ?? "");
    } catch (error) {
      await this.choose(`The explorer is no longer available: ${(error as Error).message}`);
    }
  }

  /** Offers the running kernels. @param message shown until the runs are listed */
  async choose(message = ""): Promise<void> {
    const attempt = ++this.attempt;
    const kernels = await this.services.kernels();
    if (attempt !== this.attempt || this.isDisposed) return;
    this.kernels = kernels;
    const chosen = kernels.find(({ id }) => id === this.at.kernel) ?? kernels[0];
    this.kernel = chosen?.id;
    this.listing = undefined;
    this.status = message;
    this.starting = false;
    this.stage = "choosing";
    this.changed();
    if (this.kernel !== undefined) await this.listRuns();
  }

  /** Chooses a kernel and lists its runs. */
  async selectKernel(id: string): Promise<void> {
    this.kernel = id;
    await this.listRuns();
  }

  /** Starts a kernel without a notebook and chooses it. */
  async startKernel(): Promise<void> {
    this.starting = true;
    // The current list belongs to another kernel
    ++this.attempt;
    this.listing = undefined;
    this.status = "Starting a kernel…";
    this.changed();
    try {
      this.at = { ...this.at, kernel: await this.services.startKernel(this.at.cwd) };
      await this.choose();
    } catch (error) {
      this.starting = false;
      if (this.kernel !== undefined) await this.listRuns();
      this.say(`No kernel could be started: ${(error as Error).message}`);
    }
  }

  /** Opens an explorer of a run of the chosen kernel and shows it. */
  async open(folder: string): Promise<void> {
    const { kernel } = this;
    if (kernel === undefined) return;
    this.say(`Opening ${folder}…`);
    try {
      await this.show(kernel, await this.services.openRun(kernel, folder), folder);
    } catch (error) {
      this.say((error as Error).message);
    }
  }

  /** Shows an explorer that is open in the chosen kernel. */
  async resume({ model, folder }: OpenExplorer): Promise<void> {
    if (this.kernel !== undefined) await this.showOrChoose(this.kernel, model, folder);
  }

  /** Shows the explorer again after its view was closed with its notebook. */
  async reopen(): Promise<void> {
    const { kernel, model, folder } = this.at;
    if (kernel !== undefined && model !== undefined) await this.showOrChoose(kernel, model, folder ?? "");
  }

  override dispose(): void {
    super.dispose();
    Signal.clearData(this);
  }

  /**
   * Opens the explorer of a run that the panel was asked for, in a kernel of its own if it was given none. Runs are listed only
   * where that fails: a kernel searches all of its folder for them.
   */
  private async openFirst(folder: string): Promise<void> {
    let problem = (error: Error) => `No kernel could be started: ${error.message}`;
    try {
      this.starting = this.at.kernel === undefined;
      this.say(this.starting ? "Starting a kernel…" : `Opening ${folder}…`);
      const kernel = this.at.kernel ?? (await this.services.startKernel(this.at.cwd));
      this.at = { ...this.at, kernel };
      this.kernel = kernel;
      this.starting = false;
      this.say(`Opening ${folder}…`);
      problem = ({ message }) => message;
      await this.show(kernel, await this.services.openRun(kernel, folder), folder);
    } catch (error) {
      await this.choose();
      this.say(problem(error as Error));
    }
  }

  private async showOrChoose(kernel: string, model: string, folder: string): Promise<void> {
    try {
      await this.show(kernel, model, folder);
    } catch (error) {
      await this.choose((error as Error).message);
    }
  }

  private async show(kernel: string, model: string, folder: string): Promise<void> {
    ++this.attempt;
    await this.services.showExplorer(kernel, model, folder);
    this.stage = "exploring";
    this.at = { ...this.at, kernel, model, folder };
    this.changed();
    this.moves.emit(undefined);
  }

  private async listRuns(): Promise<void> {
    const { kernel } = this;
    if (kernel === undefined) return;
    const attempt = ++this.attempt;
    this.listing = undefined;
    this.say("Listing the runs of the kernel; a busy kernel answers after its cell has finished…");
    try {
      const listing = await this.services.listRuns(kernel);
      if (attempt !== this.attempt) return;
      this.listing = listing;
      this.say("");
    } catch (error) {
      if (attempt === this.attempt) this.say((error as Error).message);
    }
  }

  private say(status: string): void {
    this.status = status;
    this.changed();
  }
}
