import { PNG } from "pngjs";
import { type Marker, markers, palette } from "../../display/theme";
import { densityCells } from "./drawnPoints";
import { type AxisRange, fraction, pictureFrame, plotHeight, plotWidth } from "./pictureFrame";
import { withinRange } from "./ranges";
import type { LatentScatterState, ShownAxis } from "./state";

/** The points of a scatter as an image, which stays small however many there are. */

type Rgb = readonly [number, number, number];

/** Viridis (Smith and van der Walt, 2015) at equal distances. */
const viridis: readonly Rgb[] = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [110, 206, 88],
  [181, 222, 43],
  [253, 231, 37],
];

/** The colour of a number in the range of the colouring; `part` is clamped to 0 … 1. */
export function rampColour(part: number): Rgb {
  const at = Math.min(Math.max(part, 0), 1) * (viridis.length - 1);
  const [a, b] = [viridis[Math.floor(at)]!, viridis[Math.ceil(at)]!];
  const t = at - Math.floor(at);
  return [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2])];
}

function rgb(colour: string): Rgb {
  const digits = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (!digits) return rgb(palette.blue);
  return [1, 2, 3].map((i) => Number.parseInt(digits[i]!, 16)) as unknown as Rgb;
}

/** Colours of the drawn points; null for hidden ones. */
function pointColours(state: LatentScatterState): (i: number) => Rgb | null {
  const { colouring, colourNumbers, colourCodes, colourRange } = state;
  switch (colouring.kind) {
    case "none": {
      const colour = rgb(palette.blue);
      return () => colour;
    }
    case "number": {
      const missing = rgb(palette.grey);
      const isShown = colourRange ? withinRange(colourRange) : () => true;
      return (i) => {
        const value = colourNumbers[i]!;
        if (!isShown(value)) return null;
        return Number.isNaN(value) ? missing : rampColour(fraction(colouring, value));
      };
    }
    default: {
      const colours = colouring.categories.map(({ name, colour }) =>
        state.hidden.includes(name) ? null : rgb(colour),
      );
      return (i) => colours[colourCodes[i]!] ?? null;
    }
  }
}

/** Index among `markers` for each drawn point. */
function pointMarkers({ colouring, colourCodes }: LatentScatterState): (i: number) => number {
  if (!("categories" in colouring)) return () => 0;
  const indices = colouring.categories.map(({ marker }) => markers.indexOf(marker));
  return (i) => indices[colourCodes[i]!] ?? 0;
}

/** Pixels of a marker, relative to its middle. */
function markerPixels(marker: Marker, size: number): (readonly [number, number])[] {
  const middle = (size - 1) / 2;
  const inside: Record<Marker, (dx: number, dy: number) => boolean> = {
    circle: (dx, dy) => Math.hypot(dx, dy) < size / 2 - 0.1,
    square: () => true,
    diamond: (dx, dy) => Math.abs(dx) + Math.abs(dy) <= middle,
    cross: (dx, dy) => dx === 0 || dy === 0,
  };
  const offsets = Array.from({ length: size }, (_, i) => i - middle);
  return offsets.flatMap((dy) =>
    offsets.filter((dx) => inside[marker](dx, dy)).map((dx) => [dx, dy] as const),
  );
}

/** A white image that is painted on with partly transparent colours. */
class Canvas {
  private readonly png = new PNG({ width: plotWidth, height: plotHeight });

  constructor() {
    this.png.data.fill(255);
  }

  paint(x: number, y: number, colour: Rgb, opacity: number): void {
    if (x < 0 || y < 0 || x >= plotWidth || y >= plotHeight) return;
    const { data } = this.png;
    const at = 4 * (y * plotWidth + x);
    for (let c = 0; c < 3; c++) data[at + c] = data[at + c]! + opacity * (colour[c]! - data[at + c]!);
  }

  encode(): Buffer {
    return PNG.sync.write(this.png, { colorType: 2 });
  }
}

/** The plotting area of a scatter as PNG: density and points. */
export function rasterPoints(state: LatentScatterState): Buffer {
  const canvas = new Canvas();
  if (state.shown) {
    paintDensity(canvas, state);
    paintPoints(canvas, state);
  }
  return canvas.encode();
}

function paintDensity(canvas: Canvas, state: LatentScatterState): void {
  const { shown, density, densityCounts } = state;
  if (!density || !shown) return;
  const frame = pictureFrame(state);
  const blue = rgb(palette.blue);
  const cell = (part: number, range: AxisRange, axis: ShownAxis) =>
    Math.floor(fraction(axis, range.low + part * (range.high - range.low)) * densityCells);
  for (let y = 0; y < plotHeight; y++) {
    const row = cell((plotHeight - 1 - y + 0.5) / plotHeight, frame.y, shown.y);
    for (let x = 0; x < plotWidth; x++) {
      const column = cell((x + 0.5) / plotWidth, frame.x, shown.x);
      const inside = Math.min(row, column) >= 0 && Math.max(row, column) < densityCells;
      const count = inside ? densityCounts[row * densityCells + column]! : 0;
      if (count > 0) canvas.paint(x, y, blue, (0.5 * Math.log1p(count)) / Math.log1p(density.most));
    }
  }
}

function paintPoints(canvas: Canvas, state: LatentScatterState): void {
  const { density, pointsX, pointsY, selected, selectedCount } = state;
  const { x, y } = pictureFrame(state);
  const [size, opacity] =
    pointsX.length < 3000 ? [5, 0.75] : pointsX.length < 20_000 ? [3, 0.55] : [3, density ? 0.25 : 0.35];
  const shapes = markers.map((marker) => markerPixels(marker, size));
  const colourAt = pointColours(state);
  const markerAt = pointMarkers(state);
  for (let i = 0; i < pointsX.length; i++) {
    const colour = colourAt(i);
    if (!colour) continue;
    const px = Math.floor(fraction(x, pointsX[i]!) * plotWidth);
    const py = plotHeight - 1 - Math.floor(fraction(y, pointsY[i]!) * plotHeight);
    if (!Number.isFinite(px + py)) continue;
    const strength = selectedCount > 0 && !selected[i] ? 0.25 * opacity : opacity;
    for (const [dx, dy] of shapes[markerAt(i)]!) canvas.paint(px + dx, py + dy, colour, strength);
  }
}
