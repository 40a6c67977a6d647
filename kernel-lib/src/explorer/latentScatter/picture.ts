import { PNG } from "pngjs";
import { drawnPicture, escapeHtml, type Picture } from "tslab-widgets";
import { shortNumber } from "../../display/checks";
import { font, type Marker, markerPaths, markers, palette } from "../../display/theme";
import { DENSITY_CELLS } from "./drawn";
import type { LatentScatterState, ShownAxis } from "./state";

/** The scatter as a picture for pages without a kernel: points as an image, and axes in words around it. */

const WIDTH = 560;
const HEIGHT = 420;
const MARGIN = { left: 64, top: 34, right: 14, bottom: 46 };
const MOST_LEGEND = 18;

type Colour = readonly [number, number, number];

/** Viridis (Smith and van der Walt, 2015) at even distances. */
const viridis: readonly Colour[] = [
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

function ramp(part: number): Colour {
  const at = Math.min(Math.max(part, 0), 1) * (viridis.length - 1);
  const [a, b] = [viridis[Math.floor(at)]!, viridis[Math.ceil(at)]!];
  const t = at - Math.floor(at);
  return [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2])];
}

function hex(colour: string): Colour {
  const digits = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  return digits
    ? ([1, 2, 3].map((i) => Number.parseInt(digits[i]!, 16)) as unknown as Colour)
    : hex(palette.blue);
}

/** Colour of each point drawn; null where it is hidden. */
function pointColour(state: LatentScatterState): (i: number) => Colour | null {
  const { colouring, colourNumbers, colourCodes } = state;
  switch (colouring.kind) {
    case "none": {
      const colour = hex(palette.blue);
      return () => colour;
    }
    case "number": {
      const { low, high } = colouring;
      return (i) =>
        Number.isNaN(colourNumbers[i]!) ? hex(palette.grey) : ramp((colourNumbers[i]! - low) / (high - low));
    }
    default: {
      const colours = colouring.categories.map(({ name, colour }) =>
        state.hidden.includes(name) ? null : hex(colour),
      );
      return (i) => colours[colourCodes[i]!] ?? null;
    }
  }
}

/** Index of the shape of each point drawn. */
function pointShape({ colouring, colourCodes }: LatentScatterState): (i: number) => number {
  if (!("categories" in colouring)) return () => 0;
  const shapes = colouring.categories.map(({ marker }) => markers.indexOf(marker));
  return (i) => shapes[colourCodes[i]!] ?? 0;
}

/** Pixels of a point of a shape, from its middle. */
function pixelsOf(marker: Marker, size: number): (readonly [number, number])[] {
  const middle = (size - 1) / 2;
  const inside: Record<Marker, (dx: number, dy: number) => boolean> = {
    circle: (dx, dy) => Math.hypot(dx, dy) < size / 2 - 0.1,
    square: () => true,
    diamond: (dx, dy) => Math.abs(dx) + Math.abs(dy) <= middle,
    cross: (dx, dy) => dx === 0 || dy === 0,
  };
  const across = Array.from({ length: size }, (_, i) => i - middle);
  return across.flatMap((dy) => across.filter((dx) => inside[marker](dx, dy)).map((dx) => [dx, dy] as const));
}

/** The part of the axes that is shown: all of it unless a view was zoomed. */
function frameOf({ shown, zoom }: LatentScatterState): { x: Range; y: Range } {
  const all = (axis?: ShownAxis): Range => (axis ? { low: axis.low, high: axis.high } : { low: 0, high: 1 });
  if (!zoom) return { x: all(shown?.x), y: all(shown?.y) };
  const part = ([low, high]: readonly [number, number]): Range => ({ low, high });
  return { x: part(zoom.x), y: part(zoom.y) };
}

interface Range {
  low: number;
  high: number;
}

