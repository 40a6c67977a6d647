import type { ParticleColumn } from "../../particles/particleColumns";
import type { ScatterColumn } from "./table";

/** Image of a particle, [size · size]. */
export interface Thumbnail {
  /** Pixels along each edge. */
  size: number;
  /** Grey values, [size · size]. */
  pixels: Float32Array;
}

/** Options of a scatter. */
export interface LatentScatterOptions {
  /** Latent coordinates of all particles, [n · latent]. */
  latents: Float32Array;
  /** Dimensions of the latent space. */
  latent: number;
  /** Standard deviations of the latent coordinates, [n · latent], with which the population can be drawn. Default none. */
  deviations?: Float32Array | undefined;
  /** Further axes and colours: columns of the particle file, a UMAP. Default none. */
  columns?: readonly (ScatterColumn | ParticleColumn)[];
  /** Title above the plot. Default none. */
  title?: string;
  /** Image of the particle under the pointer. Default none. */
  thumbnail?: (row: number) => Promise<Thumbnail>;
  /** Seed of the subset that is drawn of more than 100,000 particles. Default 1. */
  seed?: number;
  /** Height of a view in pixels. Default 560. */
  height?: number;
}
