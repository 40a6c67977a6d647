import type { Colouring } from "e2gmm/messages/gaussianViewer";
import { type Rgb, repeated, rgbOf } from "../stage/colour.js";
import { distances, type ModelBox, roundedUp } from "./gaussians.js";

/** Stops of the colour scales, as #rrggbb. Lightness rises or falls along each, so that hues need not be told apart. */
export const scales = {
  /** Little to much. */
  amount: ["#3b4a7a", "#2f7f93", "#4fb286", "#b5d96a", "#fbe98a"],
  /** Unmoved, in a pale colour, to far. */
  motion: ["#bccbda", "#e9d8a6", "#f0a95b", "#d9573f", "#8a1c46"],
  /** Fine, in a light colour, to coarse. */
  resolution: ["#f3f0b2", "#9fd3a0", "#4ba3b0", "#3f6aa8", "#54307c"],
  /** Less, the same, more. */
  change: ["#2c6fb5", "#8fbbe0", "#d9dde0", "#f2ab86", "#bf3b2b"],
} as const;

const plain = "#a9c0d6";
const chosen = "#e8833a";
const resting = "#b9c3cd";
const fixed = "#8d97a3";

/** Title of the scale of displacements. @param from name of the state from which they are counted */
export const displacementTitle = (from: string): string => `Displacement from ${from} (Å)`;

/** Stops of a colour scale at equal distances, as #rrggbb. */
export type Scale = readonly string[];

/** The colour at `fraction` of a scale, linear between its stops. Clamped to 0 … 1; NaN counts as 0. */
export function colourAt(scale: Scale, fraction: number): [number, number, number] {
  const colour: [number, number, number] = [0, 0, 0];
  mixInto(colour, 0, scale.map(rgbOf), fraction);
  return colour;
}

/** Colours [3N] of N values on a scale from `low` to `high`. */
export function coloursOf(
  values: ArrayLike<number>,
  scale: Scale,
  { low, high }: { low: number; high: number },
): Float32Array {
  const colours = new Float32Array(3 * values.length);
  // Once, not for each value: this runs for every Gaussian of every frame
  const stops = scale.map(rgbOf);
  for (let i = 0; i < values.length; i++)
    mixInto(colours, 3 * i, stops, high > low ? (values[i]! - low) / (high - low) : 0);
  return colours;
}

/** Writes the colour at a fraction of stops, at `at`. */
function mixInto(into: Float32Array | number[], at: number, stops: readonly Rgb[], fraction: number): void {
  const clamped = Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 0));
  const place = clamped * (stops.length - 1);
  const before = Math.min(stops.length - 2, Math.floor(place));
  const [a, b] = [stops[before]!, stops[before + 1]!];
  for (let c = 0; c < 3; c++) into[at + c] = a[c]! + (place - before) * (b[c]! - a[c]!);
}

/** A colour bar, or a key with one entry per colour. */
export type Legend =
  | { kind: "scale"; title: string; scale: Scale; low: number; high: number }
  | { kind: "key"; entries: readonly { colour: string; text: string }[] };

/** The legends of a picture, and the scales that only a picture beside it has. */
export function joinedLegends(main: readonly Legend[], beside: readonly Legend[]): readonly Legend[] {
  const titles = new Set(main.map((legend) => (legend.kind === "scale" ? legend.title : "")));
  return [...main, ...beside.filter((legend) => legend.kind === "scale" && !titles.has(legend.title))];
}

/** Colours of Gaussians and what they mean. */
export interface ColouredGaussians {
  /** [3N] */
  colours: Float32Array;
  legend: Legend | undefined;
}

/** Upper ends of the scales. They only grow, so that a state keeps its colours while others are shown. */
export interface ScaleEnds {
  /** In Å. */
  displacement: number;
  /** In % of the largest amplitude. */
  change: number;
}

/** What the colours depend on; sets of Gaussians are [5N]. */
export interface ColouringInput extends ModelBox {
  colourBy: Colouring;
  gaussians: Float32Array;
  /** The state from which displacements and changes are counted. */
  origin: { state: Float32Array; name: string };
  /** 1 for each Gaussian that training may move; empty: all. */
  free: Uint8Array;
  /** 1 for each Gaussian of the region. */
  region: Uint8Array;
}

/** Colours and legend of a state; `ends` grow where it needs more. */
export function colourGaussians(input: ColouringInput, ends: ScaleEnds): ColouredGaussians {
  const count = input.gaussians.length / 5;
  switch (input.colourBy) {
    case "displacement":
      return byDisplacement(input, ends);
    case "amplitude":
      return byAmplitude(input);
    case "amplitude change":
      return byAmplitudeChange(input, ends);
    case "region":
      return byFlag(input.region, count, [
        { colour: chosen, text: "in the region" },
        { colour: resting, text: "outside" },
      ]);
    case "free":
      return byFlag(input.free.length === count ? input.free : new Uint8Array(count).fill(1), count, [
        { colour: plain, text: "free to move" },
        { colour: fixed, text: "fixed" },
      ]);
    case "none":
      return { colours: repeated(rgbOf(plain), count), legend: undefined };
  }
}

function byDisplacement(input: ColouringInput, ends: ScaleEnds): ColouredGaussians {
  const far = distances(input.origin.state, input.gaussians, input);
  ends.displacement = Math.max(ends.displacement, roundedUp(largest(far)));
  return onScale(far, displacementTitle(input.origin.name), scales.motion, {
    low: 0,
    high: ends.displacement,
  });
}

function byAmplitude({ gaussians, origin }: ColouringInput): ColouredGaussians {
  const high = Math.max(1e-12, largest(amplitudesOf(origin.state)));
  return onScale(amplitudesOf(gaussians), "Amplitude", scales.amount, { low: 0, high });
}

function byAmplitudeChange({ gaussians, origin }: ColouringInput, ends: ScaleEnds): ColouredGaussians {
  const before = amplitudesOf(origin.state);
  const unit = Math.max(1e-12, largest(before));
  const percent = amplitudesOf(gaussians).map((value, i) => (100 * (value - before[i]!)) / unit);
  ends.change = Math.max(ends.change, roundedUp(largest(percent), 5));
  const range = { low: -ends.change, high: ends.change };
  return onScale(percent, "Amplitude change (% of the largest)", scales.change, range);
}

function onScale(
  values: Float32Array,
  title: string,
  scale: Scale,
  range: { low: number; high: number },
): ColouredGaussians {
  return { colours: coloursOf(values, scale, range), legend: { kind: "scale", title, scale, ...range } };
}

function byFlag(
  flags: Uint8Array,
  count: number,
  [on, off]: readonly [KeyEntry, KeyEntry],
): ColouredGaussians {
  const [flagged, other] = [rgbOf(on.colour), rgbOf(off.colour)];
  const colours = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) colours.set(flags[i] === 1 ? flagged : other, 3 * i);
  return { colours, legend: { kind: "key", entries: [on, off] } };
}

interface KeyEntry {
  colour: string;
  text: string;
}

function amplitudesOf(gaussians: Float32Array): Float32Array {
  const count = gaussians.length / 5;
  return gaussians.subarray(3 * count, 4 * count);
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
