import {
  DOMWidgetModel,
  type DOMWidgetView,
  type ISerializers,
  unpack_models,
  type WidgetModel,
} from "@jupyter-widgets/base";
import { Widget } from "@lumino/widgets";
import type { Clustering } from "e2gmm/messages/clusterings";
import type { ExplorerRequest, RunState, SetState, TrainingState } from "e2gmm/messages/explorer";
import "../../style/explorer.css";
import { button, element } from "../dom.js";
import { FreedView } from "../freedView.js";
import { KernelWatch, kernelGoneText } from "../kernelGone.js";
import { widgetModule, widgetModuleVersion } from "../module.js";
import { Requests } from "../requests.js";
import { fscCurves, trainingCurves } from "./curves.js";
import { ExportForm } from "./exportForm.js";
import { SetTableView } from "./setTable.js";
import { explorerSettings } from "./settings.js";
import { splitter } from "./splitter.js";

/** Kernel side: kernel-lib/src/explorer/explorer.ts. */
export class ExplorerModel extends DOMWidgetModel {
  static override serializers: ISerializers = {
    ...DOMWidgetModel.serializers,
    scatter: { deserialize: unpack_models },
    viewer: { deserialize: unpack_models },
  };

  override defaults() {
    return {
      ...super.defaults(),
      _model_name: "ExplorerModel",
      _model_module: widgetModule,
      _model_module_version: widgetModuleVersion,
      _view_name: "ExplorerView",
      _view_module: widgetModule,
      _view_module_version: widgetModuleVersion,
      scatter: null,
      viewer: null,
      run: null,
      sets: [],
      ticked: [],
      history: [],
      training: null,
      busy: "",
      status: "",
      split: 0.5,
      height: 520,
    };
  }
}

/** The view: scatter and viewer side by side, the table of sets below. */
export class ExplorerView extends FreedView {
  private readonly requests = new Requests(this.model);
  private readonly children: DOMWidgetView[] = [];
  private readonly heading = element("strong", { class: "e2gmm-explorer-title" });
  private readonly about = element("span", { class: "e2gmm-explorer-about" });
  private readonly training = element("span", { class: "e2gmm-explorer-training" });
  private readonly panes = element("div", { class: "e2gmm-explorer-panes" });
  private readonly status = element("p", { class: "e2gmm-explorer-status", role: "status" });
  private readonly curves = element("aside", { class: "e2gmm-explorer-side", "aria-label": "Curves" });
  private readonly images = element("div", { class: "e2gmm-explorer-images" });
  private readonly controls = element("fieldset", { class: "e2gmm-explorer-controls" });
  private readonly table = new SetTableView({
    ask: (request) => void this.ask(request),
    tick: (ids) => this.change({ ticked: [...ids] }),
    showMontage: (set) => void this.showMontage(set),
  });
  private readonly exportForm = new ExportForm(
    (request) => void this.ask(request),
    (text) => this.say(text),
  );
  private readonly fromSelection = button(
    "Selection",
    "Make a set of what is selected in the plot",
    () => void this.ask({ kind: "selection" }),
  );
  private readonly ofTicked: HTMLButtonElement[] = [];
  private kernel: KernelWatch | undefined;
  private split: ReturnType<typeof splitter> | undefined;
  /** What a view said last; the model's own status comes before the first. */
  private said: { text: string; problem: boolean } | undefined;

