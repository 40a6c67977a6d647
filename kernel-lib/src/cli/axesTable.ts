import type { LatentAxis } from "../training/runs/run";
import { writeRows } from "../writeRows";
import type { UsedParticles } from "./usedParticles";

/** A column of the table: its name, and the text of the particle at position `at`. */
type Column = [name: string, text: (at: number) => string];

/**
 * Writes the places of particles along the axes of their run as CSV: `conformation1_A` in Å from the mean, `composition1_density` in fractions
 * of the density, each with its standard deviation, and how much of the axis the view of the particle tells.
 */
export function writeAxesTable(
  file: string,
  { indices, points, deviations, observability }: UsedParticles,
  axes: readonly LatentAxis[],
): Promise<void> {
  const latent = axes.length;
  const columns: Column[] = axes.flatMap((axis, d) => {
    const name = `${axis.kind}${axis.number}`;
    const place = (at: number) => points[at * latent + d]!;
    const along = (unit: string, length: (z: number) => number): Column[] => [
      [`${name}_${unit}`, (at) => length(place(at)).toFixed(4)],
      ...(deviations
        ? [
            [
              `${name}_${unit}_deviation`,
              (at) => {
                const deviation = deviations[at * latent + d]!;
                return ((length(place(at) + deviation) - length(place(at) - deviation)) / 2).toFixed(4);
              },
            ] satisfies Column,
          ]
        : []),
    ];
    return [
      ...(axis.kind === "composition" ? [] : along("A", (z) => axis.angstrom(z))),
      ...(axis.kind === "conformation" ? [] : along("density", (z) => axis.densityChange(z))),
      ...(observability
        ? [[`${name}_observability`, (at) => observability[at * latent + d]!.toFixed(3)] satisfies Column]
        : []),
    ];
  });
  const header = ["index", ...columns.map(([name]) => name)].join(",");
  return writeRows(file, header, indices.length, (at) =>
    [indices[at], ...columns.map(([, text]) => text(at))].join(","),
  );
}
