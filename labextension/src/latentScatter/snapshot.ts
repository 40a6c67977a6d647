import type { LatentScatterState } from "e2gmm/dist/explorer/latentScatterState";

export type {
  Colouring,
  ProbeSlider,
  ProbeTarget,
  ScatterCategory,
  ScatterChoice,
  ScatterZoom,
  ShownAxes,
  ShownAxis,
} from "e2gmm/dist/explorer/latentScatterState";

/** The state of a scatter as its views read it. */
export type Snapshot = Readonly<LatentScatterState>;
