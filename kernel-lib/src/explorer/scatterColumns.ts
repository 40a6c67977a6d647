import { columnsOf } from "../latent/selection";
import { type ParticleColumn, particleColumn, particleColumns } from "../particles/particleColumns";
import type { ParticleSet } from "../particles/particleSet";
import type { ExplorerParts } from "./explorerParts";
import { outlierColumns } from "./latentScatter/outlierColumn";
import type { OfferedColumn, ScatterColumn } from "./latentScatter/table";

/** Columns with more categories are not offered. */
const maxCategories = 60;

/** Adds columns to the scatter: the caller's, those of the particles, and that of the outliers found in training. */
export class ScatterColumns {
  /** @param given columns of the caller */
  constructor(
    private readonly parts: Pick<ExplorerParts, "page" | "explored" | "scatter">,
    private readonly given: readonly (ScatterColumn | ParticleColumn)[],
  ) {}

  /** Adds all columns; called when the first latent coordinates are available. */
  offer(): void {
    const { explored, scatter } = this.parts;
    const { count, particles } = explored;
    if (count === 0) return;
    for (const column of this.given) scatter.setColumn(column);
    if (particles?.count === count) {
      for (const column of derivedColumns(particles)) scatter.setColumn(column);
      scatter.offerColumns(fileColumns(particles));
    }
    this.offerDeviations();
    this.offerOutliers();
  }

  /** Offers the standard deviations of the latent coordinates, where they are known: how well each image tells its place. */
  offerDeviations(): void {
    const { explored, scatter } = this.parts;
    const { deviations, latent } = explored;
    if (!deviations || deviations.length === 0) return;
    scatter.offerColumns(
      Array.from({ length: latent }, (_, d) => ({
        name: `deviation of z${d + 1}`,
        read: () => columnsOf(deviations, latent, [d])[0]!,
      })),
    );
  }

  /** Adds the column of outliers, read in the background; called when the first run is available. */
  offerOutliers(): void {
    const { explored, page, scatter } = this.parts;
    const { run, count } = explored;
    if (!run || count === 0 || count !== run.record.particles) return;
    outlierColumns(run).then(
      (columns) => {
        if (!page.closed) for (const column of columns) scatter.setColumn(column);
      },
      (error: Error) => page.set({ status: error.message }),
    );
  }
}

/** Columns derived from poses, CTF and image names; categories only if they differ and are not too many. */
function derivedColumns(particles: ParticleSet): ParticleColumn[] {
  return particleColumns(particles)
    .filter(({ inFile }) => !inFile)
    .map(({ name }) => particleColumn(particles, name))
    .filter(
      (column) =>
        column.kind === "number" || (column.names.length > 1 && column.names.length <= maxCategories),
    );
}

/** Names of images are different for each particle, and mean nothing as numbers. */
const nameOfEach = "rlnImageName";

/**
 * All columns of the file, as numbers: text, such as the names of micrographs, as the place of each word among all in order. A word in a
 * column whose first rows are numbers is no number.
 */
function fileColumns(particles: ParticleSet): OfferedColumn[] {
  return particleColumns(particles)
    .filter(({ inFile, name }) => inFile && name !== nameOfEach)
    .map(({ name, kind, unit }) =>
      kind === "number"
        ? { name, ...(unit && { unit }), read: () => numbersIn(particleColumn(particles, name)) }
        : { name: `${name}, in order`, read: () => placesIn(particleColumn(particles, name, "category")) },
    );
}

function numbersIn(column: ParticleColumn): ArrayLike<number> {
  if (column.kind === "number") return column.values;
  const values = column.names.map((word) => (word.trim() === "" ? Number.NaN : Number(word)));
  return Float64Array.from(column.codes, (code) => values[code]!);
}

function placesIn(column: ParticleColumn): ArrayLike<number> {
  return column.kind === "number" ? column.values : column.codes;
}
