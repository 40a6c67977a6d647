import { PNG } from "pngjs";
import type { GaussianViewerState } from "./state";

/** Pixels along an edge of the image. */
export const imageSide = 640;
/** Colours of Gaussians that have not moved, and of the one that has moved farthest. */
const unmovedColour: Rgb = [168, 186, 204];
const movedColour: Rgb = [205, 73, 58];
/** Å below which a motion is not shown. */
export const minMotion = 0.05;

type Rgb = readonly [number, number, number];

/** Distance in Å between a Gaussian and its position in the neutral model. */
export function displacement({ gaussians, neutral, boxSize, apix }: GaussianViewerState, i: number): number {
  const count = neutral.length / 5;
  const d = [0, 1, 2].map((axis) => gaussians[axis * count + i]! - neutral[axis * count + i]!);
  return Math.hypot(...d) * boxSize * apix;
}

/** A sphere in pixels from the top left, with its depth: larger `z` is nearer. */
interface Sphere {
  x: number;
  y: number;
  z: number;
  radius: number;
  colour: Rgb;
}

/**
 * Shaded spheres seen along an axis (0 to 2), lit from the upper left, as PNG with a transparent background.
 * @param farthest Å that the Gaussian with the full colour has moved
 */
export function drawSpheres(state: GaussianViewerState, axis: number, farthest: number): Buffer {
  const depth = new Float32Array(imageSide * imageSide).fill(-Infinity);
  const png = new PNG({ width: imageSide, height: imageSide });
  for (const sphere of spheres(state, axis, farthest)) drawSphere(png.data, depth, sphere);
  return PNG.sync.write(png);
}

function spheres(state: GaussianViewerState, axis: number, farthest: number): Sphere[] {
  const { gaussians, boxSize, sphereScale } = state;
  const count = gaussians.length / 5;
  // As in motion figures: y–z, x–z or x–y, seen from +x, −y or +z
  const [horizontal, vertical] = [axis === 0 ? 1 : 0, axis === 2 ? 1 : 2];
  const towardsViewer = axis === 1 ? -1 : 1;
  const value = (row: number, i: number) => gaussians[row * count + i]!;
  const radius = (i: number) => (value(4, i) / boxSize) * sphereScale;
  let half = 1e-3;
  for (let i = 0; i < count; i++) {
    const extent = Math.max(Math.abs(value(horizontal, i)), Math.abs(value(vertical, i)));
    half = Math.max(half, extent + radius(i));
  }
  const scale = (0.49 * imageSide) / half;
  return Array.from({ length: count }, (_, i) => {
    const part = farthest > minMotion ? displacement(state, i) / farthest : 0;
    return {
      x: imageSide / 2 + value(horizontal, i) * scale,
      y: imageSide / 2 - value(vertical, i) * scale,
      z: towardsViewer * value(axis, i) * scale,
      radius: Math.max(1.5, radius(i) * scale),
      colour: unmovedColour.map((c, k) => c + part * (movedColour[k]! - c)) as unknown as Rgb,
    };
  });
}

/** @param depth of the nearest surface at each pixel so far */
function drawSphere(
  data: Buffer,
  depth: Float32Array,
  { x: x0, y: y0, z: z0, radius, colour }: Sphere,
): void {
  const fade = 0.78 + 0.22 * Math.min(1, Math.max(-1, z0 / (0.45 * imageSide)));
  const last = imageSide - 1;
  for (let y = Math.max(0, Math.ceil(y0 - radius)); y <= Math.min(last, y0 + radius); y++) {
    for (let x = Math.max(0, Math.ceil(x0 - radius)); x <= Math.min(last, x0 + radius); x++) {
      const [u, v] = [(x - x0) / radius, (y0 - y) / radius];
      const squared = 1 - u * u - v * v;
      if (squared <= 0) continue;
      const w = Math.sqrt(squared);
      const at = y * imageSide + x;
      if (z0 + w * radius <= depth[at]!) continue;
      depth[at] = z0 + w * radius;
      const diffuse = Math.max(0, -0.45 * u + 0.55 * v + 0.7 * w);
      const light = fade * (0.45 + 0.6 * diffuse) * Math.min(1, 0.45 + w);
      for (let c = 0; c < 3; c++) data[4 * at + c] = Math.min(255, light * colour[c]!);
      data[4 * at + 3] = 255;
    }
  }
}
