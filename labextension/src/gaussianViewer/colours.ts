import type { Colouring } from "e2gmm/messages/gaussianViewer";
import { distances, type ModelBox, roundedUp } from "./gaussians.js";

/** Colours of the Gaussians. Each scale grows or falls in lightness, so that it can be read without telling hues apart. */

export const scales = {
  /** Little to much. */
  amount: ["#3b4a7a", "#2f7f93", "#4fb286", "#b5d96a", "#fbe98a"],
  /** Unmoved to far: what does not move steps back. */
  motion: ["#bccbda", "#e9d8a6", "#f0a95b", "#d9573f", "#8a1c46"],
  /** Less, the same, more. */
  change: ["#2c6fb5", "#8fbbe0", "#d9dde0", "#f2ab86", "#bf3b2b"],
} as const;

const PLAIN = "#a9c0d6";
const CHOSEN = "#e8833a";
const RESTING = "#b9c3cd";
const FIXED = "#8d97a3";

export type Scale = readonly string[];

function parse(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [((value >> 16) & 255) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

/** The colour at `part` (0 … 1, kept between them) of a scale, linear between its stops. */
export function colourAt(scale: Scale, part: number): [number, number, number] {
  const place = Math.min(1, Math.max(0, Number.isFinite(part) ? part : 0)) * (scale.length - 1);
  const before = Math.min(scale.length - 2, Math.floor(place));
  const [a, b] = [parse(scale[before]!), parse(scale[before + 1]!)];
  return a.map((value, c) => value + (place - before) * (b[c]! - value)) as [number, number, number];
}

/** Colours [3N] of numbers between `low` and `high`. */
export function coloursOf(
  values: ArrayLike<number>,
  scale: Scale,
  { low, high }: { low: number; high: number },
): Float32Array {
  const colours = new Float32Array(3 * values.length);
  for (let i = 0; i < values.length; i++) {
    colours.set(colourAt(scale, high > low ? (values[i]! - low) / (high - low) : 0), 3 * i);
  }
  return colours;
}

/** What a colour bar or a key beside the picture says. */
export type Legend =
  | { kind: "scale"; title: string; scale: Scale; low: number; high: number }
  | { kind: "key"; entries: readonly { colour: string; text: string }[] };

export interface Coloured {
  /** [3N] */
  colours: Float32Array;
  legend: Legend | undefined;
}

/** Ends of scales, which grow with what has been seen and do not shrink: a state keeps its colours. */
export interface Reach {
  displacement: number;
  change: number;
}

export interface ColouringInput extends ModelBox {
  colourBy: Colouring;
  gaussians: Float32Array;
  neutral: Float32Array;
  free: Uint8Array;
  region: Uint8Array;
}

function byFlag(flags: Uint8Array, count: number, on: string, off: string): Float32Array {
  const [chosen, other] = [parse(on), parse(off)];
  const colours = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) colours.set(flags[i] === 1 ? chosen : other, 3 * i);
  return colours;
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** Colours and legend of a state; `reach` grows to what it needs. */
export function coloured(input: ColouringInput, reach: Reach): Coloured {
  const { gaussians, neutral, free, region } = input;
  const count = gaussians.length / 5;
  const amplitudes = (of: Float32Array) => of.subarray(3 * count, 4 * count);
  switch (input.colourBy) {
    case "displacement": {
      const far = distances(neutral, gaussians, input);
      reach.displacement = Math.max(reach.displacement, roundedUp(largest(far)));
      const range = { low: 0, high: reach.displacement };
      return {
        colours: coloursOf(far, scales.motion, range),
        legend: { kind: "scale", title: "Displacement (Å)", scale: scales.motion, ...range },
      };
    }
    case "amplitude": {
      const range = { low: 0, high: Math.max(1e-12, largest(amplitudes(neutral))) };
      return {
        colours: coloursOf(amplitudes(gaussians), scales.amount, range),
        legend: { kind: "scale", title: "Amplitude", scale: scales.amount, ...range },
      };
    }
    case "amplitude change": {
      const before = amplitudes(neutral);
      const unit = Math.max(1e-12, largest(before));
      const percent = amplitudes(gaussians).map((value, i) => (100 * (value - before[i]!)) / unit);
      reach.change = Math.max(reach.change, roundedUp(largest(percent), 5));
      const range = { low: -reach.change, high: reach.change };
      return {
        colours: coloursOf(percent, scales.change, range),
        legend: {
          kind: "scale",
          title: "Amplitude change (% of the largest)",
          scale: scales.change,
          ...range,
        },
      };
    }
    case "region":
      return {
        colours: byFlag(region, count, CHOSEN, RESTING),
        legend: {
          kind: "key",
          entries: [
            { colour: CHOSEN, text: "in the region" },
            { colour: RESTING, text: "outside" },
          ],
        },
      };
    case "free":
      return {
        colours: byFlag(free.length === count ? free : new Uint8Array(count).fill(1), count, PLAIN, FIXED),
        legend: {
          kind: "key",
          entries: [
            { colour: PLAIN, text: "free to move" },
            { colour: FIXED, text: "fixed" },
          ],
        },
      };
    case "none":
      return { colours: byFlag(new Uint8Array(count), count, PLAIN, PLAIN), legend: undefined };
  }
}
