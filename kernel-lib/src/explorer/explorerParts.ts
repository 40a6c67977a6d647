import type { Widget } from "tslab-widgets";
import type { SetTable } from "../workbench/setTable";
import type { Workbench } from "../workbench/workbench";
import type { BackgroundJobs } from "./backgroundJobs";
import type { ExploredRun } from "./exploredRun";
import type { explorerTraits } from "./explorerState";
import type { GaussianViewer } from "./gaussianViewer/gaussianViewer";
import type { LatentScatter } from "./latentScatter/latentScatter";

/** The explorer's own traits as its components see them. */
export type ExplorerPage = Pick<Widget<typeof explorerTraits>, "get" | "set" | "closed">;

/**
 * The owners of an explorer's state. Each component takes those that it needs (`Pick<ExplorerParts, …>`), so that its
 * constructor tells what it reads and changes.
 */
export interface ExplorerParts {
  /** Messages, progress and history, shown by pages. Never used as a source of truth. */
  page: ExplorerPage;
  /** Run, latent coordinates, particles. */
  explored: ExploredRun;
  /** Probe, path, selection. */
  scatter: LatentScatter;
  /** Content of the 3-D view: model, maps, recorded motion, arrows. */
  viewer: GaussianViewer;
  /** The particle sets. */
  sets: SetTable;
  /** What is kept of the work: these sets, paths, views, notes. */
  workbench: Workbench;
  /** The thread for long computations. */
  jobs: BackgroundJobs;
}
