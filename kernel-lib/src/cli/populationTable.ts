import { InputError } from "../errors";
import { populationDensity } from "../latent/populationDensity";
import type { LatentAxis } from "../training/runs/run";
import type { UsedParticles } from "./usedParticles";

/**
 * The density of the population along each axis as CSV, with the errors of the places taken out: `place` is the latent coordinate,
 * `length` its distance from the mean in Å, or for composition as a fraction of the density, and `density` the fraction of the
 * population per unit of the latent coordinate.
 * @throws InputError for the encoder's coordinates, whose errors are not known
 */
export function populationTable(
  { points, deviations }: UsedParticles,
  axes: readonly LatentAxis[],
  seed: number,
): string {
  if (!deviations)
    throw new InputError("--population", "refined coordinates, whose errors are known", "--encoder");
  const latent = axes.length;
  const rows = axes.flatMap((axis, d) => {
    const along = (values: Float32Array) => values.filter((_, i) => i % latent === d);
    const { places, density, standardError } = populationDensity(along(points), along(deviations), { seed });
    return Array.from(places, (z, g) =>
      [
        axis.name,
        z.toFixed(4),
        (axis.kind === "composition" ? axis.densityChange(z) : axis.angstrom(z)).toFixed(4),
        density[g]!.toFixed(6),
        standardError[g]!.toFixed(6),
      ].join(","),
    );
  });
  return `${["axis,place,length,density,standard_error", ...rows].join("\n")}\n`;
}
