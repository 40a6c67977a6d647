import { rgbOf } from "../../stage/colour.js";
import type { MapAccess, ViewerAccess, ViewerState } from "../viewerState.js";

type MapState = Parameters<MapAccess["change"]>[0];

/** Identifies the map between two others among those that are drawn. */
const morphId = "e2gmm-morph";

/** The maps that are shown and can be morphed one into the next: on one grid, with levels above 0; none if there are fewer than two. */
export function morphableMaps(viewer: ViewerAccess): readonly MapAccess[] {
  const shown = viewer.read("maps").filter((map) => map.read("visible") && map.read("level") > 0);
  const [first] = shown;
  const gridOf = (map: MapAccess) => JSON.stringify([map.read("size"), map.read("apix"), map.read("origin")]);
  const alike = shown.filter((map) => gridOf(map) === gridOf(first!) && map.read("data").length > 0);
  return alike.length > 1 ? alike : [];
}

/**
 * The map at a position between maps: values, in units of each map's level, are mixed linearly, and so are colour and opacity.
 * @param maps from {@link morphableMaps}
 * @param position 0 for the first map, 1 for the second, …
 */
export function morphedMap(maps: readonly MapAccess[], position: number): MapAccess {
  const first = Math.min(maps.length - 2, Math.max(0, Math.floor(position)));
  const part = Math.min(1, Math.max(0, position - first));
  const [a, b] = [maps[first]!, maps[first + 1]!];
  const [from, to] = [a, b].map((map) => {
    const [low, high, level] = [map.read("low"), map.read("high"), map.read("level")];
    return { data: map.read("data"), start: low / level, step: (high - low) / 65535 / level };
  });
  const mixed = new Float32Array(from!.data.length);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < mixed.length; i++) {
    const value =
      (1 - part) * (from!.start + from!.step * from!.data[i]!) + part * (to!.start + to!.step * to!.data[i]!);
    mixed[i] = value;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const scale = high > low ? 65535 / (high - low) : 0;
  const mix = (key: "opacity" | "dust") => (1 - part) * a.read(key) + part * b.read(key);
  const state: MapState = {
    ...{ name: `${a.read("name")} → ${b.read("name")}`, visible: true, note: "", resolvable: false },
    ...{ size: a.read("size"), apix: a.read("apix"), origin: a.read("origin") },
    ...{ data: Uint16Array.from(mixed, (value) => Math.round((value - low) * scale)), low, high },
    ...{ level: 1, colour: mixedColour(a.read("colour"), b.read("colour"), part), colourBy: "own colour" },
    ...{ opacity: mix("opacity"), dust: mix("dust"), resolution: new Uint8Array() },
  };
  const nothing = () => undefined;
  return {
    model_id: morphId,
    read: (key) => (key in state ? state[key] : a.read(key)) as never,
    ...{ change: nothing, on: nothing, off: nothing },
  };
}

function mixedColour(a: string, b: string, part: number): string {
  const [one, other] = [rgbOf(a), rgbOf(b)];
  const mixed = one.map((value, c) => Math.round(255 * ((1 - part) * value + part * other[c]!)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/** The state of a viewer with the map at a position in place of those that are morphed; all of it while there is none. */
export function morphedAccess(viewer: ViewerAccess, position: () => number | undefined): ViewerAccess {
  let known: { key: string; maps: readonly MapAccess[]; morphed: MapAccess } | undefined;
  const maps = (): readonly MapAccess[] => {
    const at = position();
    const morphed = at === undefined ? [] : morphableMaps(viewer);
    if (at === undefined || morphed.length === 0) return viewer.read("maps");
    // Another one only where something has changed: it is drawn anew
    const look = morphed.map((map) => [
      map.model_id,
      map.read("level"),
      map.read("colour"),
      map.read("opacity"),
    ]);
    const key = JSON.stringify([at, look]);
    const isSame =
      known?.key === key && known.maps.every((map, i) => map.read("data") === morphed[i]!.read("data"));
    if (!isSame) known = { key, maps: morphed, morphed: morphedMap(morphed, at) };
    return [...viewer.read("maps").filter((map) => !morphed.includes(map)), known!.morphed];
  };
  const read = <K extends keyof ViewerState>(key: K) => (key === "maps" ? maps() : viewer.read(key));
  return { ...viewerParts(viewer), read: read as ViewerAccess["read"] };
}

const viewerParts = (viewer: ViewerAccess): Omit<ViewerAccess, "read"> => ({
  change: (state) => viewer.change(state),
  on: (events, listener) => viewer.on(events, listener),
  off: (events, listener) => viewer.off(events, listener),
});
