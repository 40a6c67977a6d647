import type { Volume } from "../../maps/volume";
import { describeLeftOut } from "../../particles/images/imageOutliers";
import type { TaskOptions } from "../../progress";
import { sourceHash } from "../../reconstruction/backproject";
import type { Reconstruction } from "../../reconstruction/reconstruct";
import { packageVersion } from "../../version";
import type { NamedSet } from "../../workbench/setTable";
import type { ExplorerParts } from "../explorerParts";
import type { MapState } from "../explorerState";
import { placedLike } from "../exportedFiles";
import type { DensityMap } from "../gaussianViewer/densityMap";
import { SetMaps } from "./setMaps";
import { resolutionOfSet } from "./setResolutions";
import { shownMap } from "./shownMap";
import { StoredMaps } from "./storedMaps";

/** Options of the reconstructions of an explorer. */
export interface SetReconstructionOptions {
  /** Box of the maps in voxels; at most that of the images. Default 128. */
  mapBox?: number | undefined;
  /** Folder of the image stacks. Default that of the run. */
  dataFolder?: string | undefined;
}

const defaultMapBox = 128;

/**
 * Reconstructions of particle sets, and which of them the viewer shows. `SetMaps` owns results and running jobs; this
 * class owns the link from a set to its map in the viewer.
 */
export class SetReconstructions {
  private readonly maps: SetMaps;
  private readonly stored: StoredMaps;
  /** Maps in the viewer, by set id. */
  private readonly shown = new Map<string, DensityMap>();

  /** @param changed called after every change of a map's state */
  constructor(
    private readonly parts: Pick<
      ExplorerParts,
      "page" | "explored" | "viewer" | "sets" | "jobs" | "workbench"
    >,
    private readonly options: SetReconstructionOptions,
    changed: () => void,
  ) {
    this.maps = new SetMaps((rows, task) => this.reconstructRows(rows, task), changed);
    this.stored = new StoredMaps(parts.workbench, (rows) => this.nameOf(rows));
    parts.workbench.onChange(() => this.findStored());
  }

  /** State of the map of a set; null if there is none. */
  state(id: string): MapState | null {
    return this.maps.state(id);
  }

  /** @throws InputError if the set has not been reconstructed */
  result(set: NamedSet): Promise<Reconstruction> {
    return this.maps.result(set);
  }

  /** Reconstructs a set and shows its map. */
  async reconstruct(idOrName: string): Promise<Reconstruction> {
    const { page, explored, sets } = this.parts;
    const particles = explored.requireParticles();
    const set = sets.get(idOrName);
    const { id, rows } = set;
    const result = await this.maps.reconstruct(set);
    await this.stored.write(rows, result).catch((error: Error) => {
      page.set({ status: `The map of “${set.name}” cannot be kept in the run folder: ${error.message}` });
    });
    // Meanwhile the set may have been removed or renamed
    if (!sets.has(id) || page.closed) return result;
    await this.show(id);
    const { leftOut } = result;
    if (leftOut.length > 0) {
      const which = describeLeftOut(leftOut, particles.select(rows).tilts().count, (i) => particles.rows[i]!);
      page.set({ status: `“${sets.get(id).name}”: ${which}` });
    }
    return result;
  }

  private async reconstructRows(indices: Uint32Array, task: TaskOptions): Promise<Reconstruction> {
    const { explored, jobs } = this.parts;
    const particles = explored.requireParticles();
    const source = {
      file: particles.openedFile,
      dataFolder: this.options.dataFolder ?? explored.run?.record.inputs.dataFolder,
      apix: particles.givenApix,
      invertContrast: particles.invertContrast,
      bytes: particles.bytes,
      symmetry: particles.symmetry?.name,
      rows: particles.rows,
      operators: particles.operators,
    };
    const { boxSize } = this;
    return placedLike(explored.neutral, await jobs.run("reconstruct", { source, indices, boxSize }, task));
  }

