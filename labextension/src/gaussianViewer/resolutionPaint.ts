import { coloursOf, type Legend, scales } from "./colours.js";
import { type ResolutionGrid, resolutionAt } from "./resolutionGrid.js";
import type { MapAccess } from "./viewerState.js";

/** The colours [3V] of vertices [3V] in Å. */
type Paint = (position: Float32Array) => Float32Array;

interface Known {
  /** What the colours depend on. */
  resolution: Uint8Array;
  ends: string;
  paint: Paint;
}

/** Colours surfaces by the local resolution of their maps, on one scale for all that are shown. */
export class ResolutionPaint {
  private readonly known = new Map<string, Known>();

  /** @param all the maps on whose scale colours are, also those of a picture beside */
  constructor(private readonly all: () => readonly MapAccess[]) {}

  /** Colours of a map's surface, another function whenever they change; undefined while its resolution is not known. */
  of(map: MapAccess): Paint | undefined {
    const resolution = map.read("resolution");
    if (!paints(map)) return undefined;
    const range = endsOf(this.all());
    const ends = JSON.stringify(range);
    const before = this.known.get(map.model_id);
    if (before?.resolution === resolution && before.ends === ends) return before.paint;
    const grid: ResolutionGrid = {
      steps: resolution,
      size: map.read("size"),
      apix: map.read("apix"),
      origin: map.read("origin"),
      low: map.read("resolutionLow"),
      high: map.read("resolutionHigh"),
    };
    const paint = (position: Float32Array) =>
      coloursOf(resolutionAt(grid, position), scales.resolution, range);
    this.known.set(map.model_id, { resolution, ends, paint });
    return paint;
  }

  /** What the colours of these maps mean; undefined if no surface that is shown has them. */
  legend(maps: readonly MapAccess[]): Legend | undefined {
    if (!maps.some(paints)) return undefined;
    return { kind: "scale", title: "Local resolution (Å)", scale: scales.resolution, ...endsOf(this.all()) };
  }
}

/** Whether a surface is shown in the colours of its local resolution. */
function paints(map: MapAccess): boolean {
  return (
    map.read("visible") &&
    map.read("colourBy") === "local resolution" &&
    map.read("data").length > 0 &&
    map.read("resolution").length === map.read("data").length
  );
}

/** The finest and the coarsest resolution in Å of all surfaces that are shown. */
function endsOf(maps: readonly MapAccess[]): { low: number; high: number } {
  const painted = maps.filter(paints);
  return {
    low: Math.min(...painted.map((map) => map.read("resolutionLow"))),
    high: Math.max(...painted.map((map) => map.read("resolutionHigh"))),
  };
}
