import type { QueueSettings } from "../../jobs/queueSettings";
import type { InheritedAxes } from "../../training/runs/lineage";

/** The protocol between the region of an explorer in the kernel and its pages: requests, and what answers carry. */

/** Particles that a region is looked at for: a set by its id, or the selection of the scatter, or all. */
export type RegionParticles = { set: string } | "selection" | "all";

/** A second round in a region, as a page describes it; what is missing has the default of the training. */
export interface RegionRound {
  /** Name of the mask that was saved. */
  mask: string;
  /** Folder of the new run, relative to the kernel's working folder. */
  out: string;
  /** Particles that it has. */
  particles: RegionParticles;
  /** What becomes of the axes of the run. */
  axes: InheritedAxes;
  /** Number of new axes. */
  latent?: number;
  /** Passes over the particles. */
  epochs?: number;
  /** Processors; the queue is this machine. */
  cpus?: number;
}

/** What pages ask for. `mode`: whether Gaussians are added to the region or taken out. */
export type RegionAction =
  | { act: "state" }
  | { act: "bodies"; count: number }
  | { act: "body"; body: number; mode: "add" | "subtract" }
  | { act: "chains"; file: string; distance: number }
  | { act: "chain"; chain: string; mode: "add" | "subtract" }
  | { act: "map"; map: string; mode: "add" | "subtract" }
  | { act: "motion"; particles: RegionParticles }
  | { act: "save"; name: string; softEdge?: number; overwrite: boolean }
  | { act: "restore"; name: string }
  | { act: "plan"; round: RegionRound }
  | { act: "train"; round: RegionRound };

/** A group of Gaussians that move as one. */
export interface BodyState {
  /** Number of its Gaussians. */
  count: number;
  /** Root mean square displacement from the mean state in Å, and what of it is no rigid motion of the body. */
  motion: number;
  left: number;
}

/** A chain of an atomic model, with the number of its Gaussians. */
export interface ChainState {
  chain: string;
  count: number;
}

/** What a region has beside its shapes: found bodies and chains, masks that are kept. */
export interface RegionState {
  bodies: BodyState[];
  chains: ChainState[];
  /** Name of the file of the chains; empty: none was read. */
  chainFile: string;
  /** Names of the masks in the run folder. */
  masks: string[];
  /** Folder of a second round that is proposed, relative to the working folder where it lies below. */
  out: string;
  /** Processors of the machine. */
  cpus: number;
}

/** How far a region moves, in Å: root mean square over Gaussians, by mass, and particles. */
export interface RegionMotionReport {
  /** Of the Gaussians of the region. */
  inside: number;
  /** The same of all other Gaussians; null if there are none. */
  outside: number | null;
  /** Particles that were decoded. */
  decoded: number;
  /** All particles that were asked for. */
  of: number;
}

/** What an answer carries. */
export interface RegionAnswer {
  /** A sentence for the user. */
  text?: string;
  state?: RegionState;
  motion?: RegionMotionReport;
  /** The same second round as a command and as a cell. */
  same?: { command: string; cell: string };
}

/** Queue of a second round that is started in an explorer. */
export const localQueue = (cpus: number | undefined): Pick<QueueSettings, "queue" | "cpus"> => ({
  queue: "local",
  ...(cpus !== undefined && { cpus }),
});