  private get boxSize(): number {
    const { mapBox = defaultMapBox } = this.options;
    return Math.min(mapBox, this.parts.explored.requireParticles().boxSize);
  }

  /** A name that is another one for other particles, images, poses, optics, options or origin of the map. */
  private async nameOf(rows: Uint32Array): Promise<string> {
    const { explored } = this.parts;
    const particles = explored.requireParticles().select(rows);
    const { origin, boxSize, apix } = explored.neutral;
    const made = [packageVersion, this.boxSize, particles.symmetry?.name, origin, boxSize, apix];
    const hash = await sourceHash(particles);
    if (particles.operators) hash.update(particles.operators);
    return hash.update(JSON.stringify(made)).digest("hex").slice(0, 16);
  }

  /** Stops the reconstruction of a set; no effect if none is running. */
  stop(id: string): void {
    this.maps.stop(id);
  }

  /** Shows the map of a set in the viewer, or hides it. @throws InputError if there is none to show */
  async show(idOrName: string, shown = true): Promise<void> {
    const set = this.parts.sets.get(idOrName);
    if (shown) await this.place(set);
    else this.hide(set.id);
    this.maps.setShown(set.id, shown);
  }

  private async place({ id }: NamedSet): Promise<void> {
    const { viewer, sets, page } = this.parts;
    const result = await this.maps.result(sets.get(id));
    // Meanwhile the set may have been removed or renamed
    if (!sets.has(id) || page.closed) return;
    const set = sets.get(id);
    const { map, note } = shownMap(result);
    const resolution = (task: TaskOptions) => this.localResolution(set.rows, result, task);
    const look = { colour: set.colour, note, ...(result.half1 && { resolution }) };
    const shown = this.shown.get(set.id);
    if (shown) viewer.replaceMap(shown, map, look);
    else this.shown.set(set.id, viewer.addMap(set.name, map, look));
  }

  /** That of the run folder; found and kept there where there is none. */
  private async localResolution(
    rows: Uint32Array,
    result: Reconstruction,
    task: TaskOptions,
  ): Promise<Volume> {
    // A damaged file can be made again
    const kept = await this.stored.readResolution(rows).catch(() => undefined);
    if (kept) return kept;
    const found = await resolutionOfSet(result, task);
    await this.stored.writeResolution(rows, found).catch((error: Error) => {
      this.parts.page.set({
        status: `The local resolution cannot be kept in the run folder: ${error.message}`,
      });
    });
    return found;
  }

  private hide(id: string): void {
    const shown = this.shown.get(id);
    this.shown.delete(id);
    if (shown) this.parts.viewer.removeMap(shown);
  }

  /** Finds the maps of sets that are in the run folder. */
  private findStored(): void {
    for (const { id, rows } of this.parts.sets) {
      if (this.maps.state(id)) continue;
      void this.stored
        .find(rows)
        .then((found) => {
          if (!found || !this.parts.sets.has(id) || this.parts.page.closed) return;
          this.maps.restore(id, found.fsc, () => this.stored.read(rows));
        })
        // A damaged one can be made again
        .catch(() => undefined);
    }
  }

  /** Removes the maps of removed sets, and gives the others the names and colours of their sets. */
  setsChanged(): void {
    const { sets, viewer } = this.parts;
    for (const id of this.maps.ids) if (!sets.has(id)) this.maps.remove(id);
    for (const id of [...this.shown.keys()]) if (!sets.has(id)) this.hide(id);
    this.findStored();
    for (const { id, name, colour } of sets) {
      const map = this.shown.get(id);
      if (!map) continue;
      viewer.renameMap(map, name);
      map.set({ colour });
    }
  }

  /** Notices maps that were removed from the viewer other than through the set table. */
  viewerMapsChanged(): void {
    for (const [id, map] of [...this.shown]) {
      if (this.parts.viewer.maps.includes(map)) continue;
      this.shown.delete(id);
      this.maps.setShown(id, false);
    }
  }
}
