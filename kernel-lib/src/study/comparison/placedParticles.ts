/** The same particles in the latent spaces of two parts. */
export interface PlacedParticles {
  /** Places in the first space, [particles · dimensions]. */
  first: Float32Array;
  /** Axes of the first space. */
  firstAxes: number;
  /** Places in the second space, [particles · dimensions]. */
  second: Float32Array;
  /** Axes of the second space. */
  secondAxes: number;
}

/** Number of particles. */
export const countPlaced = ({ first, firstAxes }: PlacedParticles): number => first.length / firstAxes;
