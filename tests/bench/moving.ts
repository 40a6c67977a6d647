import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";

/** Centre of a Gaussian. */
type Place = readonly number[];

function places({ count, params }: e2.model.GaussianModel): Place[] {
  return Array.from({ length: count }, (_, i) => [0, 1, 2].map((axis) => params[axis * count + i]!));
}

const distance = (a: Place, b: Place) => Math.hypot(...a.map((x, axis) => x - b[axis]!));

/**
 * Gaussians of a trained model near what moves between two states of a design: nearer to a moving part, wherever it is on its way,
 * than to any part that stands still.
 * @param states two models of the design with the same parts
 */
export function gaussiansOfPart(
  neutral: e2.model.GaussianModel,
  [from, to]: readonly [e2.model.GaussianModel, e2.model.GaussianModel],
): Int32Array {
  const [a, b] = [places(from), places(to)];
  const moving = a.flatMap((place, i) => {
    if (distance(place, b[i]!) < 1e-6) return [];
    const way = [0, 0.25, 0.5, 0.75, 1];
    return way.map((part) => place.map((x, axis) => x + part * (b[i]![axis]! - x)));
  });
  const still = a.filter((place, i) => distance(place, b[i]!) < 1e-6);
  const nearest = (place: Place, others: readonly Place[]) =>
    Math.min(...others.map((other) => distance(place, other)));
  return Int32Array.from(
    places(neutral).flatMap((place, i) => (nearest(place, moving) < nearest(place, still) ? [i] : [])),
  );
}

/** Models of a design, made anew with few particles. */
export async function modelsOf(
  simulate: (folder: string) => Promise<e2.simulate.SimulatedData>,
): Promise<e2.model.GaussianModel[]> {
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-bench-"));
  try {
    return [...(await simulate(path.join(folder, "design"))).models];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Mean place of the particles whose true coordinate is this, with the prior that holds places back removed, [latent]. */
export function meanPlace(
  { refined, standardDeviation }: e2.training.Latents,
  latent: number,
  chosen: (particle: number) => boolean,
): number[] {
  const { points, deviations } = e2.latent.withoutPrior(refined, standardDeviation, latent);
  return Array.from({ length: latent }, (_, d) => {
    let [sum, total] = [0, 0];
    for (let i = 0; i * latent < points.length; i++) {
      if (!chosen(i)) continue;
      const weight = 1 / deviations[i * latent + d]! ** 2;
      sum += weight * points[i * latent + d]!;
      total += weight;
    }
    return sum / total;
  });
}
