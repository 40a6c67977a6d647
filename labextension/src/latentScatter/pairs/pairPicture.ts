import { plainColour, selectedColour } from "../markColours.js";
import { hiddenPoints } from "../points.js";
import type { Snapshot } from "../snapshot.js";
import { viridisColour } from "../viridis.js";
import type { Pair } from "./pairGridModel.js";

/** Edge of a point, in pixels of the screen. */
const pointPixels = 2;
/** Radius of the probe's ring. */
const ringRadius = 5;
/** Particles without a number. */
const missing = "#999999";

/** Points of one colour in a small plot, in its pixels. */
export interface PairLayer {
  colour: string;
  opacity: number;
  places: [x: number, y: number][];
}

/** Size of a small plot in pixels, and the theme. */
export interface PairLook {
  width: number;
  height: number;
  dark: boolean;
}

/** What a small plot shows: points by colour, selected ones last, and the place of the probe. */
export function pairLayers(
  state: Snapshot,
  { across, up }: Pair,
  { width, height, dark }: PairLook,
): { layers: PairLayer[]; probe: [number, number] } {
  const { pairAxes, pairPoints, pairDrawn, selected, selectedCount, probe } = state;
  const hidden = hiddenPoints(state);
  const colourOf = pointColour(state, dark);
  const [x, y] = [pairAxes[across]!, pairAxes[up]!];
  const pixels = (u: number, v: number): [number, number] => [
    ((u - x.low) / (x.high - x.low)) * width,
    (1 - (v - y.low) / (y.high - y.low)) * height,
  ];
  const some = selectedCount > 0;
  const base = Math.min(0.8, Math.max(0.15, 500 / Math.max(pairDrawn.length, 1)));
  const [behind, before] = [new Map<string, PairLayer>(), new Map<string, PairLayer>()];
  pairDrawn.forEach((i, point) => {
    if (hidden?.(i)) return;
    const isSelected = some && selected[i] === 1;
    const colour = isSelected && state.colouring.kind === "none" ? selectedColour : colourOf(i);
    const layers = isSelected ? before : behind;
    const opacity = isSelected ? Math.max(base, 0.6) : some ? base * 0.35 : base;
    const layer: PairLayer = layers.get(colour) ?? { colour, opacity, places: [] };
    layers.set(colour, layer);
    const at = point * pairAxes.length;
    layer.places.push(pixels(pairPoints[at + across]!, pairPoints[at + up]!));
  });
  const along = ({ weights, offset }: (typeof pairAxes)[number]) =>
    weights.reduce((sum, weight, d) => sum + weight * (probe[d] ?? 0), offset);
  return { layers: [...behind.values(), ...before.values()], probe: pixels(along(x), along(y)) };
}

function pointColour(
  { colouring, colourNumbers, colourCodes }: Snapshot,
  dark: boolean,
): (i: number) => string {
  switch (colouring.kind) {
    case "none": {
      const colour = plainColour({ dark });
      return () => colour;
    }
    case "number":
      return (i) => viridisColour(colourNumbers[i]!, colouring) ?? missing;
    default:
      return (i) => colouring.categories[colourCodes[i]!]?.colour ?? missing;
  }
}

/** Draws a small plot. */
export function drawPair(canvas: HTMLCanvasElement, state: Snapshot, pair: Pair, dark: boolean): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  context.scale(scale, scale);
  const { layers, probe } = pairLayers(state, pair, { width, height, dark });
  for (const { colour, opacity, places } of layers) {
    context.globalAlpha = opacity;
    context.fillStyle = colour;
    for (const [x, y] of places) {
      context.fillRect(x - pointPixels / 2, y - pointPixels / 2, pointPixels, pointPixels);
    }
  }
  context.globalAlpha = 1;
  for (const [colour, width] of [
    ["#ffffff", 4],
    [selectedColour, 2],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.arc(...probe, ringRadius, 0, 2 * Math.PI);
    context.stroke();
  }
}
