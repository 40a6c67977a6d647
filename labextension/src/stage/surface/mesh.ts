import type { Ngl } from "../scene.js";
import { withoutDust } from "./dust.js";
import { cutOut, type FloatVolume, valueAt } from "./floatVolume.js";
import { lightAt } from "./occlusion.js";
import { refined } from "./refine.js";

/** Triangles of a surface. */
export interface SurfaceMesh {
  /** [3 · vertices] in Å. */
  position: Float32Array;
  /** [3 · vertices], of length 1, away from what is beyond the level. */
  normal: Float32Array;
  /** [3 · triangles]. */
  index: Uint32Array | Uint16Array;
  /** [vertices], 0 … 1: the light that reaches them. */
  light: Float32Array;
}

/** How a surface is computed. */
export interface MeshOptions {
  /** In the units of the map. Negative: the surface around what is below it. */
  level: number;
  /** Pieces that are shorter than this along every axis are hidden, Å. 0: none. */
  dust: number;
  /** Finer than the voxels, and with grooves in shadow; takes about five times as long. */
  fine: boolean;
}

/** Voxels of the finer grid at most: 160³. */
const finestVoxels = 160 ** 3;
/** Size of the grooves that are darkened, as a part of the longest edge of the surface's box. */
const grooves = 0.12;

/** Computes the surface of a map; undefined if no voxel is beyond the level. */
export function surfaceMesh(ngl: Ngl, volume: FloatVolume, options: MeshOptions): SurfaceMesh | undefined {
  const { level, dust, fine } = options;
  const { volume: clean, block } = withoutDust(volume, level, dust);
  if (!block) return undefined;
  const longest = Math.max(...block.highest.map((at, axis) => at - block.lowest[axis]! + 1));
  const reach = Math.max(4, longest * grooves);
  const part = cutOut(clean, block, 2);
  const factor = fine ? finerBy(part) : 1;
  // Between voxels that are hardly below the level the finer grid may have new specks
  const fineVolume = factor === 1 ? part : withoutDust(refined(part, factor), level, dust).volume;
  const found = triangles(ngl, fineVolume, level);
  if (!found) return undefined;
  const normal = normalsAt(fineVolume, found.position, level < 0 ? 1 : -1);
  const mesh = { position: found.position, normal, index: facingOutwards(found, normal) };
  const light = fine
    ? lightAt(cutOut(clean, block, Math.ceil(2 * reach)), level, mesh, reach * volume.apix)
    : new Float32Array(mesh.position.length / 3).fill(1);
  return { ...mesh, light };
}

/** By how much the grid is made finer: three times at most, which smooths the steps of voxels. */
function finerBy({ data }: FloatVolume): number {
  const factor = Math.floor(Math.cbrt(finestVoxels / data.length));
  return Math.min(3, Math.max(1, factor));
}

function triangles(
  ngl: Ngl,
  { data, size, apix, origin }: FloatVolume,
  level: number,
): Pick<SurfaceMesh, "position" | "index"> | undefined {
  const source = new ngl.Volume("", "", data, ...size);
  source.setMatrix(
    new ngl.Matrix4().set(
      ...[apix, 0, 0, origin[0]],
      ...[0, apix, 0, origin[1]],
      ...[0, 0, apix, origin[2]],
      ...([0, 0, 0, 1] as [number, number, number, number]),
    ),
  );
  const none = undefined as never;
  const surface = source.getSurface(level, 0, none, 0, false);
  const [index, position] = [surface.getIndex(), surface.getPosition()];
  source.dispose();
  if (!index || !position || index.length === 0) return undefined;
  return { index, position };
}

/** Directions of length 1 along the gradient, or against it with `sign` −1; NGL's own normals are those of the voxels. */
function normalsAt(volume: FloatVolume, position: Float32Array, sign: 1 | -1): Float32Array {
  const value = valueAt(volume);
  const { origin, apix } = volume;
  const normal = new Float32Array(position.length);
  for (let i = 0; i < position.length; i += 3) {
    const x = (position[i]! - origin[0]) / apix;
    const y = (position[i + 1]! - origin[1]) / apix;
    const z = (position[i + 2]! - origin[2]) / apix;
    const dx = value(x + 1, y, z) - value(x - 1, y, z);
    const dy = value(x, y + 1, z) - value(x, y - 1, z);
    const dz = value(x, y, z + 1) - value(x, y, z - 1);
    const length = sign * Math.hypot(dx, dy, dz) || 1;
    normal[i] = dx / length;
    normal[i + 1] = dy / length;
    normal[i + 2] = dz / length;
  }
  return normal;
}

/** The triangles in the order in which their fronts are outside; NGL's are the other way round. */
function facingOutwards(
  { position, index }: Pick<SurfaceMesh, "position" | "index">,
  normal: Float32Array,
): SurfaceMesh["index"] {
  let facing = 0;
  for (let i = 0; i < Math.min(index.length, 300); i += 3) {
    const [a, b, c] = [3 * index[i]!, 3 * index[i + 1]!, 3 * index[i + 2]!];
    const [u, v] = [0, 1].map((k) => [0, 1, 2].map((x) => position[(k ? c : b) + x]! - position[a + x]!));
    const [ux, uy, uz] = u as [number, number, number];
    const [vx, vy, vz] = v as [number, number, number];
    facing +=
      (uy * vz - uz * vy) * normal[a]! +
      (uz * vx - ux * vz) * normal[a + 1]! +
      (ux * vy - uy * vx) * normal[a + 2]!;
  }
  if (facing >= 0) return index;
  const turned = index.slice();
  for (let i = 0; i < index.length; i += 3) {
    turned[i + 1] = index[i + 2]!;
    turned[i + 2] = index[i + 1]!;
  }
  return turned;
}
