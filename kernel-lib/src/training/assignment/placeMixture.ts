/** A mixture of k normal distributions in a latent space. */
export interface PlaceMixture {
  /** Fraction of the population in each, [k]. */
  weights: Float64Array;
  /** [k · latent] */
  means: Float64Array;
  /** Of the places themselves, without the errors of the images, symmetric, [k · latent · latent]. */
  covariances: Float64Array;
}

/** How the covariances of a mixture are estimated: one for each component, one for all, or none, for places without spread. */
export type Spreads = "own" | "tied" | "none";

/** Log-likelihoods of particles around places, up to second order: of each particle around one place for each component. */
export interface Expansions {
  /** Axes. */
  latent: number;
  /** First row of each particle, and the number of rows, [particles + 1]. */
  first: Int32Array;
  /** Component of each row. */
  component: Int32Array;
  /** Places around which they are, [rows · latent]. */
  at: Float64Array;
  /** Log-likelihood there, [rows]. */
  value: Float64Array;
  /** Its derivatives, [rows · latent]. */
  gradient: Float64Array;
  /** Its expected negative second derivatives, [rows · latent · latent]. */
  curvature: Float64Array;
}

/** Expansions without numbers, of the components that each particle has rows for. */
export function emptyExpansions(latent: number, components: readonly (readonly number[])[]): Expansions {
  const first = new Int32Array(components.length + 1);
  components.forEach(({ length }, i) => {
    first[i + 1] = first[i]! + length;
  });
  const rows = first.at(-1)!;
  return {
    ...{ latent, first },
    component: Int32Array.from(components.flat()),
    at: new Float64Array(rows * latent),
    value: new Float64Array(rows),
    gradient: new Float64Array(rows * latent),
    curvature: new Float64Array(rows * latent * latent),
  };
}
