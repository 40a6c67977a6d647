import { InputError } from "../errors";
import type { Volume } from "../maps/volume";

/** What a map must be to have a Gaussian model built from it. */

/** @throws InputError unless the map is a cube of finite densities that are not all the same */
export function checkMap(map: Volume, name: string): void {
  const [nx, ny, nz] = map.size;
  if (nx !== ny || ny !== nz) throw new InputError(name, "a cubic map", `${nx}×${ny}×${nz} voxels`);
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < map.data.length; i++) {
    const v = map.data[i]!;
    if (!Number.isFinite(v)) throw new InputError(`${name}: voxel ${i}`, "a finite density", String(v));
    if (v < least) least = v;
    if (v > most) most = v;
  }
  if (least === most) throw new InputError(name, "a density that varies", `${least} in every voxel`);
}

/**
 * Molecules are bright and compact: where the deepest hole outdoes the highest peak, the contrast is inverted.
 * @param density the map's values, low-passed
 * @throws InputError when it is
 */
export function checkContrast(density: Float32Array): void {
  let least = 0;
  let most = 0;
  let sum = 0;
  let cube = 0;
  for (const v of density) {
    sum += v;
    if (v < least) least = v;
    if (v > most) most = v;
  }
  const average = sum / density.length;
  for (const v of density) cube += (v - average) ** 3;
  if (cube < 0 && most - average < average - least) {
    throw new InputError(
      "map",
      "density above its surroundings where the molecule is (multiply the map by −1 if its contrast is inverted)",
      `a low-passed range from ${(least - average).toPrecision(3)} to ${(most - average).toPrecision(3)} around the mean`,
    );
  }
}
