import { PNG } from "pngjs";
import { drawnPicture, escapeHtml, type Picture } from "tslab-widgets";
import { clearestAxis } from "../../display/motionFigure";
import { font, palette } from "../../display/theme";
import type { GaussianViewerState } from "./state";

/** Pixels along an edge of the picture, drawn at half that. */
const SIDE = 640;
/** Colours from unmoved to farthest. */
const STILL: Colour = [168, 186, 204];
const MOVED: Colour = [205, 73, 58];

type Colour = readonly [number, number, number];

/**
 * The viewer as a still picture, for pages without a kernel: shaded spheres seen along the axis along which most of the
 * motion is in the picture, redder the farther they are from the neutral model.
 */
export function gaussianPicture(state: GaussianViewerState): Picture {
  const { gaussians, neutral, boxSize, apix, title } = state;
  const count = neutral.length / 5;
  const edge = boxSize * apix;
  const name = title || "Gaussian model";
  const far = count > 0 ? farthest(state) : 0;
  const moved =
    far > 0.05 ? `, at most ${far.toFixed(1)} Å from the neutral model (red)` : ", in the neutral state";
  const text = `${name}: ${count} Gaussians in a box of ${edge.toFixed(0)} Å${moved}`;
  if (count === 0) return { text, html: `<span>${escapeHtml(text)}</span>` };
  const axis = clearestAxis(
    { count, params: neutral, boxSize, apix },
    { count, params: gaussians, boxSize, apix },
  );
  const png = drawn(state, { x: 0, y: 1, z: 2 }[axis], far);
  const side = SIDE / 2;
  const lines = wrapped(`${text}, seen along ${axis}`, CAPTION_LETTERS);
  const height = side + 8 + LINE * lines.length;
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${height}" viewBox="0 0 ${side} ${height}" style="max-width:100%;height:auto" role="img" aria-label="${escapeHtml(text)}, seen along ${axis}" font-family="${font}">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<image width="${side}" height="${side}" href="data:image/png;base64,${png.toString("base64")}"/>`,
    ...lines.map(
      (line, i) =>
        `<text x="4" y="${side + LINE * (i + 1) - 2}" font-size="12" fill="${palette.ink}">${escapeHtml(line)}</text>`,
    ),
    "</svg>",
  ].join("");
  return drawnPicture(text, svg, png);
}

/** Letters of the caption that fit into a line, and its height. */
const CAPTION_LETTERS = 54;
const LINE = 16;

/** Words in lines of at most so many letters. */
function wrapped(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Å between a Gaussian and its place in the neutral model. */
function moved({ gaussians, neutral, boxSize, apix }: GaussianViewerState, i: number): number {
  const count = neutral.length / 5;
  const d = [0, 1, 2].map((axis) => gaussians[axis * count + i]! - neutral[axis * count + i]!);
  return Math.hypot(...d) * boxSize * apix;
}

function farthest(state: GaussianViewerState): number {
  let far = 0;
  for (let i = 0; i < state.neutral.length / 5; i++) far = Math.max(far, moved(state, i));
  return far;
}

/** Spheres with light from above left, the nearer ones over the farther, on nothing. */
function drawn(state: GaussianViewerState, along: number, far: number): Buffer {
  const { gaussians, boxSize, sphereScale } = state;
  const count = gaussians.length / 5;
  // The motion figure shows y–z, x–z, x–y: seen from +x, −y, +z
  const [across, up] = [along === 0 ? 1 : 0, along === 2 ? 1 : 2];
  const nearness = along === 1 ? -1 : 1;
  const place = (row: number, i: number) => gaussians[row * count + i]!;
  let half = 1e-3;
  for (let i = 0; i < count; i++) {
    const rim = (place(4, i) / boxSize) * sphereScale;
    half = Math.max(half, Math.abs(place(across, i)) + rim, Math.abs(place(up, i)) + rim);
  }
  const scale = (0.49 * SIDE) / half;
  const depth = new Float32Array(SIDE * SIDE).fill(-Infinity);
  const png = new PNG({ width: SIDE, height: SIDE });
  for (let i = 0; i < count; i++) {
    const radius = Math.max(1.5, (place(4, i) / boxSize) * sphereScale * scale);
    const x0 = SIDE / 2 + place(across, i) * scale;
    const y0 = SIDE / 2 - place(up, i) * scale;
    const z0 = nearness * place(along, i) * scale;
    const part = far > 0.05 ? moved(state, i) / far : 0;
    const fade = 0.78 + 0.22 * Math.min(1, Math.max(-1, z0 / (0.45 * SIDE)));
    for (let y = Math.max(0, Math.ceil(y0 - radius)); y <= Math.min(SIDE - 1, y0 + radius); y++) {
      for (let x = Math.max(0, Math.ceil(x0 - radius)); x <= Math.min(SIDE - 1, x0 + radius); x++) {
        const [u, v] = [(x - x0) / radius, (y0 - y) / radius];
        const toFront = 1 - u * u - v * v;
        if (toFront <= 0) continue;
        const w = Math.sqrt(toFront);
        const at = y * SIDE + x;
        if (z0 + w * radius <= depth[at]!) continue;
        depth[at] = z0 + w * radius;
        const light =
          fade * (0.45 + 0.6 * Math.max(0, -0.45 * u + 0.55 * v + 0.7 * w)) * Math.min(1, 0.45 + w);
        for (let c = 0; c < 3; c++) {
          png.data[4 * at + c] = Math.min(255, light * (STILL[c]! + part * (MOVED[c]! - STILL[c]!)));
        }
        png.data[4 * at + 3] = 255;
      }
    }
  }
  return PNG.sync.write(png);
}
