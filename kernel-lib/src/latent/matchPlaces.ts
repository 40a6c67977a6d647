import { InputError } from "../errors";
import type { ParticleSet } from "../particles/particleSet";
import type { Places } from "./places";

/**
 * Places of the particles of a set, in its order, [count · latent]: by the names of the rows if they have any, else by order, rows being
 * those of the set or of the whole file. Names of images are compared without folders where that tells them apart.
 * @param file what to call the places in errors
 * @throws InputError for a particle without a place, two places of one name, and another number of rows
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const places = { latent: 1, places: Float64Array.from({ length: particles.count }, (_, i) => i) };
 * console.log(e2.latent.matchPlaces(places, particles.select([3, 4]))); // 3, 4
 * await particles.close();
 * ```
 */
export function matchPlaces(
  { latent, places, names }: Places,
  set: ParticleSet,
  file = "places",
): Float64Array {
  const rows = places.length / latent;
  const taken = (from: ArrayLike<number>) =>
    Float64Array.from({ length: set.count * latent }, (_, i) => {
      return places[from[Math.floor(i / latent)]! * latent + (i % latent)]!;
    });
  if (names) return taken(rowsByName(names, set, file));
  if (rows === set.count) return places.slice();
  const inFile = set.metadata.count;
  if (rows === inFile) return taken(set.rows);
  const expected = `a row for each of the ${set.count} particles of ${set.file}`;
  throw new InputError(
    file,
    inFile === set.count ? expected : `${expected}, or of the ${inFile} of the whole file`,
    `${rows}`,
  );
}

/** The row of each particle. */
function rowsByName(
  { column, values }: NonNullable<Places["names"]>,
  set: ParticleSet,
  file: string,
): Int32Array {
  const own = column === "uid" ? set.textColumn("uid") : imagesOf(set);
  const given = column === "uid" ? values : values.map(plainImage);
  return (
    rowsOf(own, given) ??
    rowsOf(own.map(withoutFolder), given.map(withoutFolder)) ??
    missing(own, given, { column, file, set })
  );
}

/** Images as `17@folder/stack.mrcs`, sections counted from 1. */
export function imagesOf(set: ParticleSet): string[] {
  return Array.from({ length: set.count }, (_, i) => {
    const { stack, section } = set.image(i);
    return `${section + 1}@${stack}`;
  });
}

/** The name of an image without zeros before its number; a name alone is the first image. */
function plainImage(name: string): string {
  const [, number, stack] = /^0*(\d+)@(.*)$/.exec(name) ?? [];
  return stack === undefined ? `1@${name}` : `${number}@${stack}`;
}

/** The name of an image without the folder of its stack, which a file that was written elsewhere names differently. */
export const withoutFolder = (name: string) => name.replace(/@.*\//, "@");

/** The row of each name; undefined if one is missing or stands twice. */
function rowsOf(own: readonly string[], given: readonly string[]): Int32Array | undefined {
  const at = new Map<string, number>();
  for (const [row, name] of given.entries()) at.set(name, at.has(name) ? -1 : row);
  const rows = Int32Array.from(own, (name) => at.get(name) ?? -1);
  return rows.includes(-1) ? undefined : rows;
}

function missing(
  own: readonly string[],
  given: readonly string[],
  { column, file, set }: { column: string; file: string; set: ParticleSet },
): never {
  const known = new Map<string, number>();
  for (const name of given.map(withoutFolder)) known.set(name, (known.get(name) ?? 0) + 1);
  const times = (name: string) => known.get(withoutFolder(name)) ?? 0;
  const lost = own.find((name) => times(name) !== 1) ?? own[0]!;
  const found = times(lost) === 0 ? "none" : `${times(lost)}`;
  throw new InputError(file, `one row with the ${column} ${lost}, as in ${set.file}`, found);
}
