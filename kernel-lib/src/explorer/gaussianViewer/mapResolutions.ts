import { StoppedError } from "../../errors";
import type { Volume } from "../../maps/volume";
import type { TaskOptions } from "../../progress";
import type { DensityMap } from "./densityMap";
import { displayedResolution } from "./displayedResolution";

/** The local resolution of a map in Å, or what finds it when it is first asked for. */
export type ResolutionSource = Volume | ((task: TaskOptions) => Promise<Volume>);

/** The map of a viewer that waits for its local resolution, or has it. */
interface Entry {
  source: ResolutionSource;
  /** Stops what finds it. */
  stop?: AbortController;
}

const unknown = { resolution: new Uint8Array(), resolutionLow: 0, resolutionHigh: 0 };

/** Finds the local resolution of a viewer's maps as soon as one is to be coloured by it. */
export class MapResolutions {
  private readonly entries = new Map<DensityMap, Entry>();
  private readonly observed = new WeakSet<DensityMap>();
  /** What was begun last, whose notice is shown. */
  private latest: AbortController | undefined;

  /** @param say called with what is being done, for the user */
  constructor(private readonly say: (text: string) => void) {}

  /** Gives a map another source, or none; what was known is forgotten. */
  setSource(map: DensityMap, source: ResolutionSource | undefined): void {
    this.forget(map);
    if (source) this.entries.set(map, { source });
    const coloured = map.colourBy === "local resolution";
    map.set({
      ...unknown,
      resolvable: source !== undefined,
      ...(coloured && !source && { colourBy: "own colour" as const }),
    });
    if (!this.observed.has(map)) {
      this.observed.add(map);
      map.observe("colourBy", () => this.follow(map));
    }
    this.follow(map);
  }

  /** Stops what is being found for a map. */
  forget(map: DensityMap): void {
    this.entries.get(map)?.stop?.abort();
    this.entries.delete(map);
  }

  private follow(map: DensityMap): void {
    const entry = this.entries.get(map);
    if (!entry) return;
    if (map.colourBy !== "local resolution") {
      entry.stop?.abort();
      delete entry.stop;
    } else if (map.resolution.length === 0 && !entry.stop) void this.find(map, entry);
  }

  private async find(map: DensityMap, entry: Entry): Promise<void> {
    const stop = new AbortController();
    entry.stop = stop;
    this.latest = stop;
    try {
      const local = await this.resolve(map, entry.source, stop.signal);
      if (stop.signal.aborted) return;
      map.set(displayedResolution(local, { ...unpacked(map), size: map.size, apix: map.apix }));
      this.ended(stop);
    } catch (error) {
      if (error instanceof StoppedError || stop.signal.aborted) return this.ended(stop);
      map.set({ colourBy: "own colour" });
      this.say(`The local resolution of “${map.name}” cannot be found: ${(error as Error).message}`);
    } finally {
      if (entry.stop === stop) delete entry.stop;
    }
  }

  /** Takes the notice of a search back, unless another has begun since. */
  private ended(stop: AbortController): void {
    if (this.latest === stop) this.say("");
  }

  private resolve(map: DensityMap, source: ResolutionSource, signal: AbortSignal): Promise<Volume> {
    if (typeof source !== "function") return Promise.resolve(source);
    const finding = `Finding the local resolution of “${map.name}”`;
    this.say(`${finding} …`);
    let told = 0;
    return source({
      signal,
      onProgress: ({ done, total }) => {
        // Quarters: each is read out by screen readers
        const quarter = Math.floor((4 * done) / total);
        if (quarter === told || signal.aborted || done === total) return;
        told = quarter;
        this.say(`${finding}: ${25 * quarter} %`);
      },
    });
  }
}

/** The values of a map from where on they belong to the molecule: two standard deviations above the mean. */
function unpacked({ data, low, high, mean, sigma }: DensityMap): { data: Uint16Array; level: number } {
  const step = (high - low) / 65535;
  return { data, level: step > 0 ? (mean + 2 * sigma - low) / step : 0 };
}