function raster(state: LatentScatterState): PNG {
  const png = new PNG({ width: WIDTH, height: HEIGHT });
  const { data } = png;
  data.fill(255);
  const paint = (px: number, py: number, [r, g, b]: Colour, opacity: number) => {
    if (px < 0 || py < 0 || px >= WIDTH || py >= HEIGHT) return;
    const at = 4 * (py * WIDTH + px);
    data[at] = data[at]! + opacity * (r - data[at]!);
    data[at + 1] = data[at + 1]! + opacity * (g - data[at + 1]!);
    data[at + 2] = data[at + 2]! + opacity * (b - data[at + 2]!);
  };
  const { shown, density, densityCounts, pointsX, pointsY } = state;
  if (!shown) return png;
  const frame = frameOf(state);
  if (density) {
    const blue = hex(palette.blue);
    const cell = (part: number, range: Range, axis: ShownAxis) => {
      const value = range.low + part * (range.high - range.low);
      return Math.floor(((value - axis.low) / (axis.high - axis.low)) * DENSITY_CELLS);
    };
    for (let py = 0; py < HEIGHT; py++) {
      const row = cell((HEIGHT - 1 - py + 0.5) / HEIGHT, frame.y, shown.y);
      for (let px = 0; px < WIDTH; px++) {
        const column = cell((px + 0.5) / WIDTH, frame.x, shown.x);
        const inside = Math.min(row, column) >= 0 && Math.max(row, column) < DENSITY_CELLS;
        const count = inside ? densityCounts[row * DENSITY_CELLS + column]! : 0;
        if (count > 0) paint(px, py, blue, (0.5 * Math.log1p(count)) / Math.log1p(density.most));
      }
    }
  }
  const colourAt = pointColour(state);
  const [size, opacity] =
    pointsX.length < 3000 ? [5, 0.75] : pointsX.length < 20_000 ? [3, 0.55] : [3, density ? 0.25 : 0.35];
  const shapes = markers.map((marker) => pixelsOf(marker, size));
  const shapeAt = pointShape(state);
  const anySelected = state.selectedCount > 0;
  for (let i = 0; i < pointsX.length; i++) {
    const colour = colourAt(i);
    if (!colour) continue;
    const { x, y } = frame;
    const px = Math.floor(((pointsX[i]! - x.low) / (x.high - x.low)) * WIDTH);
    const py = HEIGHT - 1 - Math.floor(((pointsY[i]! - y.low) / (y.high - y.low)) * HEIGHT);
    if (!Number.isFinite(px + py)) continue;
    const strength = anySelected && !state.selected[i] ? 0.25 * opacity : opacity;
    for (const [dx, dy] of shapes[shapeAt(i)]!) paint(px + dx, py + dy, colour, strength);
  }
  return png;
}

