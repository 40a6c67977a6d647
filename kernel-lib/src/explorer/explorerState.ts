import { float, int, json, numbers, text } from "tslab-widgets/traits";
import type { Marker } from "../display/theme";
import type { Verdict } from "../evidence/verdict";
import type { AtomState } from "./atoms/atomState";
import type { RegionAction, RegionAnswer } from "./region/regionMessages";
import type { Clustering } from "./sets/clusterings";

/** The protocol between the explorer in the kernel and its views in a page: traits, requests and answers. */

/** State of the map of a set. */
export type MapState =
  | { status: "waiting" }
  | { status: "running"; done: number; total: number }
  | {
      status: "done";
      /** Whether the viewer shows it. */
      shown: boolean;
      /** Å at which the FSC of the half maps falls below 0.143; null without half maps or if it never exceeds 0.143. */
      resolution: number | null;
      /** FSC of the half maps, from shell 1; frequencies in 1/Å. */
      fsc: { frequency: number[]; fsc: number[] } | null;
    }
  /** `text` is the error message. */
  | { status: "failed"; text: string };

/** A row of the table of sets. */
export interface SetState {
  /** Identifies the set in requests. */
  id: string;
  name: string;
  /** `#rrggbb`. */
  colour: string;
  /** Shape of its points, and dash pattern of its curve. */
  marker: Marker;
  /** Number of particles. */
  count: number;
  /** Null until a map is requested. */
  map: MapState | null;
}

/** One epoch of the training curves, as in the run's history. */
export interface EpochState {
  /** Number of the start; all but the last were discarded. */
  start: number;
  /** From 1. */
  epoch: number;
  /** Fourier rings in use. */
  rings: number;
  /** Mean FRC of the training particles. */
  trainFrc: number;
  /** Mean FRC of the validation (held-out) particles. */
  heldOutFrc: number;
}

/** The run that is explored. */
export interface RunState {
  /** Run folder, as a path of the kernel. */
  folder: string;
  /** The particle file with the folder that it is in; empty before the first epoch. */
  dataset: string;
  /** Dimensions of the latent space. */
  latent: number;
  /** Particles with latent coordinates. */
  count: number;
  /** Gaussians of the model. */
  gaussians: number;
  /** Why the particles are not available; null if they are. */
  withoutParticles: string | null;
}

/** What the run knows about its own heterogeneity. */
export type VerdictState = Verdict;

/** Progress of a training, or of a computation. */
export interface TrainingState {
  /** Name of the current task. */
  task: string;
  /** Steps of it, out of `total`. */
  done: number;
  total: number;
}

/** A path or view that is kept under a name. */
export interface KeptItem {
  /** Identifies it in requests. */
  id: string;
  name: string;
}

/** What is kept of the work on a run, apart from its sets. */
export interface WorkbenchTraits {
  paths: readonly KeptItem[];
  views: readonly KeptItem[];
  /** The user's text. */
  notes: string;
  /** Whether there is a change to undo, or one to make again. */
  canUndo: boolean;
  canRedo: boolean;
  /** Whether all of it is in the run folder. */
  kept: boolean;
  /** Why it is not; empty if it is, or is not meant to be. */
  problem: string;
}

/** Kinds of things that are kept under a name, beside sets. */
export type KeptKind = "path" | "view";

/** What can be exported: particles or map of a set, the model at the probe or its density, all of it as an interactive page. */
export type ExportKind = "particles" | "map" | "model" | "density" | "page";

/** Requests of a view. */
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
  /** Playback has stopped at a frame: the probe moves there. */
  | { kind: "frame"; frame: number }
  | { kind: "arrows"; shown: boolean }
  | { kind: "pin"; shown: boolean }
  /** Of two sets that are reconstructed; without sets, of the state at the probe and the pinned one. */
  | { kind: "difference"; shown: boolean; sets: string[] }
  /** The same particles over other axes. */
  | { kind: "secondPlot"; shown: boolean }
  | { kind: "undo" }
  | { kind: "redo" }
  | { kind: "keep"; what: KeptKind }
  | { kind: "showKept"; what: KeptKind; item: string }
  | { kind: "renameKept"; what: KeptKind; item: string; name: string }
  | { kind: "removeKept"; what: KeptKind; item: string }
  /** `base` is the text that was changed: what others have written meanwhile stays. Without it, theirs is replaced. */
  | { kind: "notes"; text: string; base?: string }
  /** Shows the backbone of an atomic model over the Gaussians; null removes it. */
  | { kind: "atoms"; file: string | null; state: AtomState }
  | { kind: "region"; action: RegionAction }
  /** Stops clustering and UMAP. */
  | { kind: "stopAnalysis" }
  | { kind: "stopTraining" };

/**
 * Asks for the decoder, packed for a page (see `openDecoder`), or for one of its parts, from 0. Answered by {@link DecoderAnswer} with
 * the part as buffer, or by a `problem`.
 */
export interface DecoderRequest {
  kind: "decoder";
  part: number;
}

/** A part of the decoder; without parts it is in the trait `decoder`. */
export interface DecoderAnswer {
  kind: "answer";
  id: string;
  /** Number of parts. */
  parts: number;
  /** Value of the trait `decoderNumber` that the part belongs to. */
  number: number;
}

/** Answer to a request, with its `id`. */
export type ExplorerAnswer =
  | { kind: "answer"; id: string; text?: string; svg?: string; taken?: boolean; region?: RegionAnswer }
  | { kind: "problem"; id: string; text: string };

/** Traits of the explorer, without its two child widgets. */
export const explorerTraits = {
  run: json<RunState | null>(() => null),
  sets: json<readonly SetState[]>(() => []),
  /** Ids of the sets that are ticked in the table; set by pages. */
  ticked: json<readonly string[]>(() => []),
  history: json<readonly EpochState[]>(() => []),
  /** Null before there is a run. */
  verdict: json<VerdictState | null>(() => null),
  /** Whether the picture is shown although the run has found nothing, in whose place the verdict stands. */
  shownAnyway: json<boolean>(() => false),
  /** Null if no training is followed. */
  training: json<TrainingState | null>(() => null),
  /** Paths, views and notes, and what can be undone. */
  workbench: json<WorkbenchTraits>(() => ({
    ...{ paths: [], views: [], notes: "", canUndo: false, canRedo: false, kept: false, problem: "" },
  })),
  /** The two states whose difference the viewer shows; empty for none. */
  difference: text(""),
  /** A clustering or UMAP that is computed and can be stopped; null for none. */
  analysis: json<TrainingState | null>(() => null),
  /** Progress of a background computation; empty for none. */
  busy: text(""),
  /** The last message for the user. */
  status: text(""),
  /**
   * The decoder, packed for pages, once one has asked for it; it is saved with the notebook, whose pages then live without a kernel.
   * Empty if it is larger than a notebook should be; pages then get it in parts.
   */
  decoder: numbers(Uint8Array),
  /** Changes with each decoder, such as after an epoch of a training: pages have to ask again. */
  decoderNumber: int(0),
  /** Fraction of the width that the scatter takes. */
  split: float(0.5),
  /** Height of scatter and viewer in the output of a cell, in pixels. */
  height: int(520),
};
