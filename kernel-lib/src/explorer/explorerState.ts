import { float, int, json, text } from "tslab-widgets/traits";
import type { Marker } from "../display/theme";
import type { Clustering } from "./sets/clusterings";

/** What the two sides of the explorer share. Types only, and the traits of the kernel side. */

/** What is known of the map of a set. */
export type MapState =
  | { status: "waiting" }
  | { status: "running"; done: number; total: number }
  | {
      status: "done";
      /** Whether the viewer shows it. */
      shown: boolean;
      /** Å at which the half maps' FSC falls below 0.143; null where it never is above, or there are no half maps. */
      resolution: number | null;
      /** Between the half maps, from shell 1 on; frequencies in 1/Å. */
      fsc: { frequency: number[]; fsc: number[] } | null;
    }
  | { status: "failed"; text: string };

/** A row of the table of sets. */
export interface SetState {
  id: string;
  name: string;
  colour: string;
  /** Shape of its points, and with it the dash of its curve: sets of one colour differ in it. */
  marker: Marker;
  /** Particles. */
  count: number;
  map: MapState | null;
}

/** One epoch of the training curves. */
export interface EpochState {
  start: number;
  epoch: number;
  rings: number;
  trainFrc: number;
  heldOutFrc: number;
}

/** What is being explored. */
export interface RunState {
  /** Run folder as the kernel knows it. */
  folder: string;
  latent: number;
  /** Particles with a place in the latent space. */
  count: number;
  gaussians: number;
  /** Why particles are not at hand, in words; null where they are. */
  withoutParticles: string | null;
}

/** How far the training that is followed has come; null where none is. */
export interface TrainingState {
  task: string;
  done: number;
  total: number;
}

export type ExportKind = "particles" | "map" | "model" | "density";

/** What a view may ask for. */
export type ExplorerRequest =
  | { kind: "selection" }
  | { kind: "clusters"; clustering: Clustering }
  | { kind: "umap" }
  | { kind: "parts"; along: "line" | "length" | "stations"; count: number; maxDistance?: number }
  | { kind: "combine"; operation: "union" | "intersect" | "difference"; sets: string[] }
  | { kind: "complement"; set: string }
  | { kind: "rename"; set: string; name: string }
  | { kind: "recolour"; set: string; colour: string }
  | { kind: "remove"; sets: string[] }
  | { kind: "select"; set: string }
  | { kind: "reconstruct"; sets: string[] }
  | { kind: "stop"; set: string }
  | { kind: "showMap"; set: string; shown: boolean }
  | { kind: "montage"; set: string }
  | { kind: "export"; what: ExportKind; set?: string; file: string; overwrite: boolean }
  | { kind: "play" }
  /** The motion has come to rest at a frame: the probe goes there. */
  | { kind: "frame"; frame: number }
  | { kind: "arrows"; shown: boolean }
  | { kind: "pin"; shown: boolean }
  | { kind: "stopTraining" };

/** What it hears. */
export type ExplorerAnswer =
  | { kind: "answer"; id: string; text?: string; svg?: string; taken?: boolean }
  | { kind: "problem"; id: string; text: string };

export const explorerTraits = {
  run: json<RunState | null>(() => null),
  sets: json<readonly SetState[]>(() => []),
  /** Ids of the sets that are ticked in the table. */
  ticked: json<readonly string[]>(() => []),
  history: json<readonly EpochState[]>(() => []),
  training: json<TrainingState | null>(() => null),
  /** What is being worked out in the background, in words; empty where nothing is. */
  busy: text(""),
  /** What there is to say, in words. */
  status: text(""),
  /** Part of the width that the scatter has. */
  split: float(0.5),
  /** Height of scatter and viewer in a cell, in pixels. */
  height: int(520),
};
