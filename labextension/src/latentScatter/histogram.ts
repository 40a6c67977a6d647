import { finiteRange } from "./geometry.js";
import { plainColour, selectedColour } from "./markColours.js";
import { type Points, pointsBeside, selectedPoints, visiblePoints } from "./points.js";
import type { Colouring, ShownAxis, Snapshot } from "./snapshot.js";
import type { ScatterTheme } from "./theme.js";
import type { Trace } from "./trace.js";
import { viridis } from "./viridis.js";

/** Opacity of all particles where some are selected. */
const faint = 0.3;

/** Equal bins. */
export interface Bins {
  /** Where the first begins. */
  low: number;
  width: number;
  /** Their number. */
  count: number;
}

/** Whether an axis is that of the heights of a histogram. */
export function isHeights({ name, spreads }: Pick<ShownAxis, "name" | "spreads">): boolean {
  return spreads && name === "histogram";
}

/** The axis along which the particles are counted, if the other one is that of a histogram; undefined for a scatter. */
export function countedAxis({ shown, pointsZ }: Snapshot): "x" | "y" | undefined {
  if (!shown || pointsZ.length > 0 || isHeights(shown.x) === isHeights(shown.y)) return undefined;
  return isHeights(shown.y) ? "x" : "y";
}

/** Bins over all finite values: twice the square root of the number of particles, 8 to 200, as the kernel's axis has them. */
export function binsOf(values: ArrayLike<number>, particles: number): Bins {
  const ends = finiteRange([values]) ?? [0, 1];
  const [low, high] = ends[0] < ends[1] ? ends : [ends[0] - 0.5, ends[0] + 0.5];
  const count = Math.min(Math.max(Math.round(2 * Math.sqrt(particles)), 8), 200);
  return { low, width: (high - low) / count, count };
}

/** Bars with a colour: height from and to in each bin. */
interface Layer {
  colour: string;
  from: Float64Array;
  to: Float64Array;
}

/** The particles as a histogram, in the colours of the points; selected ones before all, which are then faint. */
export function histogramTraces(state: Snapshot, theme: ScatterTheme, along: "x" | "y"): Trace[] {
  const bins = binsOf(along === "x" ? state.pointsX : state.pointsY, state.count);
  // Bars count all particles, also where a subset is drawn
  const scale = state.drawnRows.length > 0 ? state.count / state.drawnRows.length : 1;
  const traces = (points: Points, each: number, colouring: Colouring, plain: string, opacity: number) =>
    layersOf(points[along], points.colour, { bins, each, colouring, plain }).map((layer) =>
      barTrace(layer, bins, along, opacity),
    );
  const plain = plainColour(theme);
  if (state.selectedCount === 0) return traces(visiblePoints(state), scale, state.colouring, plain, 1);
  const [selected, beside] = [selectedPoints(state), pointsBeside(state)];
  // The selected particles beside the drawn ones are known too, up to 10,000; else the drawn ones stand for all
  const known = selected.x.length + beside.x.length;
  const each = known > 0 ? state.selectedCount / known : 1;
  const all = traces(visiblePoints(state), scale, state.colouring, plain, faint);
  if (beside.x.length === 0) return [...all, ...traces(selected, each, state.colouring, selectedColour, 1)];
  const both = { x: joined(selected.x, beside.x), y: joined(selected.y, beside.y) };
  return [...all, ...traces(both, each, { kind: "none" }, selectedColour, 1)];
}

function joined(a: ArrayLike<number>, b: ArrayLike<number>): Float32Array {
  return Float32Array.from([...Array.from(a), ...Array.from(b)]);
}

interface LayerOptions {
  bins: Bins;
  /** Particles that each value stands for. */
  each: number;
  colouring: Colouring;
  /** Colour of values without one. */
  plain: string;
}

function layersOf(
  values: ArrayLike<number>,
  colours: ArrayLike<number> | undefined,
  { bins, each, colouring, plain }: LayerOptions,
): Layer[] {
  const binOf = (value: number) =>
    Number.isFinite(value)
      ? Math.min(Math.max(Math.floor((value - bins.low) / bins.width), 0), bins.count - 1)
      : -1;
  const parts = "categories" in colouring && colours ? colouring.categories : undefined;
  const counts = Array.from({ length: parts?.length ?? 1 }, () => new Float64Array(bins.count));
  const [sums, known] = [new Float64Array(bins.count), new Float64Array(bins.count)];
  for (let i = 0; i < values.length; i++) {
    const bin = binOf(values[i]!);
    if (bin < 0) continue;
    const part = counts[parts ? colours![i]! : 0];
    if (part) part[bin]! += each;
    if (colours && Number.isFinite(colours[i])) {
      sums[bin]! += colours[i]!;
      known[bin]!++;
    }
  }
  if (parts) return stacked(counts.map((to, i) => ({ to, colour: parts[i]!.colour })));
  const total = counts[0]!;
  if (colouring.kind !== "number") return stacked([{ to: total, colour: plain }]);
  const { low, high } = colouring;
  const stop = (bin: number) =>
    known[bin] === 0
      ? -1
      : Math.round(
          (viridis.length - 1) *
            Math.min(Math.max((sums[bin]! / known[bin]! - low) / (high - low || 1), 0), 1),
        );
  // Each bar in the colour of its mean
  return [plain, ...viridis]
    .map((colour, i) => ({
      colour,
      from: new Float64Array(bins.count),
      to: total.map((count, bin) => (stop(bin) === i - 1 ? count : 0)),
    }))
    .filter(({ to }) => to.some((count) => count > 0));
}

function stacked(parts: readonly { to: Float64Array; colour: string }[]): Layer[] {
  let below = new Float64Array(parts[0]?.to.length ?? 0);
  return parts
    .map(({ to, colour }) => {
      const from = below;
      below = below.map((height, bin) => height + to[bin]!);
      return { colour, from, to: below };
    })
    .filter(({ from, to }) => to.some((height, bin) => height > from[bin]!));
}

/** One outline around each bar, with gaps between them. */
function barTrace({ colour, from, to }: Layer, bins: Bins, along: "x" | "y", opacity: number): Trace {
  const [places, heights]: (number | null)[][] = [[], []];
  for (let bin = 0; bin < bins.count; bin++) {
    const [low, high] = [from[bin]!, to[bin]!];
    if (!(high > low)) continue;
    const [left, right] = [bins.low + bin * bins.width, bins.low + (bin + 1) * bins.width];
    places!.push(left, left, right, right, null);
    heights!.push(low, high, high, low, null);
  }
  return {
    type: "scatter",
    mode: "lines",
    fill: "toself",
    fillcolor: colour,
    line: { width: 0 },
    opacity,
    ...(along === "x" ? { x: places, y: heights } : { x: heights, y: places }),
    hoverinfo: "skip",
    showlegend: false,
  };
}
