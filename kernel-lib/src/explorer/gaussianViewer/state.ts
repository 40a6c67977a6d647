import { child } from "tslab-widgets";
import { bool, choice, float, int, json, list, numbers, type StateOf, text } from "tslab-widgets/traits";
import { DensityMap } from "./densityMap";
import { maskShapes } from "./maskShapes";

/**
 * The protocol between the Gaussian viewer in the kernel and its views. Models are arrays [5 · N] like `GaussianModel.params`.
 */

/** Meanings of the colours of Gaussians. */
export const colourings = [
  "amplitude",
  "displacement",
  "amplitude change",
  "region",
  "free",
  "none",
] as const;
/** One of {@link colourings}. */
export type Colouring = (typeof colourings)[number];

/** States from which displacements can be counted. */
export const displacementOrigins = ["neutral", "mean"] as const;
/** One of {@link displacementOrigins}. */
export type DisplacementOrigin = (typeof displacementOrigins)[number];

/** A plane through a map. */
export interface MapSlice {
  /** Whether it is drawn. */
  visible: boolean;
  /** Name of the map; empty: the density of the model. */
  map: string;
  /** Normal of the plane. */
  axis: "x" | "y" | "z";
  /** 0 to 1 along the axis. */
  position: number;
}

/** How pictures are saved. */
export interface PictureStyle {
  /** Pixels for each of the screen. */
  scale: number;
  /** Whether there is no background. */
  transparent: boolean;
  /** Whether legend and scale bar are in it. */
  legend: boolean;
}

const densityMap = child<DensityMap, DensityMap>(
  "a DensityMap",
  (value) => value instanceof DensityMap,
  () => new DensityMap({ name: "Decoded density", visible: false, colour: "#7fa7c9", opacity: 0.45 }),
);

/** Traits of the viewer. */
export const gaussianViewerTraits = {
  /** Title above the view. */
  title: text(""),
  /** Height of a view in pixels. */
  height: int(520),
  /** Box of the models in pixels. */
  boxSize: int(1),
  /** Å per pixel. */
  apix: float(1),
  /** The neutral model. */
  neutral: numbers(Float32Array),
  /** 1 for each Gaussian that training may move; empty: all. */
  free: numbers(Uint8Array),
  /** The model that is shown. */
  gaussians: numbers(Float32Array),
  /** The state at the mean of the particles; empty: unknown. */
  mean: numbers(Float32Array),
  /** From where displacements and changes of amplitude are counted; `mean` without one is `neutral`. */
  displacementFrom: choice(displacementOrigins, "neutral"),
  /** A second model over it; empty: none. */
  second: numbers(Float32Array),
  /** Whether the second model is drawn. */
  secondVisible: bool(true),
  /** Model at the start of arrows; empty: no arrows. */
  arrowsFrom: numbers(Float32Array),
  /** Model at the tips of arrows; empty: no arrows. */
  arrowsTo: numbers(Float32Array),
  /** Whether arrows are drawn. */
  arrowsVisible: bool(true),
  /** Length of the arrows, relative to the motion. */
  arrowScale: float(1),
  /** Å below which a Gaussian has no arrow; negative: a tenth of the longest motion. */
  arrowLeast: float(-1),

  /** Whether Gaussians are drawn as spheres. */
  spheresVisible: bool(true),
  /** Radius of a sphere, in standard deviations of its Gaussian. */
  sphereScale: float(0.7),
  /** Meaning of the colours of the spheres. */
  colourBy: choice(colourings, "displacement"),

  /** Density of the shown model, computed while it is visible. */
  density: densityMap,
  /** Maps that are drawn as isosurfaces. */
  maps: list<DensityMap, DensityMap>(densityMap),
  /** Whether opaque surfaces have dark outlines. */
  outlines: bool(true),
  /** A plane through a map. */
  slice: json<MapSlice>(() => ({ visible: false, map: "", axis: "z", position: 0.5 })),

  /** The backbone of an atomic model, a point for each residue, x, y, z of each in turn in Å from the middle of the box; empty: none. */
  atoms: numbers(Float32Array),
  /** 1 for each point that is joined with the next one. */
  atomLinks: numbers(Uint8Array),
  /** Index of the chain of each point. */
  atomChains: numbers(Uint16Array),
  /** Names of the chains. */
  atomChainNames: list(text("")),
  /** The state in which the atoms lie. */
  atomState: numbers(Float32Array),
  /** Name of the file of the atoms. */
  atomName: text(""),
  /** Whether the atoms are drawn. */
  atomsVisible: bool(true),

  /** How pictures are saved. */
  pictureStyle: json<PictureStyle>(() => ({ scale: 2, transparent: false, legend: false })),

  /** The mask: spheres and boxes that are added and subtracted in order. */
  shapes: maskShapes,
  /** 1 for each Gaussian of the region; empty: there is none. */
  region: numbers(Uint8Array),

  /** A recorded motion, [frames · 5 · N], each parameter in steps of 1/65535 between its lowest and highest value. */
  frames: numbers(Uint16Array),
  /** Number of frames; 0: no motion. */
  frameCount: int(0),
  /** Lowest value of x, y, z, amplitude and sigma in the frames. */
  frameLow: list(float(0), () => [0, 0, 0, 0, 0], 5),
  /** Highest value of x, y, z, amplitude and sigma in the frames. */
  frameHigh: list(float(0), () => [0, 0, 0, 0, 0], 5),
  /** Speed of the playback. */
  framesPerSecond: float(12),
  /** Whether the motion is played backwards after each end. */
  backAndForth: bool(true),

  /** Orientation of the view, a 4 × 4 matrix; empty: the default, in which the model fits. */
  camera: list(float(0)),
  /** Message in the status line. */
  notice: text(""),
};

/** Values of the traits. */
export type GaussianViewerState = StateOf<typeof gaussianViewerTraits>;

/** Request of a view: the motion as PDB text. The answer has the same `id`. */
export type ViewerRequest = { kind: "pdb"; id: string };
/** One of the `parts` of a text in UTF-8, as the buffer of the message; parts are sent in order. */
export type ViewerAnswer =
  | { kind: "answer"; id: string; name: string; part: number; parts: number }
  | { kind: "problem"; id: string; text: string };
