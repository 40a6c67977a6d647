import { DOMWidgetModel, type ISerializers } from "@jupyter-widgets/base";
import { createRef } from "lit/directives/ref.js";
import "../../style/latentScatter.css";
import "../../style/pairs.css";
import { download, onThemeChange } from "../dom.js";
import { FreedView } from "../freedView.js";
import { keepKeys } from "../keepKeys.js";
import { KernelWatch, kernelGoneText } from "../kernelGone.js";
import { Requests } from "../requests.js";
import { numbersOf } from "../typedArrays.js";
import { mount, type View } from "../view.js";
import { fileNameOf } from "./csv.js";
import { OverlayInput } from "./overlay.js";
import { ScatterPicture } from "./picture.js";
import type { ScatterWidget } from "./scatterLinks.js";
import { type ScatterParts, scatterTemplate } from "./scatterTemplate.js";
import { ScatterViewModel } from "./scatterViewModel.js";

/** State that the kernel shares (kernel-lib/src/explorer/latentScatter). */
export class LatentScatterModel extends DOMWidgetModel {
  static override serializers: ISerializers = {
    ...DOMWidgetModel.serializers,
    pointsX: numbersOf(Float32Array),
    pointsY: numbersOf(Float32Array),
    pointsZ: numbersOf(Float32Array),
    drawnRows: numbersOf(Uint32Array),
    colourNumbers: numbersOf(Float32Array),
    colourCodes: numbersOf(Uint16Array),
    densityCounts: numbersOf(Float32Array),
    populationLines: numbersOf(Float32Array),
    pairPoints: numbersOf(Float32Array),
    pairDrawn: numbersOf(Uint32Array),
    selected: numbersOf(Uint8Array),
    selectedBeside: numbersOf(Float32Array),
    anchorPlaces: numbersOf(Float32Array),
    stationPlaces: numbersOf(Float32Array),
    pathLine: numbersOf(Float32Array),
    playedPlaces: numbersOf(Float32Array),
  };

  /** The frame of a motion that a viewer plays, shown instead of the state at the probe; undefined while none is. */
  playedFrame: number | undefined;

  /** Shows a frame of a played motion; undefined: the state at the probe. */
  showPlayed(frame: number | undefined): void {
    if (frame === this.playedFrame) return;
    this.playedFrame = frame;
    this.trigger("e2gmm:played");
  }
}

/** Connects the scatter's view model, template and picture with ipywidgets. */
export class LatentScatterView extends FreedView {
  declare model: LatentScatterModel;
  private requests!: Requests;
  private readonly removal = new AbortController();
  private viewModel: ScatterViewModel | undefined;
  private view: View | undefined;
  private picture: ScatterPicture | undefined;
  private kernel: KernelWatch | undefined;

  override render(): void {
    super.render();
    const { model, el } = this;
    this.requests = new Requests(model);
    const viewModel = new ScatterViewModel({
      widget: model as unknown as ScatterWidget,
      ask: (kind, fields) => this.requests.ask(kind, fields),
    });
    this.viewModel = viewModel;
    el.classList.add("e2gmm-scatter");
    el.style.setProperty("--e2gmm-scatter-height", `${viewModel.state.height}px`);
    keepKeys(el, this.removal.signal);
    // Small plots are in the colours of the theme
    onThemeChange(() => viewModel.changed(), this.removal.signal);
    const parts = this.parts(viewModel);
    this.view = mount(el, viewModel, () => scatterTemplate(viewModel, parts));
    this.picture = new ScatterPicture(viewModel, parts.area.value!, parts.plot.value!, () => {
      el.dataset["drawn"] = String(Number(el.dataset["drawn"] ?? 0) + 1);
    });
    this.kernel = new KernelWatch(model, (gone) => {
      if (gone) this.requests.fail(kernelGoneText);
      viewModel.setKernelGone(gone);
    });
    this.kernel.report();
  }

  private parts(viewModel: ScatterViewModel): ScatterParts {
    const overlay = createRef<SVGSVGElement>();
    return {
      area: createRef(),
      plot: createRef(),
      overlay,
      input: new OverlayInput(viewModel, overlay, this.removal.signal),
      files: {
        savePng: () => void this.save("picture", "png", async () => this.picture?.png()),
        saveCsv: () =>
          void this.save(
            "table",
            "csv",
            async () => new Blob(await viewModel.readCsv(), { type: "text/csv" }),
          ),
      },
      entered: () => this.picture?.restore(),
    };
  }

  /** Saves a file as a download, or reports the error. @param what description of the file for the message */
  private async save(
    what: string,
    ending: string,
    make: () => Promise<Blob | string | undefined>,
  ): Promise<void> {
    const { viewModel } = this;
    try {
      const content = await make();
      if (!viewModel || content === undefined) return;
      download(content, fileNameOf(viewModel.state.title, ending));
      viewModel.say("");
    } catch (error) {
      viewModel?.say(`The ${what} could not be saved: ${(error as Error).message}`);
    }
  }

  override remove(): void {
    this.removal.abort();
    this.kernel?.dispose();
    this.viewModel?.dispose();
    this.requests.dispose();
    this.picture?.dispose();
    this.view?.dispose();
    super.remove();
  }
}
