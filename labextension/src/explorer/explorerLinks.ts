import type { Clustering } from "e2gmm/messages/clusterings";
import type { ExplorerRequest, explorerTraits } from "e2gmm/messages/explorer";
import type { EventSource, StateSource } from "../view.js";
import type { RegionViewer } from "./region/regionLinks.js";
import type { ExplorerSettings } from "./settings.js";

/** What an explorer's view model is connected to, and what it holds. */

/** State of the explorer, shared by the kernel and its views. */
export type ExplorerState = {
  [K in keyof typeof explorerTraits]: ReturnType<(typeof explorerTraits)[K]["initial"]>;
} & {
  /** The model of the second plot; null while it is hidden. */
  second?: object | null;
};

/** The part of the latent scatter's model that the explorer uses. */
export interface LinkedScatter extends EventSource {
  get(key: "selectedCount"): number;
  /** Shows a frame of the playback; undefined: the state at the probe. */
  showPlayed?(frame: number | undefined): void;
}

/** The part of the Gaussian viewer's model that the explorer uses. */
export interface LinkedViewer extends RegionViewer {
  get(key: "arrowsFrom" | "second" | "region" | "atoms"): ArrayLike<number> | undefined;
  get(key: "maps" | "density"): unknown;
}

/** Connections of an explorer. */
export interface ExplorerLinks {
  widget: StateSource<ExplorerState>;
  scatter: LinkedScatter | null;
  viewer: LinkedViewer | null;
  /** Sends a request to the kernel. Rejects with the kernel's message. */
  ask(kind: string, fields: Record<string, unknown>): Promise<{ content: Record<string, unknown> }>;
  /** Stops playback at the current frame. */
  rest(): void;
  settings: Readonly<ExplorerSettings>;
}

/** Kernel's names of the ways to make sets along the path. */
export type PathDivision = Extract<ExplorerRequest, { kind: "parts" }>["along"];

/** Fields of the toolbar for new sets; numbers as typed. */
export interface NewSetFields {
  method: Clustering["method"];
  clusters: string;
  along: PathDivision;
  parts: string;
  /** Empty: the kernel chooses. */
  maxDistance: string;
}

/** A picture of some particles of a set. */
export interface Montage {
  /** Data URL of an SVG image. */
  url: string;
  description: string;
}
