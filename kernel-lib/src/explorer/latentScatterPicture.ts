import { PNG } from "pngjs";
import { shortNumber } from "../display/checks";
import { font, palette } from "../display/theme";
import { escapeHtml, type Picture } from "../widgets/still";
import { DENSITY_CELLS } from "./latentScatterDrawn";
import type { LatentScatterState, ShownAxis } from "./latentScatterState";

/** The scatter as a picture for pages without a kernel: points as an image, and axes in words around it. */

const WIDTH = 560;
const HEIGHT = 420;
const MARGIN = { left: 64, top: 34, right: 14, bottom: 46 };
const MOST_LEGEND = 12;

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
  if (density) {
    const blue = hex(palette.blue);
    for (let py = 0; py < HEIGHT; py++) {
      const row = Math.floor(((HEIGHT - 1 - py) * DENSITY_CELLS) / HEIGHT);
      for (let px = 0; px < WIDTH; px++) {
        const count = densityCounts[row * DENSITY_CELLS + Math.floor((px * DENSITY_CELLS) / WIDTH)]!;
        if (count > 0) paint(px, py, blue, (0.5 * Math.log1p(count)) / Math.log1p(density.most));
      }
    }
  }
  const colourAt = pointColour(state);
  const [size, opacity] =
    pointsX.length < 3000 ? [5, 0.75] : pointsX.length < 20_000 ? [3, 0.55] : [3, density ? 0.25 : 0.35];
  const middle = (size - 1) / 2;
  const disc: (readonly [number, number])[] = [];
  for (let dy = -middle; dy <= middle; dy++) {
    for (let dx = -middle; dx <= middle; dx++) if (Math.hypot(dx, dy) < size / 2 - 0.1) disc.push([dx, dy]);
  }
  const anySelected = state.selectedCount > 0;
  for (let i = 0; i < pointsX.length; i++) {
    const colour = colourAt(i);
    if (!colour) continue;
    const px = Math.floor(((pointsX[i]! - shown.x.low) / (shown.x.high - shown.x.low)) * WIDTH);
    const py = HEIGHT - 1 - Math.floor(((pointsY[i]! - shown.y.low) / (shown.y.high - shown.y.low)) * HEIGHT);
    if (!Number.isFinite(px + py)) continue;
    const strength = anySelected && !state.selected[i] ? 0.25 * opacity : opacity;
    for (const [dx, dy] of disc) paint(px + dx, py + dy, colour, strength);
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
  const place = (axis: ShownAxis, value: number, length: number) =>
    ((value - axis.low) / (axis.high - axis.low)) * length;
  const [px, py] = [
    left + place(shown.x, state.probePlace[0] ?? 0, WIDTH),
    top + HEIGHT - place(shown.y, state.probePlace[1] ?? 0, HEIGHT),
  ];
  const probeInside = px >= left && px <= left + WIDTH && py >= top && py <= top + HEIGHT;
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${full[0]}" height="${full[1]}" viewBox="0 0 ${full[0]} ${full[1]}" style="max-width:100%;height:auto" role="img" aria-label="${escapeHtml(text)}" font-family="${font}">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<image x="${left}" y="${top}" width="${WIDTH}" height="${HEIGHT}" href="data:image/png;base64,${png.toString("base64")}"/>`,
    `<rect x="${left}" y="${top}" width="${WIDTH}" height="${HEIGHT}" fill="none" stroke="${palette.grey}"/>`,
    word(left, top - 12, state.title || `${state.count} particles`, 'font-weight="600"'),
    ...ticks(shown.x).map((value) =>
      word(
        left + place(shown.x, value, WIDTH),
        top + HEIGHT + 17,
        shortNumber(value),
        'text-anchor="middle"',
      ),
    ),
    ...ticks(shown.y).map((value) =>
      word(
        left - 6,
        top + HEIGHT - place(shown.y, value, HEIGHT) + 4,
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
    ...(probeInside
      ? [`<circle cx="${px}" cy="${py}" r="7" fill="none" stroke="${palette.ink}" stroke-width="2"/>`]
      : []),
    ...(legend
      ? legend.map(
          ({ colour, words }, i) =>
            `<circle cx="${left + WIDTH + 22}" cy="${top + 12 + 20 * i}" r="5" fill="${escapeHtml(colour)}"/>${word(left + WIDTH + 34, top + 16 + 20 * i, words)}`,
        )
      : []),
    "</svg>",
  ].join("");
  return { text, html: svg, png };
}

function legendOf({ colouring }: LatentScatterState): { colour: string; words: string }[] | undefined {
  if (colouring.kind === "none") return undefined;
  if (colouring.kind === "number") {
    const { title, low, high } = colouring;
    const colour = (part: number) => `rgb(${ramp(part).map(Math.round).join(",")})`;
    return [
      { colour: "none", words: title },
      ...[1, 0.5, 0].map((part) => ({ colour: colour(part), words: shortNumber(low + part * (high - low)) })),
    ];
  }
  const { categories } = colouring;
  return categories.slice(0, MOST_LEGEND).map(({ name, colour }) => ({
    colour,
    words: name.length > 22 ? `${name.slice(0, 21)}…` : name,
  }));
}

/** Round numbers within an axis, about five. */
function ticks({ low, high }: ShownAxis): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough)! * power;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}
