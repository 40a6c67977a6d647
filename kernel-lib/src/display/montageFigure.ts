import { PNG } from "pngjs";
import { escapeMarkup } from "tslab-widgets/display";
import { InputError } from "../errors";
import type { MapImage } from "../maps/sections";
import { shorten } from "../shortText";
import { checkNumbers, shortNumber } from "./checks";
import { Figure } from "./figure";
import { font, palette } from "./theme";

/** Options of a montage. */
export interface MontageFigureOptions {
  /** Above the images. Default none. */
  title?: string;
  /** Images in a row. Default as many as fit into 900 pixels. */
  columns?: number;
  /** Length of the longer side of an image in screen pixels. Default 140. */
  size?: number;
  /**
   * Grey scale: `each` image from its own darkest to its brightest pixel, or one `shared` by all, so that they can be
   * compared. Default `each`.
   */
  contrast?: "each" | "shared";
  /** Whether a bar of a round length in Å is drawn below the images. Default true. */
  scaleBar?: boolean;
}

/** An image with its label. */
export interface LabelledImage {
  /** Above the image. Default none. */
  label?: string;
  /** Grey values and Å per pixel. */
  image: MapImage;
}

const gap = 8;
const labelHeight = 18;
const margin = 14;
const titleHeight = 28;
const scaleBarHeight = 26;
const maxRowWidth = 900;
/** Width of a letter in pixels, for labels and titles. */
const letterWidth = { label: 6.2, title: 8.5 };
/** Fraction of the pixels at either end of the grey scale that is black or white. */
const clipped = 0.002;

/**
 * Grey images in rows, y upwards: sections and projections of maps, particles.
 *
 * @throws InputError if there is no image, or a pixel is not finite
 *
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * const images = [
 *   { label: "section", image: e2.maps.section(map, "z") },
 *   { label: "projection", image: e2.maps.projectAlong(map, "z") },
 * ];
 * await e2.show(e2.figures.montage(images));
 * ```
 */
export function montageFigure(images: readonly LabelledImage[], options: MontageFigureOptions = {}): Figure {
  if (images.length === 0) throw new InputError("pictures", "at least one", "none");
  images.forEach(({ label, image }, i) => {
    checkNumbers(`picture ${i + 1}${label ? ` (${label})` : ""}`, image.data);
  });
  const { size = 140, title } = options;
  const fitting = Math.max(1, Math.min(images.length, Math.floor(maxRowWidth / (size + gap))));
  const { columns = fitting } = options;
  if (!Number.isInteger(columns) || columns < 1) {
    throw new InputError("columns", "an integer of 1 or more", String(columns));
  }
  const labels = images.map(({ label }) => label ?? "").filter((label) => label !== "");
  const description =
    `${title ? `${title}: ` : ""}${images.length} ${images.length === 1 ? "picture" : "pictures"}` +
    (labels.length > 0 ? ` (${labels.join(", ")})` : "");
  return new Figure(description, () => drawMontage(images, { ...options, size, columns }));
}

type Layout = MontageFigureOptions & Required<Pick<MontageFigureOptions, "size" | "columns">>;

function drawMontage(images: readonly LabelledImage[], layout: Layout): string {
  const { title, scaleBar = true, size, columns } = layout;
  const top = margin + (title ? titleHeight : 0);
  const rowHeight = size + gap + (images.some(({ label }) => label) ? labelHeight : 0);
  const bottom = top + Math.ceil(images.length / columns) * rowHeight;
  const width = Math.max(
    2 * margin + Math.min(columns, images.length) * (size + gap) - gap,
    title ? 2 * margin + letterWidth.title * title.length : 0,
  );
  const height = bottom - gap + (scaleBar ? scaleBarHeight : 0) + margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escapeMarkup(font)}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...(title
      ? [
          `<text x="${margin}" y="${margin + 13}" font-size="15" font-weight="600" fill="${palette.ink}">${escapeMarkup(title)}</text>`,
        ]
      : []),
    ...drawImages(images, layout, top, rowHeight),
    ...(scaleBar ? drawScaleBar(images[0]!.image, size, bottom + 4) : []),
    "</svg>",
  ].join("");
}

function drawImages(
  images: readonly LabelledImage[],
  { size, columns, contrast = "each" }: Layout,
  top: number,
  rowHeight: number,
): string[] {
  const shared = contrast === "shared" ? greyRange(images.map(({ image }) => image.data)) : undefined;
  const maxLength = Math.max(4, Math.floor(size / letterWidth.label));
  return images.flatMap(({ label, image }, i) => {
    const x = margin + (i % columns) * (size + gap);
    const y = top + Math.floor(i / columns) * rowHeight;
    const longest = Math.max(image.width, image.height);
    const [w, h] = [(size * image.width) / longest, (size * image.height) / longest];
    const png = greyPng(image, shared ?? greyRange([image.data])).toString("base64");
    return [
      ...(label
        ? [
            `<text x="${x}" y="${y + 12}" font-size="12.5" fill="${palette.ink}">${escapeMarkup(shorten(label, maxLength))}</text>`,
          ]
        : []),
      `<image x="${x}" y="${y + rowHeight - size - gap}" width="${w}" height="${h}" preserveAspectRatio="none" href="data:image/png;base64,${png}"/>`,
    ];
  });
}

/** A bar of the largest round length of at most a third of an image. */
function drawScaleBar(image: MapImage, size: number, y: number): string[] {
  const pixelsPerAngstrom = size / (Math.max(image.width, image.height) * image.apix);
  const longest = size / 3 / pixelsPerAngstrom;
  const power = 10 ** Math.floor(Math.log10(longest));
  const length = power * ([5, 2].find((step) => step * power <= longest) ?? 1);
  const pixels = length * pixelsPerAngstrom;
  return [
    `<rect x="${margin}" y="${y}" width="${pixels.toFixed(1)}" height="4" fill="${palette.ink}"/>`,
    `<text x="${(margin + pixels + 8).toFixed(1)}" y="${y + 7}" font-size="12.5" fill="${palette.ink}">${shortNumber(length)} Å</text>`,
  ];
}

/** Values that are drawn black and white. */
type GreyRange = readonly [number, number];

function greyRange(images: readonly Float32Array[]): GreyRange {
  const all = new Float32Array(images.reduce((sum, data) => sum + data.length, 0));
  let at = 0;
  for (const data of images) {
    all.set(data, at);
    at += data.length;
  }
  all.sort();
  return [all[Math.floor(clipped * (all.length - 1))]!, all[Math.ceil((1 - clipped) * (all.length - 1))]!];
}

/** A grey PNG, y upwards; mid-grey if there is no contrast. */
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
