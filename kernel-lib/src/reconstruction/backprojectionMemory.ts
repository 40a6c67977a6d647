import type { SharedWasmMemory } from "../wasm/wasmMemory";
import type { GridLayout } from "./gridLayout";

/** What the threads of a back-projection share. The records are described in assembly/backproject.ts. */

/** Words of a `Samples` record; `gain` and `scale` are floats. */
export const samplesWords = [
  "image",
  "out",
  "gain",
  "scale",
  "state",
  "keepMean",
  "phaseX",
  "phaseY",
  "even",
  "odd",
] as const;
/** Words of a `Planes` record. */
export const planesWords = [
  "grid",
  "sumBytes",
  "first",
  "lo",
  "hi",
  "reach",
  "strideY",
  "strideZ",
  "rings",
  "extent",
  "views",
  "count",
] as const;
/** Words of a `View`: address of the samples, sum, then floats: weight, and grid points per Fourier pixel along kx and ky. */
export const viewWords = 9;
/** Most views of a job. */
export const mostViews = 1 << 15;

/** Numbers of an image, see {@link imageNumber}. */
export const imageNumbers = 12;
/** Indices of the numbers of an image: its CTF in turns, and how it is shifted. */
export const imageNumber = {
  /** 1 if there is a CTF. */
  ctf: 0,
  /** xx, yy, xy, fourth, constant, decay of `CtfEvaluator.inTurns`. */
  turns: 1,
  scale: 7,
  gain: 8,
  /** Shift along x and y as a fraction of the image. */
  shift: 9,
  /** Exposure in e/Å²; 0 for none. */
  dose: 11,
} as const;
/** Numbers of the statistics of an image: mean, standard deviation, farthest pixel. */
export const statisticsNumbers = 3;

/** The memory of a part of the grid, and where things are in it. */
export interface PartMemory {
  memory: SharedWasmMemory;
  /** Address of a `Planes` record of each thread. */
  jobs: number;
  /** Address of the extents of the rows of samples. */
  extent: number;
  views: number;
  samples: number;
  grid: number;
}

/** What all threads share; `workerData` of each. */
export interface SharedBackprojection {
  /** The compiled WebAssembly module. */
  module: object;
  layout: GridLayout;
  parts: PartMemory[];
  /** Number of the next piece of work of a task. */
  counter: Int32Array;
  /** The pixels of a batch. */
  pixels: Float32Array;
  /** {@link imageNumbers} of each image of the batch. */
  images: Float64Array;
  /** {@link statisticsNumbers} of each image of the batch. */
  statistics: Float64Array;
}

/** Aberrations of the images of a group; see `aberrationTables`. */
export interface AberrationTables {
  even?: Float32Array;
  odd?: Float32Array;
}

/** What the images of a batch have in common. */
export interface BatchGroup {
  /** Differs between groups. */
  key: number;
  /** Pixels along each edge. */
  size: number;
  /** K. */
  rings: number;
  /** Length of an edge in Å. */
  boxLength: number;
  /** kV. */
  voltage: number;
  /** The largest |ky| of each kx, [K + 1]. */
  extent: Int32Array;
  /** 0 as recorded, 1 phases flipped, 2 multiplied by the CTF once more. */
  state: number;
  aberrations?: AberrationTables;
}

/** A map to be made from sums: the sums whose samples are added, and where it goes, [S · S · S]. */
export interface WantedMap {
  sums: readonly number[];
  /** The sums whose weights divide. */
  whole: readonly number[];
  /** Weights below this are set to it, for each padded shell, [S + 1]. */
  least: Float64Array;
  /** Working space, see `PaddedInverse`. */
  columns: Float32Array;
  data: Float32Array;
}

/** What a thread is asked to do; threads take pieces of it until none is left. */
export type BackprojectionRequest =
  | { task: "statistics"; size: number; count: number }
  | { task: "samples"; group: BatchGroup; count: number }
  | { task: "planes"; rings: number; count: number; slabs: readonly Slab[]; thread: number }
  | { task: "weights"; weights: Float64Array; sums: readonly number[] }
  | { task: "clear"; sum: number }
  | { task: "columns"; map: WantedMap }
  | { task: "sections"; map: WantedMap };

/** Planes lo … hi − 1 of a part. */
export interface Slab {
  part: number;
  lo: number;
  hi: number;
}
