import { InputError } from "../../errors";
import { contourLines, levelEnclosing } from "../../latent/contours";
import { populationDensity } from "../../latent/populationDensity";
import { populationMap } from "../../latent/populationMap";
import { columnsOf } from "../../latent/selection";
import { histogramBins } from "./drawnPoints";
import { histogramAxis, type ScatterTable } from "./table";
import type { AxisNames } from "./viewAxes";

/** Fractions of the population that its outlines over two axes enclose. */
const enclosed = [0.5, 0.95];
/** Fewest particles of which a density is drawn. */
const fewest = 30;

/**
 * The population without the errors of the particles' places, as lines over two axes of the latent space: outlines of its densest half
 * and 95 %, or over the histogram of the only axis the histogram that it would have. Computed once for each pair of axes.
 */
export class PopulationLines {
  private errors: Float32Array | undefined;
  private readonly known = new Map<string, Float32Array>();

  constructor(private readonly table: ScatterTable) {}

  /** Sets the standard deviations of the places, [n · latent], after the places have changed; undefined: not known. */
  setDeviations(deviations: Float32Array | undefined): void {
    const { count, latent } = this.table;
    this.errors = deviations?.length === count * latent && count >= fewest ? deviations : undefined;
    this.known.clear();
  }

  /** Whether there are lines over these axes. */
  covers({ x, y, z }: AxisNames): boolean {
    return this.errors !== undefined && z === null && x !== y && [x, y].every((name) => this.isCovered(name));
  }

  private isCovered(name: string): boolean {
    return this.table.latentIndex(name) >= 0 || (this.table.latent === 1 && name === histogramAxis);
  }

  /** The lines over these axes: x and y of each point, NaN between lines. Empty where there are none. */
  over(axes: AxisNames): Float32Array {
    if (!this.covers(axes)) return new Float32Array(0);
    const key = JSON.stringify([axes.x, axes.y]);
    const lines = this.known.get(key) ?? this.compute(axes);
    this.known.set(key, lines);
    return lines;
  }

  private compute({ x, y }: AxisNames): Float32Array {
    const { table, errors } = this;
    if (table.latent === 1) return curve(table.values("z1"), errors!, x === histogramAxis);
    const columns = [x, y].map((name) => table.latentIndex(name));
    const of = (values: Float32Array) => {
      const [first, second] = columnsOf(values, table.latent, columns);
      return Float32Array.from(
        { length: 2 * table.count },
        (_, i) => (i % 2 === 0 ? first! : second!)[i >> 1]!,
      );
    };
    return joined(() => {
      const map = populationMap(of(table.latents), of(errors!));
      return enclosed.flatMap((fraction) =>
        contourLines({ ...map, values: map.density }, levelEnclosing(map.density, fraction)),
      );
    });
  }
}

/** The histogram that the population would have. @param lying whether the histogram is along x */
function curve(values: Float32Array, errors: Float32Array, lying: boolean): Float32Array {
  return joined(() => {
    const { places, density } = populationDensity(values, errors, { resamplings: 2 });
    const { width } = histogramBins(values);
    const line = new Float64Array(2 * places.length);
    places.forEach((place, i) => {
      line[2 * i + Number(lying)] = place;
      line[2 * i + Number(!lying)] = density[i]! * values.length * width;
    });
    return [line];
  });
}

/** Lines as one array, NaN between them; empty if particles are all alike or not finite, of which there is no density. */
function joined(linesOf: () => Float64Array[]): Float32Array {
  try {
    return Float32Array.from(
      linesOf().flatMap((line, i) => [...(i > 0 ? [Number.NaN, Number.NaN] : []), ...line]),
    );
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return new Float32Array(0);
  }
}
