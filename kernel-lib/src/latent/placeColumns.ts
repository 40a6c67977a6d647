import { InputError } from "../errors";
import type { Places } from "./places";

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
