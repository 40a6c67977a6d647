import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { partialName } from "../../atomicWrite";
import { readMap, writeMap } from "../../maps/mapFile";
import type { Volume } from "../../maps/volume";
import { type FscCurve, readFsc } from "../../reconstruction/fsc";
import type { Reconstruction } from "../../reconstruction/reconstruct";
import type { Workbench } from "../../workbench/workbench";
import { checksumOfRows } from "../../workbench/workbenchFiles";
import { writeReconstruction } from "../exportedFiles";

/** Folder of the maps in that of the workbench; each is in a folder named by the particles, and by all else that it was made from. */
const mapsFolder = "maps";
const mapName = "map.mrc";
const resolutionName = "map_local_resolution.mrc";

/** Maps of sets in the run folder, found by everything that they were made from. */
export class StoredMaps {
  /** @param nameOf a name of what the map of particles would be made from now: letters and digits; particles alone do not tell */
  constructor(
    private readonly workbench: Workbench,
    private readonly nameOf: (rows: Uint32Array) => Promise<string>,
  ) {}

  /**
   * By checksums of particles, where their map would be, while none of the folders that there are is that: maps are looked for with every
   * change of the workbench, and a name takes a look at each particle.
   */
  private readonly asked = new Map<string, { candidates: string; folder: Promise<string | undefined> }>();

  private async folderOf(rows: Uint32Array): Promise<string | undefined> {
    const { folder } = this.workbench;
    if (folder === undefined) return undefined;
    return path.join(folder, mapsFolder, `${checksumOfRows(rows)}_${await this.nameOf(rows)}`);
  }

  /** FSC of the half maps of particles, null without half maps; undefined if there is no map of these. */
  async find(rows: Uint32Array): Promise<{ fsc: FscCurve | null } | undefined> {
    const { folder: kept } = this.workbench;
    if (kept === undefined) return undefined;
    // Naming all that enters takes a while, and most sets have no map.
    const names = await readdir(path.join(kept, mapsFolder)).catch(() => []);
    const particles = checksumOfRows(rows);
    const candidates = names.filter((name) => name.startsWith(particles)).join();
    if (candidates === "") return undefined;
    const known = this.asked.get(particles);
    const asked = known?.candidates === candidates ? known : { candidates, folder: this.folderOf(rows) };
    this.asked.set(particles, asked);
    let isOther = false;
    try {
      const folder = await asked.folder;
      isOther = folder === undefined || !existsSync(path.join(folder, mapName));
      if (folder === undefined || isOther) return undefined;
      const table = path.join(folder, "map_fsc.txt");
      return { fsc: existsSync(table) ? await readFsc(table) : null };
    } finally {
      if (!isOther) this.asked.delete(particles);
    }
  }

  /** Reads the maps of particles. @throws InputError if there are none, or they are damaged */
  async read(rows: Uint32Array): Promise<Reconstruction> {
    const folder = (await this.folderOf(rows)) ?? "";
    const half = async (number: 1 | 2) => {
      const file = path.join(folder, `map_half${number}.mrc`);
      return existsSync(file) ? readMap(file) : undefined;
    };
    const map = await readMap(path.join(folder, mapName));
    const [half1, half2, found] = [await half(1), await half(2), await this.find(rows)];
    const fsc = found?.fsc;
    return { map, ...(half1 && { half1 }), ...(half2 && { half2 }), ...(fsc && { fsc }), leftOut: [] };
  }

  /** The local resolution of the map of particles in Å; undefined if it is not kept. @throws InputError for a damaged file */
  async readResolution(rows: Uint32Array): Promise<Volume | undefined> {
    const folder = await this.folderOf(rows);
    const file = folder === undefined ? undefined : path.join(folder, resolutionName);
    return file !== undefined && existsSync(file) ? readMap(file) : undefined;
  }

  /** Keeps the local resolution beside the map of particles. No effect where that is not kept. */
  async writeResolution(rows: Uint32Array, resolution: Volume): Promise<void> {
    const folder = await this.folderOf(rows);
    if (folder !== undefined && existsSync(folder))
      await writeMap(path.join(folder, resolutionName), resolution);
  }

  /** Keeps the maps of particles, all files at once. No effect if the workbench is not kept. */
  async write(rows: Uint32Array, reconstruction: Reconstruction): Promise<void> {
    const folder = await this.folderOf(rows);
    if (folder === undefined) return;
    const partial = partialName(folder);
    await mkdir(partial, { recursive: true });
    try {
      await writeReconstruction(mapName, reconstruction, async (name) => path.join(partial, name));
      await rm(folder, { recursive: true, force: true });
      await rename(partial, folder);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
    this.workbench.touch();
  }
}
