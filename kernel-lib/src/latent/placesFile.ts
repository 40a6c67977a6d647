import path from "node:path";
import { InputError } from "../errors";
import { columnsOf, readNumberTable } from "../formats/numberTable";
import { readNumpyArray } from "../formats/numpyArray";
import { NumpyTable } from "../formats/numpyTable";
import { arraysIn, readPickle } from "../formats/pickle";

/** Places of particles in the latent space of any program. */
export interface Places {
  /** Dimensions of the latent space. */
  latent: number;
  /** [particles · latent] */
  places: Float64Array;
}

/** Options of {@link readPlaces}. */
export interface ReadPlacesOptions {
  /** Which array of a pickle: the keys and indices that lead to it, such as `zs/4`. Default: the only one with a row per particle. */
  array?: string | undefined;
}

/**
 * Reads places from a table with or without header (CSV, or text with blanks; a column `index` orders the rows), a NumPy array
 * (`.npy`, such as RECOVAR's `latent_coords.npy`), a pickle of arrays (`.pkl`), such as cryoDRGN's `z.24.pkl`, or a `.cs` file of
 * cryoSPARC's 3D Variability or 3D Flex, with `components_mode_0/value`, …. Of tables that this program writes only the coordinates
 * count: of `latents.csv` the refined ones. Pickles are read as data, nothing in them is executed.
 * @throws InputError for anything else, for numbers that are not finite, and for a pickle of several arrays, with their names
 * @example
 * ```ts no-run
 * const { latent, places } = await e2.latent.readPlaces("z.24.pkl");
 * console.log(places.length / latent, "particles");
 * ```
 */
export async function readPlaces(file: string, { array }: ReadPlacesOptions = {}): Promise<Places> {
  const kind = path.extname(file).toLowerCase();
  const isPickle = kind === ".pkl" || kind === ".pickle";
  if (kind === ".cs") return componentsOf(await NumpyTable.read(file));
  if (array !== undefined && !isPickle)
    throw new InputError("array", `a pickle (.pkl) to choose it from`, file);
  if (!isPickle && kind !== ".npy") {
    const table = await readNumberTable(file, { unnamed: "z" });
    const names = coordinateColumns(table.columns);
    return { latent: names.length, places: columnsOf(table, names, file) };
  }
  const { shape, values } = isPickle ? await pickled(file, array) : await readNumpyArray(file);
  const latent = shape[1] ?? 1;
  if (values.length === 0) throw new InputError(file, "a row for each particle", "none");
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new InputError(`${file}: row ${Math.floor(bad / latent)}`, "finite numbers", `${values[bad]}`);
  return { latent, places: values };
}

/** Values of cryoSPARC's variability components, in the order of their numbers. */
function componentsOf(table: NumpyTable): Places {
  const names = [...table.fields.keys()]
    .filter((name) => /^components_mode_\d+\/value$/.test(name))
    .sort((a, b) => Number(a.replace(/\D+/g, "")) - Number(b.replace(/\D+/g, "")));
  if (names.length === 0) {
    throw new InputError(
      table.file,
      "fields components_mode_0/value, …, which 3D Variability writes",
      "none",
    );
  }
  const columns = names.map((name) => table.numbers(name));
  const places = new Float64Array(table.count * names.length);
  for (const [d, values] of columns.entries()) {
    for (const [row, value] of values.entries()) {
      if (!Number.isFinite(value)) {
        throw new InputError(
          `${table.file}: row ${row + 1}, field ${names[d]}`,
          "a finite number",
          String(value),
        );
      }
      places[row * names.length + d] = value;
    }
  }
  return { latent: names.length, places };
}

/**
 * Places of any program as columns, for the explorer's `columns`, which can then be axes and colours.
 * @param label before the number of each axis. Default `z`
 * @throws InputError unless there is a place for each of `count` particles
 * @example
 * ```ts no-run
 * const run = await e2.openRun("run");
 * const theirs = await e2.latent.readPlaces("z.24.pkl");
 * const columns = e2.latent.placeColumns(theirs, run.record.particles, "cryoDRGN ");
 * await e2.explore(run, { columns });
 * ```
 */
export function placeColumns(
  { latent, places }: Places,
  count: number,
  label = "z",
): { name: string; values: Float64Array }[] {
  if (places.length !== latent * count) {
    throw new InputError("places", `those of ${count} particles`, String(places.length / latent));
  }
  return Array.from({ length: latent }, (_, d) => ({
    name: `${label}${d + 1}`,
    values: Float64Array.from({ length: count }, (_, i) => places[i * latent + d]!),
  }));
}

/** Columns of coordinates: not what is said about them. */
function coordinateColumns(names: readonly string[]): string[] {
  const refined = names.filter((name) => /^z\d+_refined$/.test(name));
  if (refined.length > 0) return refined;
  return names.filter((name) => name !== "index" && !/_(deviation|observability)$/.test(name));
}

async function pickled(
  file: string,
  name: string | undefined,
): Promise<{ shape: number[]; values: Float64Array }> {
  const arrays = arraysIn(await readPickle(file));
  const isPlaces = ({ shape }: { shape: number[] }) => shape.length === 1 || shape.length === 2;
  const named = arrays.filter((array) => isPlaces(array) && (name === undefined || array.name === name));
  if (named.length === 1) return named[0]!;
  const found = arrays
    .map((array) => `${array.name || "the pickle itself"} (${array.shape.join(" × ")})`)
    .join(", ");
  const expected =
    name === undefined ? "one array of one or two dimensions; name one of several" : `an array ${name}`;
  throw new InputError(file, expected, found || "no array of numbers");
}
