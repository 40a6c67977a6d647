import type { Colouring, ColourRange, Snapshot } from "../snapshot.js";
import { valueCounts } from "./valueCounts.js";

/** An end of a range. */
export type End = "low" | "high";

/** Numbers that colour the particles. */
export type NumberColouring = Extract<Colouring, { kind: "number" }>;

/** What the range of colours is connected to. */
export interface ColourRangeLinks {
  /** The kernel's state. */
  state(): Snapshot;
  change(entries: Partial<Snapshot>): void;
  /** The picture is to be drawn again. */
  redraw(): void;
  /** Shows a message; an empty one clears it. */
  say(text: string): void;
}

/** Parts of the scale that an arrow key moves an end by, without and with Shift. */
const steps = { small: 0.01, large: 0.1 } as const;
/** Parts of the scale within which an end at its border is no limit. */
const snap = 0.005;

/**
 * The range of the numbers that colour the particles, outside of which they are hidden: its ends are dragged over a histogram of
 * the numbers, moved by keys, or typed. An end at the border of the scale is no limit, since there may be numbers beyond it.
 */
export class ColourRangeModel {
  /** The range while an end is dragged; undefined otherwise. */
  private dragged: { end: End; range: ColourRange } | undefined;

  constructor(private readonly links: ColourRangeLinks) {}

  /** The range while an end is dragged, which other views do not see yet. */
  get preview(): ColourRange | undefined {
    return this.dragged?.range;
  }

  /** The range as it is shown. */
  get range(): ColourRange {
    return this.preview ?? this.links.state().colourRange ?? { low: null, high: null };
  }

  /** Drawn particles in equal parts of the scale; the first and the last part hold those beyond it. */
  counts({ low, high }: NumberColouring): Uint32Array {
    return valueCounts(this.links.state().colourNumbers, low, high);
  }

  /** Where an end is on the scale, from 0 to 1. */
  partOf(end: End, { low, high }: NumberColouring): number {
    const value = this.range[end] ?? (end === "low" ? low : high);
    return Math.min(Math.max((value - low) / (high - low), 0), 1);
  }

  /** An end is pressed: the one nearer to a place on the scale. */
  press(part: number, scale: NumberColouring): void {
    const [low, high] = [this.partOf("low", scale), this.partOf("high", scale)];
    const isLow = Math.abs(part - low) < Math.abs(part - high) || (low === high && part < low);
    this.dragged = { end: isLow ? "low" : "high", range: this.range };
    this.drag(part, scale);
  }

  /** The end is dragged to a place on the scale. */
  drag(part: number, scale: NumberColouring): void {
    if (!this.dragged) return;
    const { end } = this.dragged;
    this.dragged = { end, range: this.moved(end, part, scale) };
    this.links.redraw();
  }

  /** The end is released, and its place shared. */
  drop(): void {
    const { preview } = this;
    this.dragged = undefined;
    if (preview) this.share(preview);
  }

  /** The drag ends without an effect. */
  cancel(): void {
    this.dragged = undefined;
    this.links.redraw();
  }

  /** A key was pressed on an end. @returns whether it moved the end */
  pressKey(end: End, key: string, large: boolean, scale: NumberColouring): boolean {
    const direction = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[key];
    const border = { Home: 0, End: 1 }[key];
    if (direction === undefined && border === undefined) return false;
    const step = large ? steps.large : steps.small;
    const part = border ?? this.partOf(end, scale) + direction! * step;
    this.share(this.moved(end, part, scale));
    return true;
  }

  /** Takes over a typed end; an empty text is no limit. */
  type(end: End, text: string): void {
    const value = text.trim() === "" ? null : Number(text);
    if (value !== null && !Number.isFinite(value)) return;
    const range = { ...this.range, [end]: value };
    if (range.low !== null && range.high !== null && range.low > range.high) {
      this.links.say("The lower end of the range is above the upper one.");
      return;
    }
    this.links.say("");
    this.share(range);
  }

  private moved(end: End, part: number, scale: NumberColouring): ColourRange {
    const other = this.partOf(end === "low" ? "high" : "low", scale);
    const limited = end === "low" ? Math.min(part, other) : Math.max(part, other);
    const isOpen = end === "low" ? limited <= snap : limited >= 1 - snap;
    const value = scale.low + limited * (scale.high - scale.low);
    return { ...this.range, [end]: isOpen ? null : Number(value.toPrecision(6)) };
  }

  private share(range: ColourRange): void {
    this.links.change({ colourRange: range.low === null && range.high === null ? null : range });
  }
}
