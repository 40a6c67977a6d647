import { type Frame, keyStep, type Place, type Reach, reachOver } from "./geometry.js";
import { type Gesture, type GestureEvents, startGesture } from "./gestures.js";
import { isHeights } from "./histogram.js";
import type { Snapshot } from "./snapshot.js";
import type { Mode, Tool } from "./tools.js";

/** The plot area of two axes, as it was drawn last. */
export interface PlotArea {
  frame: Frame;
  /** Pixels from the left and top of the view's area. */
  offset: Place;
}

/** Content of the overlay. */
export interface OverlayState extends PlotArea {
  /** How a radius looks over the shown axes. */
  reach: Reach;
  /** Names of the shown axes. */
  names: readonly [string, string];
  /** Which axes only spread the particles: the probe keeps its place along them. */
  spreads: readonly [boolean, boolean];
  /** Which axes are heights of a histogram. */
  heights: readonly [boolean, boolean];
  /** Coordinates of the probe. */
  probe: Place;
  /** Coordinates of anchors, stations and the points of the path: x and y of each. */
  anchors: ArrayLike<number>;
  stations: ArrayLike<number>;
  path: ArrayLike<number>;
}

/** What the overlay draws of the kernel's state; undefined if there are no two axes. */
export function overlayState(state: Snapshot, area: PlotArea | undefined): OverlayState | undefined {
  const { shown, probePlace, anchorPlaces, stationPlaces, pathLine } = state;
  if (!area || !shown || shown.z) return undefined;
  return {
    ...area,
    reach: reachOver(shown.x, shown.y),
    names: [shown.x.name, shown.y.name],
    spreads: [shown.x.spreads, shown.y.spreads],
    heights: [isHeights(shown.x), isHeights(shown.y)],
    probe: [probePlace[0] ?? 0, probePlace[1] ?? 0],
    anchors: anchorPlaces,
    stations: stationPlaces,
    path: pathLine,
  };
}

/** What the user asks for in the plot area, in the numbers of its axes. */
export interface OverlayEvents extends GestureEvents {
  probe(place: Place): void;
  /** The probe is to go to the origin of the latent space. */
  origin(): void;
}

/** Milliseconds after which a dragged probe is shown where the kernel has it, even if no answer came. */
const wishTime = 1000;

/** Gestures and the probe in the plot area. */
export class OverlayModel {
  /** Outline of a selection that is being drawn: `d` of an SVG path. */
  outline = "";
  private current: OverlayState | undefined;
  private gesture: Gesture | undefined;
  /** Where a dragged probe is, until the kernel has followed. */
  private wish: Place | null = null;
  private dragging = false;
  private wishTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param changed called after each change of what is drawn */
  constructor(
    private readonly events: OverlayEvents,
    private readonly changed: () => void,
  ) {}

  /** Undefined while there is no plot area with two axes. */
  get state(): OverlayState | undefined {
    return this.current;
  }

  /** Whether a pointer is held down on the overlay. */
  get busy(): boolean {
    return this.gesture !== undefined;
  }

  /** Where the probe is drawn. */
  get probe(): Place {
    return this.wish ?? this.current?.probe ?? [0, 0];
  }

  /** Takes another state. The caller tells its views. */
  update(state: OverlayState | undefined): void {
    this.current = state;
    if (!state) this.cancel();
  }

  /** The kernel has reported the coordinates of the probe. */
  probeAnswered(): void {
    if (!this.dragging) this.wish = null;
  }

  /** The pointer was pressed at a place of the plot area. @returns whether a gesture has begun */
  press(tool: Tool, at: Place, mode: Mode): boolean {
    if (!this.current || this.gesture || tool === "pan") return false;
    this.dragging = tool === "probe";
    this.gesture = startGesture(tool, at, mode, {
      events: this.events,
      frame: () => this.current!.frame,
      reach: () => this.current!.reach,
      heights: () => this.current!.heights,
      outline: (d) => {
        this.outline = d;
        this.changed();
      },
      dragProbe: (to) => this.dragProbe(to),
      dropProbe: () => this.dropProbe(),
    });
    this.gesture.move(at);
    return true;
  }

  /** The pointer has moved to a place of the plot area. */
  move(to: Place): void {
    if (this.current) this.gesture?.move(to);
  }

  /** The pointer was released at a place of the plot area. */
  release(at: Place): void {
    const gesture = this.endGesture();
    if (this.current) gesture?.end(at);
  }

  /** Ends the gesture without a result. */
  cancel(): void {
    this.endGesture()?.cancel?.();
  }

  /** A key was pressed on the probe. @returns whether it moved the probe */
  pressKey(key: string, large: boolean): boolean {
    const { current } = this;
    if (!current) return false;
    if (key === "Home") {
      this.wish = null;
      this.events.origin();
      return true;
    }
    const step = keyStep(current.frame, key, large);
    if (!step) return false;
    const [x, y] = this.probe;
    this.dragProbe([x + step[0], y + step[1]]);
    this.dropProbe();
    return true;
  }

  /** Cancels the gesture and ends timers. */
  dispose(): void {
    this.cancel();
    clearTimeout(this.wishTimer);
  }

  private endGesture(): Gesture | undefined {
    const { gesture } = this;
    if (!gesture) return undefined;
    this.gesture = undefined;
    this.outline = "";
    this.changed();
    return gesture;
  }

  private dragProbe([x, y]: Place): void {
    const { spreads, probe } = this.current!;
    this.wish = [spreads[0] ? probe[0] : x, spreads[1] ? probe[1] : y];
    clearTimeout(this.wishTimer);
    this.changed();
    this.events.probe(this.wish);
  }

  private dropProbe(): void {
    this.dragging = false;
    // The kernel does not answer if the probe did not move
    clearTimeout(this.wishTimer);
    this.wishTimer = setTimeout(() => {
      this.wish = null;
      this.changed();
    }, wishTime);
  }
}
