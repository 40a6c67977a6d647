import type { TaskOptions } from "../../progress";
import type { RingWeights } from "../weights";
import type { ImageCtf } from "./defocusFit";

/** Options of `measureMisfit`. */
export interface MisfitOptions extends TaskOptions {
  weights: RingWeights;
  /** Particles to take the sample from, ascending. */
  particles: Int32Array;
  /** CTF of a particle. Default: none have one. */
  ctf?: (particle: number) => ImageCtf | undefined;
}
