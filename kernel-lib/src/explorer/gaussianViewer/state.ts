import { child } from "tslab-widgets";
import { bool, choice, float, int, json, list, numbers, type StateOf, text } from "tslab-widgets/traits";
import { DensityMap } from "./densityMap";
import { maskShapes } from "./maskShapes";

/** What the two sides of the viewer of the Gaussians share. Sets of Gaussians are [5N] as in {@link GaussianModel}. */

/** What the colour of a Gaussian says. */
export const colourings = [
  "amplitude",
  "displacement",
  "amplitude change",
  "region",
  "free",
  "none",
] as const;
export type Colouring = (typeof colourings)[number];

/** A plane through a map. */
export interface MapSlice {
  visible: boolean;
  /** Name of the map; empty: the decoded density. */
  map: string;
  axis: "x" | "y" | "z";
  /** 0 … 1 along the axis. */
  position: number;
}

const densityMap = child<DensityMap, DensityMap>(
  "a DensityMap",
  (value) => value instanceof DensityMap,
  () => new DensityMap({ name: "Decoded density", visible: false, colour: "#7fa7c9", opacity: 0.45 }),
);

export const gaussianViewerTraits = {
  title: text(""),
  /** Pixels. */
  height: int(520),
  /** The model's box and the Å per pixel of it. */
  boxSize: int(1),
  apix: float(1),
  neutral: numbers(Float32Array),
  /** 1 for each Gaussian that training may move; empty: all. */
  free: numbers(Uint8Array),
  /** What is shown. */
  gaussians: numbers(Float32Array),
  /** A second state over it; empty: none. */
  second: numbers(Float32Array),
  secondVisible: bool(true),
  /** Arrows lead from one set of Gaussians to another; empty: none. */
  arrowsFrom: numbers(Float32Array),
  arrowsTo: numbers(Float32Array),
  arrowsVisible: bool(true),
  /** Arrows are drawn this many times as long as the motion. */
  arrowScale: float(1),
  /** Å of motion below which a Gaussian has no arrow; negative: a tenth of the farthest. */
  arrowLeast: float(-1),

  spheresVisible: bool(true),
  /** Radius of a sphere, in sigma. */
  sphereScale: float(0.7),
  colourBy: choice(colourings, "displacement"),

  density: densityMap,
  maps: list<DensityMap, DensityMap>(densityMap),
  slice: json<MapSlice>(() => ({ visible: false, map: "", axis: "z", position: 0.5 })),

  shapes: maskShapes,
  /** 1 for each Gaussian of the region; empty: there is none. */
  region: numbers(Uint8Array),

  /** A recorded path, [frames · 5N], each parameter in steps of 1/65535 between its lowest and highest value. */
  frames: numbers(Uint16Array),
  frameCount: int(0),
  /** x, y, z, amplitude, sigma. */
  frameLow: list(float(0), () => [0, 0, 0, 0, 0], 5),
  frameHigh: list(float(0), () => [0, 0, 0, 0, 0], 5),
  framesPerSecond: float(12),
  backAndForth: bool(true),

  /** Where the view looks from, 16 numbers; empty: from where it fits. */
  camera: list(float(0)),
  /** What the kernel has to say, in words. */
  notice: text(""),
};

export type GaussianViewerState = StateOf<typeof gaussianViewerTraits>;

/** What a view asks of the kernel; the answer carries the same `id`. */
export type ViewerRequest = { kind: "pdb"; id: string };
/** `part` of `parts` of a text in UTF-8, one after the other, each the one buffer of its message. */
export type ViewerAnswer =
  | { kind: "answer"; id: string; name: string; part: number; parts: number }
  | { kind: "problem"; id: string; text: string };
