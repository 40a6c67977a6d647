import { type Place, type Range, zoomed } from "./geometry.js";
import type { PlotArea } from "./overlayModel.js";
import type { ShownAxes } from "./snapshot.js";

/** The shown ranges of two axes. */
export interface ShownRanges {
  x: Range;
  y: Range;
}

/** Milliseconds without zooming after which other views take over the zoom. */
const restTime = 300;

/** The part of the axes that one view shows. It moves at once; other views follow when it has come to rest. */
export class AxisZoom {
  private timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param range what the axes show; null for all
   * @param events `changed`: the picture is to be drawn again; `save`: other views are to follow
   */
  constructor(
    private range: ShownRanges | null,
    private readonly events: { changed(): void; save(range: ShownRanges | null): void },
  ) {}

  /** What the axes show, with the whole of the axes if there is no zoom. */
  ranges(axes: ShownAxes | null): ShownRanges {
    if (this.range) return this.range;
    return axes ? { x: [axes.x.low, axes.x.high], y: [axes.y.low, axes.y.high] } : { x: [-1, 1], y: [-1, 1] };
  }

  /** Takes over the zoom of another view. */
  follow(range: ShownRanges | null): void {
    if (sameRanges(range, this.range)) return;
    this.range = range;
    this.events.changed();
  }

  /** Shows a part of the axes; null for all. */
  show(range: ShownRanges | null): void {
    this.range = range;
    this.events.changed();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.events.save(range), restTime);
  }

  /** Magnifies about a point of the plot area, in pixels. */
  magnify({ frame }: PlotArea, about: Place, factor: number): void {
    this.show(zoomed(frame, about, factor));
  }

  /** The picture has moved its axes by itself. */
  moved({ frame }: PlotArea, axes: ShownAxes | null): void {
    if (sameRanges(frame, this.ranges(axes))) return;
    // An earlier zoom is no longer to be saved
    clearTimeout(this.timer);
    this.range = { x: [...frame.x], y: [...frame.y] };
    this.events.save(this.range);
  }

  /** Ends without saving a zoom that has not come to rest. */
  dispose(): void {
    clearTimeout(this.timer);
  }
}

function sameRanges(a: ShownRanges | null, b: ShownRanges | null): boolean {
  if (a === null || b === null) return a === b;
  return (["x", "y"] as const).every((axis) => a[axis][0] === b[axis][0] && a[axis][1] === b[axis][1]);
}