  override render(): void {
    super.render();
    this.el.classList.add("e2gmm-explorer");
    const scatter = element("div", { class: "e2gmm-explorer-pane" });
    const viewer = element("div", { class: "e2gmm-explorer-pane" });
    this.split = splitter(
      this.panes,
      (part) => this.panes.style.setProperty("--e2gmm-split", `${(100 * part).toFixed(2)}%`),
      (part) => this.change({ split: part }),
    );
    this.panes.append(scatter, this.split.node, viewer);
    this.controls.append(this.toolbar(), this.exportForm.node);
    const curvesShown = element("input", { type: "checkbox" });
    curvesShown.checked = explorerSettings.showCurves;
    const showCurves = () => {
      this.curves.hidden = !curvesShown.checked;
    };
    curvesShown.addEventListener("change", showCurves);
    showCurves();
    this.images.hidden = true;
    this.el.append(
      element(
        "header",
        { class: "e2gmm-explorer-header" },
        this.heading,
        this.about,
        this.training,
        element("label", { class: "e2gmm-explorer-check e2gmm-explorer-curvesCheck" }, curvesShown, "Curves"),
      ),
      this.panes,
      this.status,
      this.controls,
      element("div", { class: "e2gmm-explorer-lower" }, this.table.node, this.curves),
      this.images,
    );
    const { model } = this;
    this.listenTo(model, "change:split", () => this.split?.show(model.get("split")));
    this.listenTo(model, "change:height", () => this.showHeight());
    this.listenTo(model, "change:run", () => this.showRun());
    this.listenTo(model, "change:sets change:ticked", () => this.showSets());
    this.listenTo(model, "change:sets change:history", () => this.showCurves());
    this.listenTo(model, "change:training", () => this.showTraining());
    this.listenTo(model, "change:status change:busy", () => {
      this.said = undefined;
      this.showStatus();
    });
    this.kernel = new KernelWatch(model, () => this.showLive());
    const selected = model.get("scatter") as WidgetModel | null;
    if (selected) this.listenTo(selected, "change:selectedCount", () => this.showSelection());
    const viewing = model.get("viewer") as WidgetModel | null;
    if (viewing) {
      this.listenTo(viewing, "e2gmm:frame", (frame: number | undefined) => this.showPlayed(frame));
      this.listenTo(viewing, "e2gmm:rested", (frame: number) => void this.ask({ kind: "frame", frame }));
    }
    this.split.show(model.get("split"));
    this.showHeight();
    this.showRun();
    this.showSets();
    this.showCurves();
    this.showTraining();
    this.showSelection();
    this.showLive();
    void this.displayed.then(async () => {
      await Promise.all([this.place("scatter", scatter), this.place("viewer", viewer)]);
    });
  }

  /** Puts the view of one of the two widgets into its pane. */
  private async place(key: "scatter" | "viewer", pane: HTMLElement): Promise<void> {
    const model = this.model.get(key) as DOMWidgetModel | null;
    if (!model) return;
    try {
      const view = await this.create_child_view(model);
      if (!pane.isConnected) {
        view.remove();
        return;
      }
      this.children.push(view);
      Widget.attach(view.luminoWidget, pane);
    } catch (error) {
      pane.append(element("p", {}, `This part cannot be shown: ${(error as Error).message}`));
    }
  }

