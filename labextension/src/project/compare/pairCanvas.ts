import { placeOf, type Range, rangeOf } from "../../explorer/chart.js";
import type { CompareModel, Ends, Side } from "./compareModel.js";

/** CSS pixels of a scatter. */
export const canvasSize = { width: 420, height: 320 } as const;
const margin = 14;
const pointSize = 3;
const selectedSize = 5;
const selectedColour = "#d55e00";
/** Colours from low to high along the first axis of the first run, in both scatters. */
const scale = [
  [0, 114, 178],
  [86, 180, 233],
  [204, 187, 68],
] as const;

interface Plot {
  x: Range;
  y: Range;
}

function plotOf(model: CompareModel, side: Side): Plot {
  return { x: rangeOf([...model.places(side, 0)]), y: rangeOf([...model.places(side, 1)]) };
}

/** Draws one of the two scatters: colours tell particles by their place in the first run, selected ones are above the others. */
export function drawScatter(
  canvas: HTMLCanvasElement,
  model: CompareModel,
  side: Side,
  box?: readonly number[],
): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const { width, height } = canvasSize;
  const ratio = globalThis.devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  context.scale(ratio, ratio);
  const plot = plotOf(model, side);
  const [xs, ys, by] = [model.places(side, 0), model.places(side, 1), model.places("first", 0)];
  const hue = rangeOf([...by]);
  const any = model.selected.includes(1);
  for (const wanted of [0, 1]) {
    xs.forEach((x, i) => {
      if (model.selected[i] !== wanted) return;
      const size = wanted ? selectedSize : pointSize;
      context.globalAlpha = wanted || !any ? 0.8 : 0.25;
      context.fillStyle = wanted ? selectedColour : colourAt(placeOf(by[i]!, hue, 0, 1));
      const px = placeOf(x, plot.x, margin, width - margin);
      const py = placeOf(ys[i]!, plot.y, height - margin, margin);
      context.fillRect(px - size / 2, py - size / 2, size, size);
    });
  }
  context.globalAlpha = 1;
  if (!box) return;
  context.strokeStyle = getComputedStyle(canvas).color;
  context.setLineDash([4, 3]);
  context.strokeRect(box[0]!, box[1]!, box[2]! - box[0]!, box[3]! - box[1]!);
}

function colourAt(part: number): string {
  const at = Math.min(0.999, Math.max(0, part)) * (scale.length - 1);
  const [from, to] = [scale[Math.floor(at)]!, scale[Math.floor(at) + 1]!];
  return `rgb(${from.map((value, k) => Math.round(value + (at % 1) * (to[k]! - value))).join(" ")})`;
}

/** Selects what a rectangle is dragged over; a click without a drag clears the selection. */
export function beginDrag(event: PointerEvent, model: CompareModel, side: Side): void {
  if (event.button !== 0) return;
  const canvas = event.currentTarget as HTMLCanvasElement;
  const bounds = canvas.getBoundingClientRect();
  const place = ({ clientX, clientY }: PointerEvent) =>
    [clientX - bounds.left, clientY - bounds.top] as const;
  const [x0, y0] = place(event);
  canvas.setPointerCapture(event.pointerId);
  const end = new AbortController();
  const { signal } = end;
  canvas.addEventListener(
    "pointermove",
    (moved) => {
      const [x1, y1] = place(moved);
      drawScatter(canvas, model, side, [x0, y0, x1, y1]);
    },
    { signal },
  );
  canvas.addEventListener(
    "pointerup",
    (last) => {
      end.abort();
      const [x1, y1] = place(last);
      if (Math.hypot(x1 - x0, y1 - y0) < 3) {
        model.clear();
        return;
      }
      const plot = plotOf(model, side);
      const { width, height } = canvasSize;
      const value = (pixel: number, { low, high }: Range, from: number, to: number) =>
        low + ((pixel - from) / (to - from)) * (high - low);
      const x: Ends = [value(x0, plot.x, margin, width - margin), value(x1, plot.x, margin, width - margin)];
      const y: Ends = [
        value(y0, plot.y, height - margin, margin),
        value(y1, plot.y, height - margin, margin),
      ];
      model.select(side, x, y);
    },
    { signal },
  );
  canvas.addEventListener(
    "pointercancel",
    () => {
      end.abort();
      drawScatter(canvas, model, side);
    },
    { signal },
  );
}
