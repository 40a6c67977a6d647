import type { Verdict } from "../../evidence/verdict";
import type { CategoryColumn } from "../../particles/particleColumns";
import type { PackedDecoder } from "../../training/runs/packedDecoder";
import type { DensityMapState } from "../gaussianViewer/densityMap";
import type { GaussianViewerState } from "../gaussianViewer/state";
import type { ScatterSet } from "../latentScatter/colours";
import type { LatentScatterState } from "../latentScatter/state";

/** What an interactive page holds beside its program: the protocol between `exportPage` and the program of the page. */

/** A column by which particles are plotted or coloured. */
export type PageColumn =
  | { kind: "number"; name: string; unit?: string | undefined; values: Float32Array }
  | CategoryColumn;

/** A set of particles. */
export interface PageSet extends Required<ScatterSet> {
  /** Particles of the set, of which the page may hold only some. */
  count: number;
}

/** How the scatter looks when the page opens. */
export type PageScatter = Pick<
  LatentScatterState,
  "x" | "y" | "z" | "colour" | "hidden" | "colourRange" | "probe" | "anchors" | "stationCount"
>;

/** Traits of the viewer's atomic model. */
export const atomTraits = [
  "atoms",
  "atomLinks",
  "atomChains",
  "atomChainNames",
  "atomState",
  "atomName",
  "atomsVisible",
] as const;

/** Axes of a second plot. */
export type PageSecond = Pick<LatentScatterState, "x" | "y" | "z">;

/** How the viewer looks when the page opens. */
export type PageViewer = Pick<
  GaussianViewerState,
  | "colourBy"
  | "displacementFrom"
  | "sphereScale"
  | "spheresVisible"
  | "camera"
  | "shapes"
  | "slice"
  | "outlines"
> &
  Partial<Pick<GaussianViewerState, (typeof atomTraits)[number]>>;

/** Everything in a page. */
export interface PageData {
  /** Of the protocol. */
  version: 1;
  title: string;
  /** What the page shows and where it comes from: names and values, in order. */
  facts: [name: string, value: string][];
  /** What the run knows about its own heterogeneity; null if it could not be read. */
  verdict: Verdict | null;
  /** Dimensions of the latent space. */
  latent: number;
  /** Latent coordinates of the particles in the page, [particles · latent]. */
  latents: Float32Array;
  /** Particles of the run. */
  count: number;
  /** Titles of the latent axes; empty: their names. */
  axisTitles: string[];
  columns: PageColumn[];
  sets: PageSet[];
  scatter: PageScatter;
  /** The second plot when the page opens; null for none. */
  second: PageSecond | null;
  viewer: PageViewer;
  /** 1 for each Gaussian that the decoder may move; none: all. */
  free?: Uint8Array | undefined;
  decoder: PackedDecoder;
  /** The WebAssembly module that the decoder runs in. */
  networks: Uint8Array;
  maps: DensityMapState[];
  /** Licences of the packages in the program. */
  licences: string;
}

/** Ids of the elements that hold the compressed program and data, and of the one that shows the page. */
export const pageIds = { program: "e2gmm-program", data: "e2gmm-data", root: "e2gmm-page" } as const;
/** Name under which the program finds the unpacked data. */
export const pageGlobal = "e2gmmPage";
