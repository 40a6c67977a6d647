import { describeLeftOut } from "../../particles/images/imageOutliers";
import type { TaskOptions } from "../../progress";
import type { Reconstruction } from "../../reconstruction/reconstruct";
import type { ExplorerParts } from "../explorerParts";
import type { MapState } from "../explorerState";
import { placedLike } from "../exportedFiles";
import type { DensityMap } from "../gaussianViewer/densityMap";
import { SetMaps } from "./setMaps";
import type { NamedSet } from "./setTable";

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
  /** Maps in the viewer, by set id. */
  private readonly shown = new Map<string, DensityMap>();

  /** @param changed called after every change of a map's state */
  constructor(
    private readonly parts: Pick<ExplorerParts, "page" | "explored" | "viewer" | "sets" | "jobs">,
    private readonly options: SetReconstructionOptions,
    changed: () => void,
  ) {
    this.maps = new SetMaps((rows, task) => this.reconstructRows(rows, task), changed);
  }

  /** State of the map of a set; null if there is none. */
  state(id: string): MapState | null {
    return this.maps.state(id);
  }

  /** @throws InputError if the set has not been reconstructed */
  result(set: NamedSet): Reconstruction {
    return this.maps.result(set);
  }

  /** Reconstructs a set and shows its map. */
  async reconstruct(idOrName: string): Promise<Reconstruction> {
    const { page, explored, sets } = this.parts;
    const particles = explored.requireParticles();
    const set = sets.get(idOrName);
    const { id, rows } = set;
    const result = await this.maps.reconstruct(set);
    // Meanwhile the set may have been removed or renamed
    if (!sets.has(id) || page.closed) return result;
    this.show(id);
    const { leftOut } = result;
    if (leftOut.length > 0) {
      const which = describeLeftOut(leftOut, rows.length, (i) => particles.rows[i]!);
      page.set({ status: `“${sets.get(id).name}”: ${which}` });
    }
    return result;
  }

  private async reconstructRows(indices: Uint32Array, task: TaskOptions): Promise<Reconstruction> {
    const { explored, jobs } = this.parts;
    const particles = explored.requireParticles();
    const source = {
      file: particles.file,
      dataFolder: this.options.dataFolder ?? explored.run?.record.inputs.dataFolder,
      apix: particles.givenApix,
      invertContrast: particles.invertContrast,
      bytes: particles.bytes,
      symmetry: particles.symmetry?.name,
      rows: particles.rows,
      operators: particles.operators,
    };
    const boxSize = Math.min(this.options.mapBox ?? defaultMapBox, particles.boxSize);
    return placedLike(explored.neutral, await jobs.run("reconstruct", { source, indices, boxSize }, task));
  }

  /** Stops the reconstruction of a set; no effect if none is running. */
  stop(id: string): void {
    this.maps.stop(id);
  }

  /** Shows the map of a set in the viewer, or hides it. @throws InputError if there is none to show */
  show(idOrName: string, shown = true): void {
    const set = this.parts.sets.get(idOrName);
    if (shown) this.place(set);
    else this.hide(set.id);
    this.maps.setShown(set.id, shown);
  }

  private place(set: NamedSet): void {
    const { viewer } = this.parts;
    const { map } = this.maps.result(set);
    const look = { colour: set.colour };
    const shown = this.shown.get(set.id);
    if (shown) viewer.replaceMap(shown, map, look);
    else this.shown.set(set.id, viewer.addMap(set.name, map, look));
  }

  private hide(id: string): void {
    const shown = this.shown.get(id);
    this.shown.delete(id);
    if (shown) this.parts.viewer.removeMap(shown);
  }

  /** Removes the maps of removed sets, and gives the others the names and colours of their sets. */
  setsChanged(): void {
    const { sets, viewer } = this.parts;
    for (const id of this.maps.ids) if (!sets.has(id)) this.maps.remove(id);
    for (const id of [...this.shown.keys()]) if (!sets.has(id)) this.hide(id);
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
