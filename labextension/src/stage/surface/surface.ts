import type * as NglTypes from "ngl";
import { repeated, rgbOf } from "../colour.js";
import type { Box } from "../geometry.js";
import type { Drawn, Scene } from "../scene.js";
import { boxOfVolume, type FloatVolume } from "./floatVolume.js";
import { type SurfaceMesh, surfaceMesh } from "./mesh.js";

/** How a surface looks. */
export interface SurfaceStyle {
  /** In the units of the map. Negative: the surface around what is below it. */
  level: number;
  /** As #rrggbb. Default: a light blue-grey. */
  colour?: string;
  /** The colours [3V] of vertices [3V] in Å, in place of the one colour. Default: none. */
  paint?: ((position: Float32Array) => Float32Array) | undefined;
  /** 0 … 1. Default 1. */
  opacity?: number;
  /** Default true. */
  visible?: boolean;
  /** Pieces that are shorter than this along every axis are hidden, Å. Default 0: none. */
  dust?: number;
  /** Dark lines where the surface ends in front of something; only where it is opaque. Default true. */
  outline?: boolean;
  /** Whether a large map too is drawn finely at once. Default false. */
  finely?: boolean;
}

/** A surface on the screen. */
export interface SurfaceHandle {
  /** Changes what is given. */
  set(style: Partial<SurfaceStyle>): void;
  /** The box of the volume in Å. */
  readonly box: Box;
  /** Triangles of the surface as it is drawn; 0 if no voxel is beyond the level. */
  readonly triangles: number;
  /** Removes it. */
  dispose(): void;
}

/** Width of outlines, as a part of the longest edge of the surface's box. */
const outlineWidth = 0.004;
const outlineColour = [0.07, 0.07, 0.08] as const;
/** Milliseconds without a change after which a surface of many voxels is drawn finely. */
const restMilliseconds = 200;
/** A map of up to this many voxels is always drawn finely: it takes less than a tenth of a second. */
const quickVoxels = 48 ** 3;

/** What of a style is not given is undefined. */
type Style = Required<Omit<SurfaceStyle, "paint">> & Pick<SurfaceStyle, "paint">;

/**
 * Draws the surface at which a map has a level. While the level of a large map changes, it is drawn with the voxels as they are;
 * the finer surface follows when it is at rest.
 * @param onFine called when it has followed
 * @throws RangeError if the data do not fit the size
 */
export function addSurface(
  scene: Scene,
  volume: FloatVolume,
  style: SurfaceStyle,
  onFine: () => void = () => {},
): SurfaceHandle {
  checkSize(volume);
  return new Surface(scene, volume, style, onFine);
}

class Surface implements SurfaceHandle {
  readonly box: Box;
  private readonly style: Style;
  private mesh: SurfaceMesh | undefined;
  private drawn: Drawn[] = [];
  private resting: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly scene: Scene,
    private readonly volume: FloatVolume,
    style: SurfaceStyle,
    private readonly onFine: () => void,
  ) {
    this.box = boxOfVolume(volume);
    this.style = {
      colour: "#a8bfd6",
      opacity: 1,
      visible: true,
      dust: 0,
      outline: true,
      finely: false,
      ...style,
    };
    this.compute();
  }

  get triangles(): number {
    return this.drawn.length === 0 ? 0 : (this.mesh?.index.length ?? 0) / 3;
  }

  set(changed: Partial<SurfaceStyle>): void {
    const before = { ...this.style };
    Object.assign(this.style, changed);
    const has = (...keys: (keyof SurfaceStyle)[]) => keys.some((key) => this.style[key] !== before[key]);
    if (has("level", "dust") || (this.style.visible && !this.mesh)) this.compute();
    else if (has("colour", "paint", "opacity", "visible", "outline")) this.draw();
  }

  /** The surface at once, and a fine one as soon as nothing changes any more. */
  private compute(): void {
    clearTimeout(this.resting);
    this.mesh = undefined;
    if (this.style.visible) {
      const isQuick = this.style.finely || this.volume.data.length <= quickVoxels;
      this.make(isQuick);
      if (!isQuick) this.resting = setTimeout(() => this.refine(), restMilliseconds);
    } else this.draw();
  }

  private refine(): void {
    this.make(true);
    this.onFine();
  }

  private make(fine: boolean): void {
    if (this.scene.isDisposed) return;
    const { level, dust } = this.style;
    this.mesh = surfaceMesh(this.scene.ngl, this.volume, { level, dust, fine });
    this.draw();
  }

  private draw(): void {
    for (const drawn of this.drawn) drawn.dispose();
    this.drawn = [];
    const { scene, mesh, style } = this;
    if (!mesh || !style.visible || scene.isDisposed) return;
    this.drawn.push(scene.add(surfaceBuffer(scene, mesh, style)));
    if (style.outline && style.opacity >= 1) this.drawn.push(scene.add(outlineBuffer(scene, mesh)));
  }

  dispose(): void {
    clearTimeout(this.resting);
    this.style.visible = false;
    this.draw();
  }
}

function checkSize({ data, size: [nx, ny, nz] }: FloatVolume): void {
  if (data.length === nx * ny * nz) return;
  throw new RangeError(`expected ${nx * ny * nz} values for ${nx}×${ny}×${nz} voxels, found ${data.length}`);
}

function surfaceBuffer(
  { ngl }: Scene,
  { position, normal, index, light }: SurfaceMesh,
  { colour, paint, opacity }: Style,
): NglTypes.MeshBuffer {
  const color = paint ? paint(position) : repeated(rgbOf(colour), light.length);
  for (let i = 0; i < color.length; i++) color[i]! *= light[Math.floor(i / 3)]!;
  const buffer = new ngl.MeshBuffer(
    { position, normal, index, color },
    {
      opacity,
      // One layer where the surface is translucent, so that what is inside stays clear
      side: opacity < 1 ? "front" : "double",
      depthWrite: opacity >= 1,
      roughness: 0.6,
      metalness: 0,
    },
  );
  (buffer as { isSurface: boolean }).isSurface = true;
  return buffer;
}

/** The back of a slightly larger surface: it is seen only around the edges of what is in front of it. */
function outlineBuffer({ ngl }: Scene, { position, normal, index }: SurfaceMesh): NglTypes.MeshBuffer {
  const width = outlineWidth * longestEdge(position);
  const outside = position.map((place, i) => place + width * normal[i]!);
  return new ngl.MeshBuffer(
    { position: outside, normal, index, color: repeated(outlineColour, position.length / 3) },
    { side: "back", roughness: 1, metalness: 0 },
  );
}

function longestEdge(position: Float32Array): number {
  let longest = 0;
  for (let axis = 0; axis < 3; axis++) {
    let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = axis; i < position.length; i += 3) {
      lowest = Math.min(lowest, position[i]!);
      highest = Math.max(highest, position[i]!);
    }
    longest = Math.max(longest, highest - lowest);
  }
  return longest;
}
