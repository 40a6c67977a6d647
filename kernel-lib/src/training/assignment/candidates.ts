import { cholesky, solveCholesky } from "../../cholesky";
import type { Expansions, PlaceMixture } from "./placeMixture";

/** Components with a lower probability by the place of a particle are not compared with its image, but for the likeliest ones. */
const unlikely = 1e-4;
/** Components that every particle is compared with. */
const atLeast = 3;

/** Places of some particles, as their posterior gives them. */
export interface Placed {
  /** [n · latent] */
  means: Float32Array;
  /** [n · latent] */
  deviations: Float32Array;
  /** Probability of each component of the mixture of these places, [n · k]. */
  responsibilities: Float32Array;
}

/** Components of a mixture that may be those of a particle, by its place. Those of weight 0 are not. */
export function candidatesOf(
  { responsibilities }: Placed,
  i: number,
  { weights }: Pick<PlaceMixture, "weights">,
): number[] {
  const k = weights.length;
  const share = (c: number) => responsibilities[i * k + c]!;
  const alive = [...weights.keys()].filter((c) => weights[c]! > 0).sort((a, b) => share(b) - share(a));
  return alive.filter((c, at) => at < atLeast || share(c) > unlikely).sort((a, b) => a - b);
}

/** Begins each row where the place of its particle and its component meet: μ + Σ·(Σ + S)⁻¹·(m − μ), S the posterior's covariance. */
export function startAtPlaces(
  { first, component, latent: n, at }: Expansions,
  { means, covariances }: PlaceMixture,
  placed: Placed,
): void {
  const sum = new Float64Array(n * n);
  for (let i = 0; i + 1 < first.length; i++) {
    for (let row = first[i]!; row < first[i + 1]!; row++) {
      const c = component[row]!;
      const away = Float64Array.from({ length: n }, (_, d) => placed.means[i * n + d]! - means[c * n + d]!);
      sum.set(covariances.subarray(c * n * n, (c + 1) * n * n));
      for (let d = 0; d < n; d++) sum[d * n + d]! += placed.deviations[i * n + d]! ** 2;
      const pulled = solveCholesky(cholesky(sum, n), away);
      for (let d = 0; d < n; d++) {
        let step = 0;
        for (let e = 0; e < n; e++) step += covariances[(c * n + d) * n + e]! * pulled[e]!;
        at[row * n + d] = means[c * n + d]! + step;
      }
    }
  }
}
