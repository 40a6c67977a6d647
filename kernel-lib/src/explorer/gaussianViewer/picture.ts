import { drawnPicture, escapeHtml, type Picture } from "tslab-widgets";
import { clearestAxis } from "../../display/motionFigure";
import { font, palette } from "../../display/theme";
import { wrapped } from "../../shortText";
import { displacement, drawSpheres, imageSide, minMotion } from "./pictureSpheres";
import type { GaussianViewerState } from "./state";

const captionLineLength = 54;
const captionLineHeight = 16;

/**
 * The viewer as a still picture, for pages without a kernel: shaded spheres, seen along the axis that shows most of the motion,
 * the redder the farther they are from the neutral model.
 */
export function gaussianPicture(state: GaussianViewerState): Picture {
  const { gaussians, neutral, boxSize, apix, title } = state;
  const count = neutral.length / 5;
  const farthest = Array.from({ length: count }, (_, i) => displacement(state, i)).reduce(
    (a, b) => Math.max(a, b),
    0,
  );
  const moved =
    farthest > minMotion
      ? `, at most ${farthest.toFixed(1)} Å from the neutral model (red)`
      : ", in the neutral state";
  const name = title || "Gaussian model";
  const text = `${name}: ${count} Gaussians in a box of ${(boxSize * apix).toFixed(0)} Å${moved}`;
  if (count === 0) return { text, html: `<span>${escapeHtml(text)}</span>` };
  const axis = clearestAxis(
    { count, params: neutral, boxSize, apix },
    { count, params: gaussians, boxSize, apix },
  );
  const png = drawSpheres(state, { x: 0, y: 1, z: 2 }[axis], farthest);
  // At half size, for screens of high resolution
  const side = imageSide / 2;
  const caption = `${text}, seen along ${axis}`;
  const lines = wrapped(caption, captionLineLength);
  const height = side + 8 + captionLineHeight * lines.length;
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${height}" viewBox="0 0 ${side} ${height}" style="max-width:100%;height:auto" role="img" aria-label="${escapeHtml(caption)}" font-family="${font}">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<image width="${side}" height="${side}" href="data:image/png;base64,${png.toString("base64")}"/>`,
    ...lines.map(
      (line, i) =>
        `<text x="4" y="${side + captionLineHeight * (i + 1) - 2}" font-size="12" fill="${palette.ink}">${escapeHtml(line)}</text>`,
    ),
    "</svg>",
  ].join("");
  return drawnPicture(text, svg, png);
}
