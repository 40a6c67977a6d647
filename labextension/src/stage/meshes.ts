import type * as NglTypes from "ngl";
import { repeated, rgbOf } from "./colour.js";
import type { Box, Vector } from "./geometry.js";
import type { Drawn, Ngl, Scene } from "./scene.js";

/** Arrows to draw, all of lengths above 0. */
export interface Arrows {
  /** Tails [3N] in Å. */
  from: Float32Array;
  /** Tips [3N] in Å. */
  to: Float32Array;
  /** Of the heads [N], Å; shafts have half of it. */
  radius: Float32Array;
  /** [3N], red, green, blue, each 0 … 1. */
  colour: Float32Array;
}

/** How a translucent shape looks. */
export interface ShapeStyle {
  /** As #rrggbb. */
  colour: string;
  /** 0 … 1. */
  opacity: number;
}

/** A flat picture in the volume. */
export interface Picture {
  /** Place of the centre of the first pixel in Å. */
  corner: Vector;
  /** Step from one pixel to the next along a row, in Å. */
  across: Vector;
  /** Step from one row to the next, in Å. */
  up: Vector;
  /** Pixels in a row. */
  width: number;
  /** Rows. */
  height: number;
  /** [3 · width · height], row after row, each 0 … 1. */
  colour: Float32Array;
}

/** Draws arrows. */
export function addArrows(scene: Scene, { from, to, radius, colour }: Arrows): Drawn {
  return scene.add(
    new scene.ngl.ArrowBuffer(
      { position1: from, position2: to, radius, color: colour },
      { aspectRatio: 2, radialSegments: 12 },
    ),
  );
}

/** Draws a translucent ball. */
export function addBall(
  scene: Scene,
  { centre, radius }: { centre: Vector; radius: number },
  { colour, opacity }: ShapeStyle,
): Drawn {
  return scene.add(
    new scene.ngl.SphereBuffer(
      {
        position: Float32Array.from(centre),
        radius: Float32Array.of(radius),
        color: Float32Array.from(rgbOf(colour)),
      },
      { opacity, depthWrite: false } as ConstructorParameters<Ngl["SphereBuffer"]>[1],
    ),
  );
}

/** Draws a translucent box. */
export function addBox(scene: Scene, box: Box, { colour, opacity }: ShapeStyle): Drawn {
  const { position, index } = boxFaces(box);
  return scene.add(
    new scene.ngl.MeshBuffer(
      { position, index, color: repeated(rgbOf(colour), position.length / 3) },
      { opacity, depthWrite: opacity >= 1, side: "double" },
    ),
  );
}

function boxFaces({ lowest, highest }: Box): { position: Float32Array; index: Uint32Array } {
  const position: number[] = [];
  const index: number[] = [];
  for (let axis = 0; axis < 3; axis++) {
    const [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
    const outline = [
      [lowest[u]!, lowest[v]!],
      [highest[u]!, lowest[v]!],
      [highest[u]!, highest[v]!],
      [lowest[u]!, highest[v]!],
    ] as const;
    for (const side of [lowest, highest]) {
      const first = position.length / 3;
      for (const [a, b] of outline) {
        const corner = [0, 0, 0];
        corner[axis] = side[axis]!;
        corner[u] = a;
        corner[v] = b;
        position.push(...corner);
      }
      index.push(first, first + 1, first + 2, first, first + 2, first + 3);
    }
  }
  return { position: Float32Array.from(position), index: Uint32Array.from(index) };
}

/** Draws a picture in its own colours, whatever the light. */
export function addPicture(scene: Scene, picture: Picture): Drawn {
  const buffer: NglTypes.MeshBuffer = new scene.ngl.MeshBuffer(
    { ...pictureMesh(picture), color: picture.colour },
    { side: "double" },
  );
  const drawn = scene.add(buffer);
  buffer.material.vertexShader = buffer.getVertexShader("background");
  buffer.material.fragmentShader = buffer.getFragmentShader("background");
  buffer.material.needsUpdate = true;
  return drawn;
}

/** A vertex for each pixel and two triangles between each four of them. */
function pictureMesh({ corner, across, up, width, height }: Picture) {
  const position = new Float32Array(3 * width * height);
  const index = new Uint32Array(6 * (width - 1) * (height - 1));
  for (let row = 0, at = 0, next = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      for (let axis = 0; axis < 3; axis++) {
        position[3 * at + axis] = corner[axis]! + column * across[axis]! + row * up[axis]!;
      }
      if (row === height - 1 || column === width - 1) continue;
      index.set([at, at + 1, at + width, at + 1, at + width + 1, at + width], next);
      next += 6;
    }
  }
  return { position, index };
}
