import { filterVolume } from "../maps/filter";
import { resizeVolume } from "../maps/resize";
import type { Volume } from "../maps/volume";
import { molecularVoxels } from "./seeding";

/** In Å: low-passed to here a map has shape without detail. */
const shapeResolution = 12;

/** A Gaussian fall-off to 1/e at {@link shapeResolution}. @param frequency in 1/Å */
export function shapeFilter(frequency: number): number {
  return Math.exp(-((frequency * shapeResolution) ** 2));
}

/** The map without background, times the mask if there is one. */
export function inMask(map: Volume, mask: Volume | undefined): Volume {
  const level = withoutBackground(map);
  return mask ? multiplied(level, mask) : level;
}

/** Volume of the molecule in Å³, inside the mask if there is one. */
export function volumeInMask(map: Volume, mask: Volume | undefined): number {
  const masked = inMask(map, mask);
  const length = map.size[0] * map.apix;
  const size = Math.min(map.size[0], 2 * Math.ceil((1.5 * length) / shapeResolution));
  const small = size < map.size[0] ? resizeVolume(masked, { size }) : masked;
  const smooth = filterVolume(small, shapeFilter);
  return molecularVoxels(smooth.data) * small.apix ** 3;
}

/**
 * The map minus the median density of its corners, outside the sphere that touches the faces of the box. A constant
 * solvent density makes the box a visible cube in oblique projections, which neither Gaussians nor particles show.
 */
function withoutBackground(map: Volume): Volume {
  const n = map.size[0];
  const origin = Math.floor(n / 2);
  const outside = new Float32Array(map.data.length);
  let count = 0;
  // An odd step visits all columns of an even box; a million voxels are enough for a median.
  for (let i = 0; i < map.data.length; i += Math.floor(map.data.length / 1e6) | 1) {
    const [x, y, z] = [i % n, Math.floor(i / n) % n, Math.floor(i / (n * n))];
    if (Math.hypot(x - origin, y - origin, z - origin) > n / 2) outside[count++] = map.data[i]!;
  }
  const median = outside.subarray(0, count).sort()[count >> 1] ?? 0;
  return { ...map, data: map.data.map((v) => v - median) };
}

function multiplied(map: Volume, mask: Volume): Volume {
  return { ...map, data: map.data.map((v, i) => v * mask.data[i]!) };
}
