import { DOMWidgetModel, type ISerializers, unpack_models, WidgetModel } from "@jupyter-widgets/base";
import type { DensityMapState } from "e2gmm/messages/densityMap";
import { widgetModule, widgetModuleVersion } from "../module.js";
import { numbersOf } from "../typedArrays.js";
import type { MapAccess, ViewerAccess, ViewerChange, ViewerState } from "./viewerState.js";

/** The page's side of a map of a viewer; it has no view. */
export class DensityMapModel extends WidgetModel implements MapAccess {
  override defaults() {
    return {
      ...super.defaults(),
      _model_name: "DensityMapModel",
      _model_module: widgetModule,
      _model_module_version: widgetModuleVersion,
      _view_name: null,
      data: new Uint16Array(),
      resolution: new Uint8Array(),
    };
  }

  static override serializers: ISerializers = {
    ...WidgetModel.serializers,
    data: numbersOf(Uint16Array),
    resolution: numbersOf(Uint8Array),
  };

  /** The value of a trait. */
  read<K extends keyof DensityMapState>(key: K): DensityMapState[K] {
    return this.get(key);
  }

  /** Sets traits here and in the kernel. */
  change(state: Partial<DensityMapState>): void {
    this.set(state);
    this.save_changes();
  }
}

/** The page's side of a viewer of Gaussians. */
export class GaussianViewerModel extends DOMWidgetModel implements ViewerAccess {
  override defaults() {
    return {
      ...super.defaults(),
      _model_name: "GaussianViewerModel",
      _model_module: widgetModule,
      _model_module_version: widgetModuleVersion,
      _view_name: "GaussianViewerView",
      _view_module: widgetModule,
      _view_module_version: widgetModuleVersion,
      neutral: new Float32Array(),
      gaussians: new Float32Array(),
      mean: new Float32Array(),
      atoms: new Float32Array(),
      // Notebooks that an earlier version has saved have none
      pictureStyle: { scale: 2, transparent: false, legend: false },
      maps: [],
    };
  }

  static override serializers: ISerializers = {
    ...DOMWidgetModel.serializers,
    neutral: numbersOf(Float32Array),
    gaussians: numbersOf(Float32Array),
    mean: numbersOf(Float32Array),
    second: numbersOf(Float32Array),
    arrowsFrom: numbersOf(Float32Array),
    arrowsTo: numbersOf(Float32Array),
    free: numbersOf(Uint8Array),
    region: numbersOf(Uint8Array),
    frames: numbersOf(Uint16Array),
    atoms: numbersOf(Float32Array),
    atomLinks: numbersOf(Uint8Array),
    atomChains: numbersOf(Uint16Array),
    atomState: numbersOf(Float32Array),
    density: { deserialize: unpack_models },
    maps: { deserialize: unpack_models },
  };

  /** Whether the kernel still decodes an earlier place than the page has decoded itself; its Gaussians are ignored then. */
  kernelLags: (() => boolean) | undefined;

  /** Takes over state of the kernel. */
  override set_state(state: Record<string, unknown>): void {
    const { gaussians, ...others } = state;
    const late = gaussians !== undefined && this.kernelLags?.() === true;
    super.set_state(late ? others : state);
  }

  /** Shows Gaussians that the page has decoded, [5N], in all views of this page; the kernel is not told. */
  showDecoded(gaussians: Float32Array): void {
    super.set_state({ gaussians });
  }

  /** The value of a trait. */
  read<K extends keyof ViewerState>(key: K): ViewerState[K] {
    return this.get(key);
  }

  /** Sets traits here and in the kernel. */
  change(state: ViewerChange): void {
    this.set(state);
    this.save_changes();
  }
}