export function scatterPicture(state: LatentScatterState): Picture {
  const text = [
    state.title || "Latent space",
    `${state.count} particles over ${state.x} and ${state.y}`,
    ...(state.selectedCount > 0 ? [`${state.selectedCount} selected`] : []),
    `probe at (${state.probe.map(shortNumber).join(", ")})`,
  ].join("; ");
  const { shown } = state;
  if (!shown) return { text, html: `<p>${escapeHtml(text)}</p>` };
  const png = PNG.sync.write(raster(state), { colorType: 2 });
  const { left, top, right, bottom } = MARGIN;
  const legend = legendOf(state);
  const full = [left + WIDTH + right + (legend ? 170 : 0), top + HEIGHT + bottom];
  const word = (x: number, y: number, words: string, more = "") =>
    `<text x="${x}" y="${y}" font-size="12" fill="${palette.ink}" ${more}>${escapeHtml(words)}</text>`;
  const frame = frameOf(state);
  const place = (axis: Range, value: number, length: number) =>
    ((value - axis.low) / (axis.high - axis.low)) * length;
  const [px, py] = [
    left + place(frame.x, state.probePlace[0] ?? 0, WIDTH),
    top + HEIGHT - place(frame.y, state.probePlace[1] ?? 0, HEIGHT),
  ];
  const probeInside = px >= left && px <= left + WIDTH && py >= top && py <= top + HEIGHT;
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${full[0]}" height="${full[1]}" viewBox="0 0 ${full[0]} ${full[1]}" style="max-width:100%;height:auto" role="img" aria-label="${escapeHtml(text)}" font-family="${font}">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<image x="${left}" y="${top}" width="${WIDTH}" height="${HEIGHT}" href="data:image/png;base64,${png.toString("base64")}"/>`,
    `<rect x="${left}" y="${top}" width="${WIDTH}" height="${HEIGHT}" fill="none" stroke="${palette.grey}"/>`,
    word(left, top - 12, state.title || `${state.count} particles`, 'font-weight="600"'),
    ...ticks(frame.x).map((value) =>
      word(
        left + place(frame.x, value, WIDTH),
        top + HEIGHT + 17,
        shortNumber(value),
        'text-anchor="middle"',
      ),
    ),
    ...ticks(frame.y).map((value) =>
      word(
        left - 6,
        top + HEIGHT - place(frame.y, value, HEIGHT) + 4,
        shortNumber(value),
        'text-anchor="end"',
      ),
    ),
    word(left + WIDTH / 2, top + HEIGHT + 36, shown.x.title, 'text-anchor="middle"'),
    word(
      0,
      0,
      shown.y.title,
      `text-anchor="middle" transform="translate(16 ${top + HEIGHT / 2}) rotate(-90)"`,
    ),
    ...pathOf(state, (x, y) => [left + place(frame.x, x, WIDTH), top + HEIGHT - place(frame.y, y, HEIGHT)]),
    ...(probeInside
      ? [`<circle cx="${px}" cy="${py}" r="7" fill="none" stroke="${palette.ink}" stroke-width="2"/>`]
      : []),
    ...(legend
      ? legend.map(
          ({ colour, marker = "circle", words }, i) =>
            `<path transform="translate(${left + WIDTH + 22} ${top + 12 + 20 * i})" d="${markerPaths[marker]}" fill="${escapeHtml(colour)}"/>${word(left + WIDTH + 34, top + 16 + 20 * i, words)}`,
        )
      : []),
    "</svg>",
  ].join("");
  return drawnPicture(text, svg, png);
}

/** The path and its stations; with three axes it is not drawn. */
function pathOf(
  { pathLine, stationPlaces, shown }: LatentScatterState,
  place: (x: number, y: number) => readonly [number, number],
): string[] {
  if (shown?.z || stationPlaces.length < 4) return [];
  const places = (flat: Float32Array) =>
    Array.from({ length: flat.length / 2 }, (_, i) =>
      place(flat[2 * i]!, flat[2 * i + 1]!).map((value) => value.toFixed(1)),
    );
  const { left, top } = MARGIN;
  return [
    `<svg x="${left}" y="${top}" width="${WIDTH}" height="${HEIGHT}" viewBox="${left} ${top} ${WIDTH} ${HEIGHT}">`,
    `<polyline points="${places(pathLine).join(" ")}" fill="none" stroke="${palette.purple}" stroke-width="2"/>`,
    ...places(stationPlaces).map(
      ([x, y]) => `<circle cx="${x}" cy="${y}" r="3.5" fill="${palette.purple}"/>`,
    ),
    "</svg>",
  ];
}

function legendOf({
  colouring,
  hidden,
}: LatentScatterState): { colour: string; marker?: Marker; words: string }[] | undefined {
  if (colouring.kind === "none") return undefined;
  if (colouring.kind === "number") {
    const { title, low, high } = colouring;
    const colour = (part: number) => `rgb(${ramp(part).map(Math.round).join(",")})`;
    return [
      { colour: "none", words: title },
      ...[1, 0.5, 0].map((part) => ({ colour: colour(part), words: shortNumber(low + part * (high - low)) })),
    ];
  }
  const categories = colouring.categories.filter(({ name }) => !hidden.includes(name));
  const entries = categories.slice(0, MOST_LEGEND).map(({ name, colour, marker }) => ({
    colour,
    marker,
    words: name.length > 22 ? `${name.slice(0, 21)}…` : name,
  }));
  const more = categories.length - entries.length;
  return more > 0 ? [...entries, { colour: "none", words: `and ${more} more` }] : entries;
}

/** Round numbers within an axis, about five. */
function ticks({ low, high }: Range): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough)! * power;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}
