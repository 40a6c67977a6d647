import { PNG } from "pngjs";
import { escapeMarkup } from "tslab-widgets/display";
import { InputError } from "../errors";
import type { MapImage } from "../maps/sections";
import { checkNumbers, shortNumber } from "./checks";
import { Figure } from "./figure";
import { font, palette } from "./theme";

export interface MontageOptions {
  title?: string;
  /** Pictures in a row. Default: as many as make rows of at most 900 pixels. */
  columns?: number;
  /** Edge of a picture's longer side in screen pixels. Default 140. */
  size?: number;
  /**
   * Grey values: `each` picture from its own darkest to its brightest, or all on one scale, so that they can be
   * compared. Default `each`.
   */
  contrast?: "each" | "shared";
  /** Draws a bar of a round length in Å under the pictures. Default true. */
  scaleBar?: boolean;
}

export interface LabelledImage {
  label?: string;
  image: MapImage;
}

const GAP = 8;
const LABEL = 18;
const MARGIN = 14;
/** What is darker or brighter than this part of the pixels is drawn black or white. */
const CLIPPED = 0.002;

/**
 * Pictures in rows, in grey, y upwards: sections and projections of maps, particles.
 *
 * @throws InputError where there is no picture, or a pixel is not a number
 */
export function montageFigure(pictures: readonly LabelledImage[], options: MontageOptions = {}): Figure {
  if (pictures.length === 0) throw new InputError("pictures", "at least one", "none");
  pictures.forEach(({ label, image }, p) => {
    checkNumbers(`picture ${p + 1}${label ? ` (${label})` : ""}`, image.data);
  });
  const { size = 140, title } = options;
  const columns = options.columns ?? Math.max(1, Math.min(pictures.length, Math.floor(900 / (size + GAP))));
  if (!Number.isInteger(columns) || columns < 1) {
    throw new InputError("columns", "an integer of 1 or more", String(columns));
  }
  const labels = pictures.map(({ label }) => label ?? "");
  const description =
    `${title ? `${title}: ` : ""}${pictures.length} ${pictures.length === 1 ? "picture" : "pictures"}` +
    (labels.some((label) => label !== "") ? ` (${labels.filter((label) => label !== "").join(", ")})` : "");
  return new Figure(description, () => drawMontage(pictures, columns, size, options));
}

function drawMontage(
  pictures: readonly LabelledImage[],
  columns: number,
  size: number,
  options: MontageOptions,
): string {
  const { title, contrast = "each", scaleBar = true } = options;
  const labelled = pictures.some(({ label }) => label);
  const ranges =
    contrast === "shared"
      ? pictures.map(constant(greyRange(pictures.map(({ image }) => image.data))))
      : pictures.map(({ image }) => greyRange([image.data]));
  const rows = Math.ceil(pictures.length / columns);
  const rowHeight = size + GAP + (labelled ? LABEL : 0);
  const top = MARGIN + (title ? 28 : 0);
  const bar = scaleBar ? barOf(pictures[0]!.image, size) : undefined;
  const width = Math.max(
    2 * MARGIN + Math.min(columns, pictures.length) * (size + GAP) - GAP,
    title ? 2 * MARGIN + 8.5 * title.length : 0,
  );
  const height = top + rows * rowHeight - GAP + (bar ? 26 : 0) + MARGIN;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escapeMarkup(font)}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
  ];
  if (title) {
    parts.push(
      `<text x="${MARGIN}" y="${MARGIN + 13}" font-size="15" font-weight="600" fill="${palette.ink}">${escapeMarkup(title)}</text>`,
    );
  }
  pictures.forEach(({ label, image }, p) => {
    const x = MARGIN + (p % columns) * (size + GAP);
    const y = top + Math.floor(p / columns) * rowHeight;
    if (label) {
      parts.push(
        `<text x="${x}" y="${y + 12}" font-size="12.5" fill="${palette.ink}">${escapeMarkup(fitted(label, size))}</text>`,
      );
    }
    const longest = Math.max(image.width, image.height);
    const [w, h] = [(size * image.width) / longest, (size * image.height) / longest];
    parts.push(
      `<image x="${x}" y="${y + (labelled ? LABEL : 0)}" width="${w}" height="${h}" preserveAspectRatio="none" href="data:image/png;base64,${greyPng(image, ranges[p]!).toString("base64")}"/>`,
    );
  });
  if (bar) {
    const y = top + rows * rowHeight + 4;
    parts.push(
      `<rect x="${MARGIN}" y="${y}" width="${bar.pixels.toFixed(1)}" height="4" fill="${palette.ink}"/>`,
      `<text x="${(MARGIN + bar.pixels + 8).toFixed(1)}" y="${y + 7}" font-size="12.5" fill="${palette.ink}">${shortNumber(bar.length)} Å</text>`,
    );
  }
  return `${parts.join("")}</svg>`;
}

const constant =
  <T>(value: T) =>
  () =>
    value;

/** A label that is no wider than its picture. */
function fitted(label: string, size: number): string {
  const most = Math.max(4, Math.floor(size / 6.2));
  return label.length <= most ? label : `${label.slice(0, most - 1)}…`;
}

/** The bar of a round length that is nearest to a third of a picture. */
function barOf(image: MapImage, size: number): { length: number; pixels: number } {
  const pixelsPerAngstrom = size / (Math.max(image.width, image.height) * image.apix);
  const wanted = size / 3 / pixelsPerAngstrom;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const length = power * ([5, 2].find((step) => step * power <= wanted) ?? 1);
  return { length, pixels: length * pixelsPerAngstrom };
}

type GreyRange = readonly [number, number];

function greyRange(pictures: readonly Float32Array[]): GreyRange {
  const all = new Float32Array(pictures.reduce((sum, data) => sum + data.length, 0));
  let at = 0;
  for (const data of pictures) {
    all.set(data, at);
    at += data.length;
  }
  all.sort();
  return [all[Math.floor(CLIPPED * (all.length - 1))]!, all[Math.ceil((1 - CLIPPED) * (all.length - 1))]!];
}

/** A grey PNG of a picture, y upwards; what has no contrast is mid-grey. */
function greyPng({ data, width, height }: MapImage, [black, white]: GreyRange): Buffer {
  const png = new PNG({ width, height, colorType: 0, inputColorType: 0, bitDepth: 8, inputHasAlpha: false });
  const grey = Buffer.alloc(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = data[(height - 1 - y) * width + x]!;
      const part = white > black ? (value - black) / (white - black) : 0.5;
      grey[y * width + x] = Math.round(255 * Math.min(1, Math.max(0, part)));
    }
  }
  png.data = grey;
  return PNG.sync.write(png, { colorType: 0, inputColorType: 0, inputHasAlpha: false });
}
