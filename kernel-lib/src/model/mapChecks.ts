import { InputError } from "../errors";
import type { Volume } from "../maps/volume";

/** Checks of a map before a Gaussian model is grown from it. */

/**
 * Checks that a map can be described by Gaussians.
 * @param name what to call the map in errors
 * @throws InputError unless the map is a cube of finite densities that are not all the same
 */
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
 * Checks the contrast of a map. Molecules are bright and compact: inverted contrast shows as a negative skewness with
 * the deepest minimum further from the mean than the highest maximum.
 * @param density  the map's values, low-passed
 * @param inverted whether the map has been negated already; only changes the message
 * @throws InputError when the contrast is inverted
 */
export function checkContrast(density: Float32Array, inverted = false): void {
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
    const remedy = inverted
      ? "the map is right without --invert-contrast"
      : "--invert-contrast, invertContrast in a notebook, negates a map of inverted contrast";
    throw new InputError(
      "map",
      `a molecule denser than its surroundings (${remedy})`,
      `a low-passed range from ${(least - average).toPrecision(3)} to ${(most - average).toPrecision(3)} around the mean`,
    );
  }
}

/** How many times a hot voxel exceeds its neighbours; no density that is sampled finely enough does. */
const hotFactor = 10;

/** A warning where the largest density of a map is a single voxel far above its neighbours, else undefined. */
export function hotVoxel({ data, size }: Volume): string | undefined {
  const [nx, ny, nz] = size;
  let hottest = 0;
  for (let i = 1; i < data.length; i++) if (Math.abs(data[i]!) > Math.abs(data[hottest]!)) hottest = i;
  const [x, y, z] = [hottest % nx, Math.floor(hottest / nx) % ny, Math.floor(hottest / (nx * ny))];
  let around = 0;
  for (const dz of [-1, 0, 1]) {
    for (const dy of [-1, 0, 1]) {
      for (const dx of [-1, 0, 1]) {
        const [px, py, pz] = [x + dx, y + dy, z + dz];
        if ((dx === 0 && dy === 0 && dz === 0) || px < 0 || py < 0 || pz < 0) continue;
        if (px >= nx || py >= ny || pz >= nz) continue;
        around = Math.max(around, Math.abs(data[(pz * ny + py) * nx + px]!));
      }
    }
  }
  const value = data[hottest]!;
  if (Math.abs(value) < hotFactor * around) return undefined;
  return (
    `voxel (${x}, ${y}, ${z}), counted from 0, has density ${Number(value.toPrecision(4))}, its neighbours at most ` +
    `${Number(around.toPrecision(4))}: this is not part of a molecule; mask it out, or replace it by the density around it`
  );
}
