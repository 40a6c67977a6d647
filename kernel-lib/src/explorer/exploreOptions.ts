import type { ParticleColumn } from "../particles/particleColumns";
import type { ParticleSet } from "../particles/particleSet";
import type { ScatterColumn } from "./latentScatter/table";

/** Options of an explorer. */
export interface ExploreOptions {
  /** The particles of the run, in its order. Default: those of the training, if their file still exists. */
  particles?: ParticleSet;
  /** Folder of the image stacks. Default: that of the training. */
  dataFolder?: string;
  /** Columns to use as axes or colours, in addition to those derived from the particle file. Default none. */
  columns?: readonly (ScatterColumn | ParticleColumn)[];
  /** Box in voxels of reconstructed maps; at most that of the images. Default 128. */
  mapBox?: number;
  /** Which latent coordinates to show. Default `refined`. */
  latents?: "refined" | "encoder";
  /**
   * Whether sets, maps, paths, views and notes are kept in the run folder (`workbench/`), and those of earlier explorers are shown.
   * Default true.
   */
  keep?: boolean;
  /** Title above scatter and viewer. Default none. */
  title?: string;
}
