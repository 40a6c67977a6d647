import type { LatentScatterState } from "e2gmm/messages/latentScatter";

/** Types of the messages between kernel and scatter. */
export type {
  Colouring,
  ColourRange,
  PairAxis,
  ProbeSlider,
  ProbeTarget,
  ScatterCategory,
  ScatterChoice,
  ScatterZoom,
  ShownAxes,
  ShownAxis,
} from "e2gmm/messages/latentScatter";

/** The kernel's state of a scatter, as views read it. */
export type Snapshot = Readonly<LatentScatterState>;