  private toolbar(): HTMLElement {
    const number = (label: string, value: number, least: number) =>
      element("input", { type: "number", min: least, max: 100, step: 1, value, "aria-label": label });
    const method = element(
      "select",
      { "aria-label": "Way of clustering" },
      element("option", { value: "kmeans" }, "k-means"),
      element("option", { value: "mixture" }, "Gaussian mixture"),
      element("option", { value: "density" }, "density (HDBSCAN)"),
    );
    const clusters = number("Number of clusters", explorerSettings.clusters, 2);
    const along = element(
      "select",
      { "aria-label": "Way of cutting the path" },
      element("option", { value: "line" }, "parts of equally many"),
      element("option", { value: "length" }, "parts of equal length"),
      element("option", { value: "stations" }, "nearest to each station"),
    );
    const parts = number("Number of parts", explorerSettings.parts, 2);
    const within = element("input", {
      type: "number",
      min: 0,
      step: "any",
      placeholder: "auto",
      class: "e2gmm-explorer-within",
      "aria-label": "Largest distance from the path",
      title:
        "Particles farther from the path than this, by distance in the latent space, are in no part. " +
        "Empty: half the distance between the two points of the path that are farthest apart",
    });
    for (const input of [clusters, parts, within])
      input.addEventListener("keydown", (event) => event.stopPropagation());
    const cluster = button("Clusters", "Divide all particles into clusters", () => {
      const way = method.value as Clustering["method"];
      const clustering = way === "density" ? { method: way } : { method: way, count: clusters.valueAsNumber };
      void this.ask({ kind: "clusters", clustering });
    });
    // Density says itself how many there are
    method.addEventListener("change", () => {
      clusters.disabled = method.value === "density";
    });
    const cut = button("Parts", "Make sets along the path that is drawn in the plot", () => {
      void this.ask({
        kind: "parts",
        along: along.value as "line" | "length" | "stations",
        count: parts.valueAsNumber,
        ...(within.value === "" ? {} : { maxDistance: within.valueAsNumber }),
      });
    });
    const ticked = (text: string, title: string, act: (ids: string[]) => void) => {
      const made = button(text, title, () => act([...(this.model.get("ticked") as string[])]));
      this.ofTicked.push(made);
      return made;
    };
    const combine = (text: string, title: string, operation: "union" | "intersect" | "difference") =>
      ticked(text, title, (sets) => void this.ask({ kind: "combine", operation, sets }));
    const group = (label: string, ...items: (Node | string)[]) =>
      element(
        "div",
        { class: "e2gmm-explorer-group", role: "group", "aria-label": label },
        element("span", {}, label),
        ...items,
      );
    const exporting = button("Export…", "Write particles, map or model to files", () => {
      this.exportForm.node.hidden = !this.exportForm.node.hidden;
      exporting.setAttribute("aria-expanded", String(!this.exportForm.node.hidden));
    });
    exporting.setAttribute("aria-expanded", "false");
    return element(
      "div",
      { class: "e2gmm-explorer-toolbar" },
      group("New sets", this.fromSelection, cluster, method, clusters, cut, along, parts, "within", within),
      group(
        "Ticked",
        combine("Union", "A set of all particles of the ticked sets", "union"),
        combine("Intersect", "A set of the particles that are in every ticked set", "intersect"),
        combine("Subtract", "The first ticked set without those of the others", "difference"),
        ticked(
          "Reconstruct",
          "Reconstruct the ticked sets in the background",
          (sets) => void this.ask({ kind: "reconstruct", sets }),
        ),
        ticked("Delete", "Delete the ticked sets", (sets) => void this.ask({ kind: "remove", sets })),
      ),
      group(
        "Path",
        button(
          "Play",
          "Let the Gaussians move along the path that is drawn in the plot",
          () => void this.ask({ kind: "play" }),
        ),
        this.toggle(
          "Arrows",
          "Show the motion from the path's start to its end as arrows",
          "arrows",
          "arrowsFrom",
        ),
      ),
      group(
        "View",
        button(
          "UMAP",
          "Draw the particles over a UMAP of their places",
          () => void this.ask({ kind: "umap" }),
        ),
        this.toggle("Pin", "Keep the present state beside those that follow", "pin", "second"),
        exporting,
      ),
    );
  }

  /** A button that is pressed while the viewer's state has values under `key`, whoever has put them there. */
  private toggle(
    text: string,
    title: string,
    kind: "arrows" | "pin",
    key: "arrowsFrom" | "second",
  ): HTMLElement {
    const viewer = this.model.get("viewer") as WidgetModel | null;
    const isShown = () => ((viewer?.get(key) as Float32Array | undefined)?.length ?? 0) > 0;
    const made = button(text, title, () => void this.ask({ kind, shown: !isShown() }));
    const show = () => made.setAttribute("aria-pressed", String(isShown()));
    if (viewer) this.listenTo(viewer, `change:${key}`, show);
    show();
    return made;
  }

  /** The ring of the scatter goes along with the motion. */
  private showPlayed(frame: number | undefined): void {
    (this.model.get("scatter") as { showPlayed?(frame: number | undefined): void } | null)?.showPlayed?.(
      frame,
    );
  }

  /** Files and the pinned state are of what is shown: a motion that is played comes to rest at its frame first. */
  private rest(): void {
    for (const view of this.children) (view as { rest?(): void }).rest?.();
  }

  private change(state: Record<string, unknown>): void {
    this.model.set(state);
    this.model.save_changes();
  }

  /** Asks the kernel for something and shows what it says; true where it did it. */
  private async ask(request: ExplorerRequest): Promise<boolean> {
    if (request.kind === "export" || request.kind === "pin") this.rest();
    const { kind, ...fields } = request;
    try {
      const { content } = await this.requests.ask(kind, fields);
      this.say(typeof content["text"] === "string" ? content["text"] : "");
      return true;
    } catch (error) {
      this.say((error as Error).message, true);
      this.showSets();
      return false;
    }
  }

