import { type FloatVolume, valueAt } from "./floatVolume.js";

/** Light that reaches a place whose surroundings are filled, relative to one on a plane. */
const darkest = 0.35;
/** Above this many voxels every second is enough. */
const thinVoxels = 128 ** 3;

/**
 * How much of the light from all around reaches each vertex, 1 on a plane or a bump and less in grooves: from the part of the
 * surroundings of a point above the vertex that the molecule fills. The surroundings are three passes of a box, close to a Gaussian.
 * @param volume  all that is drawn and its surroundings
 * @param reach   size of the grooves in Å
 * @returns [vertices]
 */
export function lightAt(
  volume: FloatVolume,
  level: number,
  { position, normal }: { position: Float32Array; normal: Float32Array },
  reach: number,
): Float32Array {
  const surroundings = filledAround(thinned(volume), level, reach / 2);
  const light = new Float32Array(position.length / 3);
  const at = valueAt(surroundings);
  const { origin, apix } = surroundings;
  const value = (vertex: number) => {
    const [x, y, z] = [0, 1, 2].map((axis) => {
      const place = position[3 * vertex + axis]! + 0.6 * reach * normal[3 * vertex + axis]!;
      return (place - origin[axis]!) / apix;
    }) as [number, number, number];
    return at(x, y, z);
  };
  for (let vertex = 0; vertex < light.length; vertex++) {
    // 0.15 above a plane, where the kernel reaches into the molecule; 0.8 at the bottom of a deep groove
    const t = Math.min(1, Math.max(0, (value(vertex) - 0.12) / 0.6));
    light[vertex] = 1 - (1 - darkest) * t * (2 - t);
  }
  return light;
}

/** Every second voxel of a large volume: grooves are wider than that. */
function thinned(volume: FloatVolume): FloatVolume {
  if (volume.data.length <= thinVoxels) return volume;
  const [nx, ny] = volume.size;
  const size = volume.size.map((n) => Math.ceil(n / 2)) as [number, number, number];
  const data = new Float32Array(size[0] * size[1] * size[2]);
  let to = 0;
  for (let z = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      const row = 2 * nx * (y + ny * z);
      for (let x = 0; x < size[0]; x++) data[to++] = volume.data[row + 2 * x]!;
    }
  }
  return { data, size, apix: 2 * volume.apix, origin: volume.origin };
}

/** The part of the voxels around each voxel that are beyond the level. @param radius of the surroundings in Å */
function filledAround(volume: FloatVolume, level: number, radius: number): FloatVolume {
  const half = Math.ceil(Math.max(1, radius / volume.apix) / 2);
  let filled = volume.data.map((value) => ((level < 0 ? value < level : value > level) ? 1 : 0));
  for (let pass = 0; pass < 3; pass++) {
    for (let axis = 0; axis < 3; axis++) filled = meansAlong(filled, volume.size, axis, half);
  }
  return { ...volume, data: filled };
}

/** Means over 2 · radius + 1 voxels along an axis; outside the volume nothing is filled. */
function meansAlong(data: Float32Array, size: readonly number[], axis: number, radius: number): Float32Array {
  const n = size[axis]!;
  const stride = size.slice(0, axis).reduce((a, b) => a * b, 1);
  const out = new Float32Array(data.length);
  for (let line = 0; line < data.length / n; line++) {
    const first = (line % stride) + Math.floor(line / stride) * stride * n;
    let sum = 0;
    for (let i = 0; i < Math.min(radius, n); i++) sum += data[first + i * stride]!;
    for (let i = 0; i < n; i++) {
      if (i + radius < n) sum += data[first + (i + radius) * stride]!;
      if (i - radius > 0) sum -= data[first + (i - radius - 1) * stride]!;
      out[first + i * stride] = sum / (2 * radius + 1);
    }
  }
  return out;
}
