import { type MapAccess, mapsOf, type ViewerAccess, type ViewerState } from "./viewerState.js";

/** One of two pictures that stand side by side. */
export type Side = "left" | "right";

const none = new Float32Array();

/** Maps that are shown, without the decoded density, which belongs to the state at the ring. */
function shownMaps(viewer: ViewerAccess): readonly MapAccess[] {
  return viewer.read("maps").filter((map) => map.read("visible"));
}

/** Whether there are two states, or two maps, to stand side by side. */
export function canStandSideBySide(viewer: ViewerAccess): boolean {
  return viewer.read("second").length > 0 || shownMaps(viewer).length > 1;
}

/**
 * What one of two pictures shows: the left one the pinned state, if there is one, the right one the state at the ring. Of two and more
 * maps that are shown, the first is on the left and the others are on the right; one alone is on both sides.
 */
export function sideOf(viewer: ViewerAccess, side: Side): ViewerAccess {
  const read = <K extends keyof ViewerState>(key: K): ViewerState[K] =>
    (side === "left" ? leftOf(viewer, key) : rightOf(viewer, key)) as ViewerState[K];
  return {
    read,
    change: (state) => viewer.change(state),
    on: (events, listener) => viewer.on(events, listener),
    off: (events, listener) => viewer.off(events, listener),
  };
}

/** The state as the main picture shows it: all of it, or the right one of two sides while `isSplit` says so. */
export function mainAccess(viewer: ViewerAccess, isSplit: () => boolean): ViewerAccess {
  const right = sideOf(viewer, "right");
  return { ...right, read: (key) => (isSplit() ? right : viewer).read(key) };
}

function leftOf(viewer: ViewerAccess, key: keyof ViewerState): unknown {
  const pinned = viewer.read("second");
  switch (key) {
    case "gaussians":
      return pinned.length > 0 ? pinned : viewer.read("gaussians");
    case "second":
    case "arrowsFrom":
    case "arrowsTo":
      return none;
    case "density":
      return pinned.length > 0 ? hidden(viewer.read("density")) : viewer.read("density");
    case "maps":
      return mapsOn(viewer, "left");
    case "slice": {
      const slice = viewer.read("slice");
      return { ...slice, visible: slice.visible && (slice.map !== "" || pinned.length === 0) };
    }
    default:
      return viewer.read(key);
  }
}

function rightOf(viewer: ViewerAccess, key: keyof ViewerState): unknown {
  if (key === "second") return none;
  return key === "maps" ? mapsOn(viewer, "right") : viewer.read(key);
}

function mapsOn(viewer: ViewerAccess, side: Side): readonly MapAccess[] {
  const shown = shownMaps(viewer);
  if (shown.length < 2) return viewer.read("maps");
  const [first, ...others] = shown;
  const gone = side === "left" ? others : [first!];
  return viewer.read("maps").filter((map) => !gone.includes(map));
}

/** The same map, not shown. */
function hidden(map: MapAccess): MapAccess {
  return {
    model_id: map.model_id,
    read: (key) => (key === "visible" ? (false as never) : map.read(key)),
    change: (state) => map.change(state),
    on: (events, listener) => map.on(events, listener),
    off: (events, listener) => map.off(events, listener),
  };
}

/** What each side shows, in words. */
export function sideTitles(viewer: ViewerAccess): Record<Side, string> {
  const pinned = viewer.read("second").length > 0;
  const names = (side: Side) =>
    mapsOf(sideOf(viewer, side))
      .filter((map) => map.read("visible"))
      .map((map) => map.read("name"));
  const title = (side: Side, state: string) => [...(pinned ? [state] : []), ...names(side)].join(", ");
  return { left: title("left", "pinned state"), right: title("right", "state at the ring") };
}
