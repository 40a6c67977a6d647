import path from "node:path";
import { InputError } from "../errors";
import { columnsOf, readNumberTable } from "../formats/numberTable";
import { readNumpyArray } from "../formats/numpyArray";
import { NumpyTable } from "../formats/numpyTable";
import { arraysIn, readPickle } from "../formats/pickle";
import { namedTable } from "./namedTable";
import type { Places } from "./places";

/** Options of {@link readPlaces}. */
export interface ReadPlacesOptions {
  /** Which array of a pickle: the keys and indices that lead to it, such as `zs/4`. Default: the only one with a row per particle. */
  array?: string | undefined;
}

/**
 * Reads places from a table with or without header (CSV, or text with blanks; a column `index` orders the rows), a NumPy array
 * (`.npy`), a pickle of arrays (`.pkl`), such as cryoDRGN's `z.24.pkl`, or the components of cryoSPARC's 3D variability or 3D Flex (`.cs`).
 * Pickles are read as data, nothing in them is executed. A column of the table with the name of the image (`image`, `_rlnImageName`), and the
 * `uid` of cryoSPARC, say which particle a row is of. Of tables that this program writes only the coordinates count: of `latents.csv` the
 * refined ones.
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
  if (array !== undefined && !isPickle)
    throw new InputError("array", `a pickle (.pkl) to choose it from`, file);
  if (kind === ".cs") return components(file);
  if (!isPickle && kind !== ".npy") {
    const named = await namedTable(file);
    if (named) return named;
    const table = await readNumberTable(file, { unnamed: "z" });
    const names = placeColumns(table.columns);
    return { latent: names.length, places: columnsOf(table, names, file) };
  }
  const { shape, values } = isPickle ? await pickled(file, array) : await readNumpyArray(file);
  const latent = shape[1] ?? 1;
  if (values.length === 0) throw new InputError(file, "a row for each particle", "none");
  checkFinite(values, latent, file);
  return { latent, places: values };
}

/** Components `components_mode_0/value`, … of the particles of cryoSPARC. @throws InputError for a file without any */
async function components(file: string): Promise<Places> {
  const table = await NumpyTable.read(file);
  const fields: string[] = [];
  while (table.has(`components_mode_${fields.length}/value`))
    fields.push(`components_mode_${fields.length}/value`);
  const latent = fields.length;
  if (latent === 0)
    throw new InputError(file, "the field components_mode_0/value", [...table.fields.keys()].join(" "));
  const places = new Float64Array(table.count * latent);
  for (const [d, field] of fields.entries()) {
    const values = table.numbers(field, 0);
    for (let i = 0; i < values.length; i++) places[i * latent + d] = values[i]!;
  }
  checkFinite(places, latent, file);
  return {
    latent,
    places,
    ...(table.has("uid") && { names: { column: "uid" as const, values: table.text("uid") } }),
  };
}

function checkFinite(values: Float64Array, latent: number, file: string): void {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new InputError(`${file}: row ${Math.floor(bad / latent)}`, "finite numbers", `${values[bad]}`);
}

/** Columns of coordinates: not what is said about them. */
function placeColumns(names: readonly string[]): string[] {
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
