import type { LatentScatterState } from "e2gmm/messages/latentScatter";

export type {
  Colouring,
  ProbeSlider,
  ProbeTarget,
  ScatterCategory,
  ScatterChoice,
  ScatterZoom,
  ShownAxes,
  ShownAxis,
} from "e2gmm/messages/latentScatter";

/** The state of a scatter as its views read it. */
export type Snapshot = Readonly<LatentScatterState>;
