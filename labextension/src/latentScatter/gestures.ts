import {
  clampToArea,
  type Frame,
  type Place,
  polyline,
  type Reach,
  reachOutline,
  thinned,
  toNumbers,
} from "./geometry.js";
import type { Mode, Tool } from "./tools.js";

/** Results of gestures, in the numbers of the shown axes. */
export interface GestureEvents {
  /** Select within a polygon, x and y of each corner. */
  lasso(polygon: number[], mode: Mode): void;
  /** Select within a rectangle. */
  box(low: Place, high: Place, mode: Mode): void;
  /** @param rim a point on the border; null for a click, which has none */
  radius(centre: Place, rim: Place | null, mode: Mode): void;
  /** Select the particles nearest to a place. */
  nearest(centre: Place, mode: Mode): void;
  /** Add an anchor to the path. */
  anchor(place: Place): void;
}

/** What a gesture works on. */
export interface GestureContext {
  events: GestureEvents;
  /** The plot area now; it may change during the gesture. */
  frame(): Frame;
  /** How a radius looks over the shown axes. */
  reach(): Reach;
  /** Which axes are heights of a histogram: a box has all of their length. */
  heights(): readonly [boolean, boolean];
  /** Draws the outline of the selection. @param d of an SVG path in pixels */
  outline(d: string): void;
  /** Moves the probe. */
  dragProbe(to: Place): void;
  /** The drag of the probe has ended. */
  dropProbe(): void;
}

/** Follows the pointer from press to release; places are pixels of the plot area. */
export interface Gesture {
  move(to: Place): void;
  end(to: Place): void;
  /** Ends the gesture without a result. */
  cancel?(): void;
}

/** A pointer that moved by less than this, in pixels, clicked. */
const clickDistance = 4;

/** Begins the gesture of a tool where the pointer was pressed. */
export function startGesture(
  tool: Exclude<Tool, "pan">,
  from: Place,
  mode: Mode,
  context: GestureContext,
): Gesture {
  const { events } = context;
  const numbers = (place: Place) => toNumbers(context.frame(), place);
  switch (tool) {
    case "probe":
      return {
        move: (to) => context.dragProbe(numbers(clampToArea(context.frame(), to))),
        end: () => context.dropProbe(),
        cancel: () => context.dropProbe(),
      };
    case "lasso":
      return lasso(context, (polygon) => events.lasso(polygon.flatMap(numbers), mode));
    case "box":
      return box(from, context, (a, b) => {
        const low: Place = [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
        const high: Place = [Math.max(a[0], b[0]), Math.max(a[1], b[1])];
        events.box(low, high, mode);
      });
    case "radius":
      return {
        move: (to) => {
          if (isClick(from, to)) return;
          context.outline(reachOutline(context.frame(), context.reach(), numbers(from), numbers(to)));
        },
        end: (to) => events.radius(numbers(from), isClick(from, to) ? null : numbers(to), mode),
      };
    case "nearest":
      return { move: () => {}, end: () => events.nearest(numbers(from), mode) };
    case "path":
      return { move: () => {}, end: () => events.anchor(numbers(from)) };
  }
}

function lasso(context: GestureContext, done: (polygon: Place[]) => void): Gesture {
  const points: Place[] = [];
  return {
    move: (to) => {
      points.push(clampToArea(context.frame(), to));
      context.outline(`${polyline(points)}Z`);
    },
    end: () => {
      const corners = thinned(points, 2);
      if (corners.length > 2) done(corners);
    },
  };
}

/** @param done called with opposite corners in the numbers of the axes */
function box(start: Place, context: GestureContext, done: (a: Place, b: Place) => void): Gesture {
  const corners = (to: Place): [Place, Place] => {
    const frame = context.frame();
    const [across, up] = context.heights();
    const [x, y] = clampToArea(frame, to);
    return [
      [across ? 0 : start[0], up ? 0 : start[1]],
      [across ? frame.width : x, up ? frame.height : y],
    ];
  };
  return {
    move: (to) => {
      const [from, [x, y]] = corners(to);
      context.outline(`M${from[0]} ${from[1]}H${x}V${y}H${from[0]}Z`);
    },
    end: (to) => {
      if (isClick(start, to)) return;
      const [a, b] = corners(to);
      done(toNumbers(context.frame(), a), toNumbers(context.frame(), b));
    },
  };
}

function isClick(from: Place, to: Place): boolean {
  return Math.hypot(to[0] - from[0], to[1] - from[1]) < clickDistance;
}
