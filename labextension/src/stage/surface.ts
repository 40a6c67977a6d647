import type * as NglTypes from "ngl";
import { repeated, rgbOf } from "./colour.js";
import type { Box, Vector } from "./geometry.js";
import type { Drawn, Scene } from "./scene.js";

/** A map as floats. */
export interface FloatVolume {
  /** [z][y][x], x fastest. */
  data: Float32Array;
  /** Voxels along x, y, z. */
  size: Vector;
  /** Å per voxel. */
  apix: number;
  /** Place of voxel (0, 0, 0) in Å. */
  origin: Vector;
}

/** How a surface looks. */
export interface SurfaceStyle {
  /** In the units of the map. Negative: the surface around what is below it. */
  level: number;
  /** As #rrggbb. Default: a light blue-grey. */
  colour?: string;
  /** 0 … 1. Default 1. */
  opacity?: number;
  /** Default true. */
  visible?: boolean;
}

/** A surface on the screen. */
export interface SurfaceHandle {
  /** Changes what is given. A new level computes the surface again: 30–150 ms for 128³ voxels. */
  set(style: Partial<SurfaceStyle>): void;
  /** The box of the volume in Å. */
  readonly box: Box;
  /** Triangles of the surface as it is drawn; 0 if no voxel is beyond the level. */
  readonly triangles: number;
  /** Removes it. */
  dispose(): void;
}

/**
 * Draws the surface at which a map has a level.
 * @throws RangeError if the data do not fit the size
 */
export function addSurface(scene: Scene, volume: FloatVolume, style: SurfaceStyle): SurfaceHandle {
  const { apix, origin, size } = volume;
  const source = nglVolume(scene, volume);
  const now = { colour: "#a8bfd6", opacity: 1, visible: true, ...style };
  let drawn: Drawn | undefined;
  let triangles = 0;
  const draw = () => {
    drawn?.dispose();
    drawn = undefined;
    triangles = 0;
    if (!now.visible || scene.isDisposed) return;
    const mesh = surfaceMesh(scene, source, now);
    if (!mesh) return;
    triangles = mesh.triangles;
    drawn = scene.add(mesh.buffer);
  };
  draw();
  return {
    set: (changed) => {
      const before = { ...now };
      Object.assign(now, changed);
      const same = (Object.keys(now) as (keyof typeof now)[]).every((key) => now[key] === before[key]);
      if (!same) draw();
    },
    box: {
      lowest: origin,
      highest: origin.map((place, axis) => place + (size[axis]! - 1) * apix) as unknown as Vector,
    },
    get triangles() {
      return triangles;
    },
    dispose: () => {
      drawn?.dispose();
      source.dispose();
    },
  };
}

/** A new NGL volume for each map: NGL's caches the surface of the data that it saw first. */
function nglVolume({ ngl }: Scene, { data, size, apix, origin }: FloatVolume): NglTypes.Volume {
  const [nx, ny, nz] = size;
  if (data.length !== nx * ny * nz) {
    throw new RangeError(
      `expected ${nx * ny * nz} values for ${nx}×${ny}×${nz} voxels, found ${data.length}`,
    );
  }
  const source = new ngl.Volume("", "", data, nx, ny, nz);
  source.setMatrix(
    new ngl.Matrix4().set(
      ...[apix, 0, 0, origin[0]],
      ...[0, apix, 0, origin[1]],
      ...[0, 0, apix, origin[2]],
      ...([0, 0, 0, 1] as [number, number, number, number]),
    ),
  );
  return source;
}

function surfaceMesh(
  { ngl }: Scene,
  source: NglTypes.Volume,
  { level, colour, opacity }: Required<SurfaceStyle>,
): { buffer: NglTypes.MeshBuffer; triangles: number } | undefined {
  const none = undefined as never;
  const surface = source.getSurface(level, 0, none, 0, false);
  const index = surface.getIndex();
  const position = surface.getPosition();
  if (!index || !position || index.length === 0) return undefined;
  const normal = surface.getNormal();
  const data = { position, index, color: repeated(rgbOf(colour), position.length / 3) };
  const buffer = new ngl.MeshBuffer(normal ? { ...data, normal } : data, {
    opacity,
    // One layer where the surface is translucent, so that what is inside stays clear
    side: opacity < 1 ? "front" : "double",
    depthWrite: opacity >= 1,
    roughness: 0.6,
    metalness: 0,
  });
  (buffer as { isSurface: boolean }).isSurface = true;
  return { buffer, triangles: index.length / 3 };
}