  private async showMontage({ id, name }: SetState): Promise<void> {
    this.say(`Reading particles of ${name}…`);
    try {
      const { content } = await this.requests.ask("montage", { set: id });
      const picture = new Image();
      // As an image, whatever is in the SVG can neither run nor load anything
      picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(String(content["svg"]))}`;
      picture.alt = `Particles of ${name} beside projections of the model`;
      const close = button("Close", "Close the pictures", () => {
        this.images.hidden = true;
        this.images.replaceChildren();
      });
      this.images.replaceChildren(close, picture);
      this.images.hidden = false;
      this.say("");
    } catch (error) {
      this.say((error as Error).message, true);
    }
  }

  private say(text: string, problem = false): void {
    this.said = { text, problem };
    this.showStatus();
  }

  private showStatus(): void {
    const { model, said } = this;
    const live = !this.kernel?.gone;
    const busy = model.get("busy") as string;
    const own = busy || (said?.text ?? (model.get("status") as string));
    const problem = busy === "" && said?.problem === true;
    this.status.textContent = live ? own : kernelGoneText;
    this.status.classList.toggle("e2gmm-mod-problem", problem || !live);
  }

  private showLive(): void {
    const live = !this.kernel?.gone;
    this.controls.disabled = !live;
    this.el.classList.toggle("e2gmm-mod-gone", !live);
    if (!live) this.requests.fail(kernelGoneText);
    this.showStatus();
  }

  private showHeight(): void {
    this.el.style.setProperty("--e2gmm-explorer-height", `${this.model.get("height")}px`);
  }

  private showRun(): void {
    const run = this.model.get("run") as RunState | null;
    if (!run) return;
    const { folder, latent, count, gaussians } = run;
    this.heading.textContent = folder.split(/[\\/]/).filter(Boolean).at(-1) ?? folder;
    this.heading.title = folder;
    this.about.textContent = [
      `${count.toLocaleString("en")} particles`,
      `${latent} latent ${latent === 1 ? "dimension" : "dimensions"}`,
      `${gaussians.toLocaleString("en")} Gaussians`,
    ].join(" · ");
  }

  private showSets(): void {
    const sets = this.model.get("sets") as readonly SetState[];
    const ticked = this.model.get("ticked") as readonly string[];
    this.table.update(sets, ticked);
    for (const made of this.ofTicked) {
      const least = /^(Union|Intersect|Subtract)$/.test(made.textContent ?? "") ? 2 : 1;
      made.disabled = ticked.length < least;
    }
    this.exportForm.update(ticked.length === 1 ? sets.find(({ id }) => id === ticked[0]) : undefined);
  }

  private showCurves(): void {
    const curves = [fscCurves(this.model.get("sets")), trainingCurves(this.model.get("history"))];
    this.curves.replaceChildren(...curves.filter((curve) => curve !== undefined));
  }

  private showSelection(): void {
    const count = (this.model.get("scatter") as WidgetModel | null)?.get("selectedCount") as
      | number
      | undefined;
    this.fromSelection.textContent = count ? `Selection (${count.toLocaleString("en")})` : "Selection";
  }

  private showTraining(): void {
    const training = this.model.get("training") as TrainingState | null;
    if (!training) {
      this.training.replaceChildren();
      return;
    }
    const { task, done, total } = training;
    let bar = this.training.querySelector("progress");
    if (!bar) {
      bar = element("progress", { "aria-label": "Training" });
      const stop = button(
        "Stop",
        "Stop the training; its last epoch stays",
        () => void this.ask({ kind: "stopTraining" }),
      );
      this.training.replaceChildren(bar, element("span"), stop);
    }
    bar.max = Math.max(total, 1);
    bar.value = done;
    this.training.querySelector("span")!.textContent = task;
  }

  override remove(): void {
    this.requests.end();
    this.kernel?.dispose();
    for (const view of this.children) {
      if (view.luminoWidget.isAttached) Widget.detach(view.luminoWidget);
      view.remove();
    }
    super.remove();
  }
}
