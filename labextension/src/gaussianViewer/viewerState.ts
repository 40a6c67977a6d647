import type { DensityMapState } from "e2gmm/messages/densityMap";
import type { GaussianViewerState } from "e2gmm/messages/gaussianViewer";

/** An object with Backbone events. */
interface EventSource {
  on(events: string, listener: () => void): unknown;
  off(events: string, listener: () => void): unknown;
}

/** The state of a map of a viewer, as models of the page give access to it. */
export interface MapAccess extends EventSource {
  /** Identifies the map among all widgets. */
  readonly model_id: string;
  /** The value of a trait. */
  read<K extends keyof DensityMapState>(key: K): DensityMapState[K];
  /** Sets traits here and in the kernel. */
  change(state: Partial<DensityMapState>): void;
}

/** The traits of a viewer, with models of the page in place of the kernel's widgets. */
export type ViewerState = Omit<GaussianViewerState, "density" | "maps"> & {
  density: MapAccess;
  maps: readonly MapAccess[];
};

/** Traits that the page may set. */
export type ViewerChange = Partial<Omit<ViewerState, "density" | "maps">>;

/** The state that all views of one viewer and the kernel share. */
export interface ViewerAccess extends EventSource {
  /** The value of a trait. */
  read<K extends keyof ViewerState>(key: K): ViewerState[K];
  /** Sets traits here and in the kernel. */
  change(state: ViewerChange): void;
}

/** The decoded density and the maps that were added. */
export function mapsOf(viewer: ViewerAccess): readonly MapAccess[] {
  return [viewer.read("density"), ...viewer.read("maps")];
}

/** The state from which displacements are counted, and its name. */
export function originOf(viewer: ViewerAccess): { state: Float32Array; name: string } {
  const [neutral, mean] = [viewer.read("neutral"), viewer.read("mean")];
  const isMean = viewer.read("displacementFrom") === "mean" && mean.length === neutral.length;
  return isMean ? { state: mean, name: "the mean" } : { state: neutral, name: "neutral" };
}

/** Box of the model in pixels and Å per pixel. */
export function boxOfModel(viewer: ViewerAccess): { boxSize: number; apix: number } {
  return { boxSize: viewer.read("boxSize"), apix: viewer.read("apix") };
}
