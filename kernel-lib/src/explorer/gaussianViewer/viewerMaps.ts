import type { Widget } from "tslab-widgets";
import { distinctLabels } from "../../display/checks";
import { InputError } from "../../errors";
import type { CubicBox } from "../../maps/grid";
import type { Volume } from "../../maps/volume";
import { DensityMap } from "./densityMap";
import { displayedMap } from "./displayedMap";
import { MapResolutions, type ResolutionSource } from "./mapResolutions";
import type { gaussianViewerTraits } from "./state";

/** How a map is drawn. */
export interface MapLook {
  /** `#rrggbb`. Default one that the fewest maps have. */
  colour?: string;
  /** Of the isosurface, in units of the map. Default 3 standard deviations above the mean. */
  level?: number;
  /** Pieces of the surface that are shorter than this along every axis are hidden, in Å. Default: five voxels. */
  dust?: number;
  /** What was done to the map before, for the user. Default: nothing. */
  note?: string;
  /**
   * Its local resolution in Å, 0 where it is not known, or a function that finds it when the surface is first coloured by it. Default:
   * it cannot be coloured so.
   */
  resolution?: ResolutionSource;
}

/** Noise rarely makes longer pieces. */
const dustVoxels = 5;

/** Colours of maps, in the order in which they are used. */
const mapColours = ["#e3b778", "#8fbf9f", "#c79bc2", "#d98c7a", "#86b6c9", "#b8b86b"];

/** Adds, replaces, renames and removes the maps in the viewer's trait `maps`. */
export class ViewerMaps {
  private readonly resolutions: MapResolutions;

  /** @param box of the neutral model, which maps are compared with */
  constructor(
    private readonly viewer: Pick<Widget<typeof gaussianViewerTraits>, "get" | "set">,
    private readonly box: CubicBox,
  ) {
    this.resolutions = new MapResolutions((notice) => viewer.set({ notice }));
  }

  private get maps(): readonly DensityMap[] {
    return this.viewer.get("maps");
  }

  /** @throws InputError for a map that cannot be drawn */
  add(name: string, volume: Volume, look: MapLook = {}): DensityMap {
    const state = this.drawn(name, volume, look);
    const uses = (colour: string) => this.maps.filter((map) => map.colour === colour).length;
    const colour = mapColours.reduce((best, next) => (uses(next) < uses(best) ? next : best));
    const map = new DensityMap({ name: this.freeName(name), colour, opacity: 0.5, ...state });
    this.resolutions.setSource(map, look.resolution);
    this.viewer.set({ maps: [...this.maps, map] });
    return map;
  }

  /** @throws InputError for a map that cannot be drawn */
  replace(map: DensityMap, volume: Volume, look: MapLook = {}): void {
    map.set(this.drawn(map.name, volume, look, map));
    this.resolutions.setSource(map, look.resolution);
  }

  /** Sets, replaces or, with null, removes the map of a name. @throws InputError for a map that cannot be drawn */
  setNamed(name: string, volume: Volume | null, look: MapLook = {}): void {
    const existing = this.maps.find((map) => map.name === name);
    if (!volume) {
      if (existing) this.remove(existing);
    } else if (existing) this.replace(existing, volume, look);
    else this.add(name, volume, look);
  }

  /** A slice through the map follows it to its new name. */
  rename(map: DensityMap, name: string): void {
    const slice = this.viewer.get("slice");
    const before = map.name;
    map.set({ name: this.freeName(name, map) });
    if (slice.map === before) this.viewer.set({ slice: { ...slice, map: map.name } });
  }

  /** Stops what is being found for the maps. */
  close(): void {
    for (const map of this.maps) this.resolutions.forget(map);
  }

  /** No effect on a map that is not shown. */
  remove(map: DensityMap): void {
    if (!this.maps.includes(map)) return;
    this.resolutions.forget(map);
    this.viewer.set({ maps: this.maps.filter((other) => other !== map) });
    map.close();
  }

  private freeName(name: string, own?: DensityMap): string {
    const taken = this.maps.filter((map) => map !== own).map((map) => map.name);
    return distinctLabels([...taken, name]).at(-1)!;
  }

  /** @param before the map whose level is kept, in standard deviations above the mean */
  private drawn(name: string, volume: Volume, { colour, level, dust, note }: MapLook, before?: DensityMap) {
    if (colour !== undefined && !/^#[0-9a-f]{6}$/i.test(colour)) {
      throw new InputError("colour", "a colour such as #e3b778", colour);
    }
    if (dust !== undefined && !(dust >= 0))
      throw new InputError("dust", "a length in Å, 0 or more", String(dust));
    const shown = displayedMap(volume, name, this.box);
    const sigmas = before && before.sigma > 0 ? (before.level - before.mean) / before.sigma : 3;
    return {
      ...shown,
      note: [note ?? "", shown.note].filter((text) => text !== "").join("; "),
      level: level ?? shown.mean + sigmas * shown.sigma,
      dust: dust ?? before?.dust ?? dustVoxels * shown.apix,
      ...(colour ? { colour } : {}),
    };
  }
}
