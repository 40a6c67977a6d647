import { DOMWidgetModel, type DOMWidgetView, type ISerializers, unpack_models } from "@jupyter-widgets/base";
import { Widget } from "@lumino/widgets";
import { createRef } from "lit/directives/ref.js";
import "../../style/explorer.css";
import "../../style/secondPlot.css";
import { FreedView } from "../freedView.js";
import type { GaussianViewerModel } from "../gaussianViewer/widgetModels.js";
import { KernelWatch, kernelGoneText } from "../kernelGone.js";
import type { LatentScatterModel } from "../latentScatter/latentScatter.js";
import { widgetModule, widgetModuleVersion } from "../module.js";
import { Requests } from "../requests.js";
import { numbersOf } from "../typedArrays.js";
import { mount, type StateSource, type View } from "../view.js";
import type { ExplorerState, LinkedScatter, LinkedViewer } from "./explorerLinks.js";
import { type ExplorerPanes, explorerTemplate } from "./explorerTemplate.js";
import { ExplorerViewModel } from "./explorerViewModel.js";
import { LiveExplorer } from "./liveExplorer.js";
import { explorerSettings } from "./settings.js";

/** State that the kernel shares (kernel-lib/src/explorer/explorer.ts). */
export class ExplorerModel extends DOMWidgetModel {
  static override serializers: ISerializers = {
    ...DOMWidgetModel.serializers,
    scatter: { deserialize: unpack_models },
    second: { deserialize: unpack_models },
    viewer: { deserialize: unpack_models },
    decoder: numbersOf(Uint8Array),
  };

  private liveExplorer: LiveExplorer | undefined;

  /** Decodes in the page; undefined without the two linked widgets. One for all views of the page. */
  get live(): LiveExplorer | undefined {
    const scatter = this.get("scatter") as LatentScatterModel | null;
    const viewer = this.get("viewer") as GaussianViewerModel | null;
    if (scatter && viewer) this.liveExplorer ??= new LiveExplorer(this, scatter, viewer);
    return this.liveExplorer;
  }

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
      second: null,
      viewer: null,
      run: null,
      sets: [],
      ticked: [],
      history: [],
      verdict: null,
      shownAnyway: false,
      workbench: {
        paths: [],
        views: [],
        notes: "",
        canUndo: false,
        canRedo: false,
        kept: false,
        problem: "",
      },
      training: null,
      difference: "",
      analysis: null,
      busy: "",
      status: "",
      decoder: new Uint8Array(),
      decoderNumber: 0,
      split: 0.5,
      height: 520,
    };
  }
}

/** Connects the explorer's view model and template with ipywidgets. */
export class ExplorerView extends FreedView {
  private readonly requests = new Requests(this.model);
  private readonly panes: ExplorerPanes = { scatter: createRef(), second: createRef(), viewer: createRef() };
  private readonly children: DOMWidgetView[] = [];
  private secondView: DOMWidgetView | undefined;
  private viewModel: ExplorerViewModel | undefined;
  private view: View | undefined;
  private attached = false;
  private kernel: KernelWatch | undefined;

  override render(): void {
    super.render();
    const { model } = this;
    const viewModel = new ExplorerViewModel({
      widget: model as unknown as StateSource<ExplorerState>,
      scatter: model.get("scatter") as LinkedScatter | null,
      viewer: model.get("viewer") as LinkedViewer | null,
      ask: (kind, fields) => this.requests.ask(kind, fields),
      rest: () => {
        for (const view of this.children) (view as { rest?(): void }).rest?.();
      },
      settings: explorerSettings,
    });
    this.viewModel = viewModel;
    this.el.classList.add("e2gmm-explorer");
    this.el.addEventListener("keydown", (event) => undoKeys(event, viewModel));
    this.view = mount(this.el, viewModel, () => explorerTemplate(viewModel, this.panes));
    const { live } = model as ExplorerModel;
    this.kernel = new KernelWatch(model, (gone) => {
      if (gone) this.requests.fail(kernelGoneText);
      live?.setKernelGone(gone);
      viewModel.setKernelGone(gone);
    });
    this.kernel.report();
    if (live) {
      const followLive = () => {
        this.el.dataset["live"] = String(live.isOpen);
        viewModel.setLive(live.isOpen);
      };
      this.listenTo(model, "e2gmm:live", followLive);
      followLive();
      live.prepare();
    }
    this.listenTo(model, "change:second", () => void this.showSecond());
    const viewer = model.get("viewer") as GaussianViewerModel | null;
    if (viewer) {
      this.listenTo(viewer, "e2gmm:frame", (frame?: number) =>
        (model.get("second") as LatentScatterModel | null)?.showPlayed(frame),
      );
    }
    void this.displayed.then(() => {
      this.attachPanes();
      viewModel.stateChanged.connect(this.attachPanes, this);
    });
  }

  /** Makes the two views once the picture is to be seen: in hidden panes they would have no size. */
  private attachPanes(): void {
    if (this.attached || !this.viewModel || this.viewModel.concealed) return;
    this.attached = true;
    this.view?.flush();
    void Promise.all([this.attach("scatter"), this.attach("viewer")]);
    void this.showSecond();
  }

  /** Makes the view of the second plot where there is one, and removes that of the one before. */
  private async showSecond(): Promise<void> {
    if (!this.attached) return;
    const before = this.secondView;
    this.secondView = undefined;
    if (before) {
      this.children.splice(this.children.indexOf(before), 1);
      detached(before);
    }
    this.viewModel?.changed();
    this.view?.flush();
    // None where another plot has taken its place meanwhile, whose view stays
    const view = await this.attach("second");
    if (view) this.secondView = view;
  }

  /** Makes the view of a linked widget in its pane. */
  private async attach(key: keyof ExplorerPanes): Promise<DOMWidgetView | undefined> {
    const model = this.model.get(key) as DOMWidgetModel | null;
    const pane = this.panes[key].value;
    if (!model || !pane) return undefined;
    try {
      const view = await this.create_child_view(model);
      if (!pane.isConnected || this.model.get(key) !== model) {
        view.remove();
        return undefined;
      }
      this.children.push(view);
      Widget.attach(view.luminoWidget, pane);
      return view;
    } catch (error) {
      this.viewModel?.reportPane(key, (error as Error).message);
      return undefined;
    }
  }

  override remove(): void {
    this.requests.dispose();
    this.kernel?.dispose();
    for (const view of this.children) detached(view);
    this.view?.dispose();
    this.viewModel?.dispose();
    super.remove();
  }
}

/** Removes a view from its pane. */
function detached(view: DOMWidgetView): void {
  if (view.luminoWidget.isAttached) Widget.detach(view.luminoWidget);
  view.remove();
}

/** Ctrl+Z and Ctrl+Shift+Z or Ctrl+Y, with Cmd on a Mac; in text fields they are the field's own. */
function undoKeys(event: KeyboardEvent, model: ExplorerViewModel): void {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  if ((event.target as HTMLElement).matches(":read-write")) return;
  const key = event.key.toLowerCase();
  const kind = key === "y" || (key === "z" && event.shiftKey) ? "redo" : key === "z" ? "undo" : undefined;
  if (kind === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  model.step(kind);
}
