import { FileModel } from "./fileModel.js";
import { formatNumber, rightAngles } from "./headerText.js";
import { describePlan, planMap } from "./mapPlan.js";
import { MontageModel } from "./montageModel.js";
import {
  findValues,
  headerBytes,
  isStack,
  type MrcHeader,
  type MrcLayout,
  parseHeader,
  sizeOf,
  voxelOf,
} from "./mrc.js";
import { type MrcSource, readMapData } from "./readMap.js";
import { formatBytes, type RemoteFile, readRange } from "./remoteFile.js";
import { SliceModel } from "./sliceModel.js";
import { initialLevel, type Statistics } from "./statistics.js";
import { SurfaceModel } from "./surfaceModel.js";

/** The known parts of a file's header. */
export interface ShownHeader {
  header: MrcHeader;
  /** Undefined if the file does not match its header. */
  layout: MrcLayout | undefined;
  /** Bytes of the file. */
  fileBytes: number;
  /** What was assumed about the values, in sentences. */
  warnings: readonly string[];
  /** Of the values of a map, once they have been read. */
  statistics: Statistics | undefined;
}

/** The drawn content of a file. */
export type Pictures =
  | { kind: "map"; surface: SurfaceModel; slice: SliceModel }
  | { kind: "images"; montage: MontageModel };

/** A map as a surface and in slices, or a stack as images, and the header of the file. */
export class MapModel extends FileModel {
  private shownHeader: ShownHeader | undefined;
  private shownPictures: Pictures | undefined;
  private fileName = "";
  private about = "";
  /** Whether the user wants images instead of a map; undefined: the file decides. */
  private asImages: boolean | undefined;

  /** The header, as soon as it has been read. */
  get header(): ShownHeader | undefined {
    return this.shownHeader;
  }

  /** What is drawn, once it has been read. */
  get pictures(): Pictures | undefined {
    return this.shownPictures;
  }

  /** Whether the file is shown as images. Headers can be wrong about what sections are; the user can then say otherwise. */
  get showsImages(): boolean {
    const { shownHeader } = this;
    return this.asImages ?? (shownHeader !== undefined && isStack(shownHeader.header, this.fileName));
  }

  set showsImages(images: boolean) {
    if (images === this.showsImages) return;
    this.asImages = images;
    void this.reload();
  }

  protected override get summary(): string {
    return this.about;
  }

  protected override async load(file: RemoteFile, signal: AbortSignal): Promise<void> {
    this.clear();
    this.fileName = file.name;
    const start = await readRange(file, 0, Math.min(file.size, headerBytes), { signal });
    const header = parseHeader(start, file.name);
    // Show the header even if the file turns out to be truncated
    const shown = { header, layout: undefined, fileBytes: file.size, warnings: [], statistics: undefined };
    this.setHeader(shown);
    const read = (from: number, to: number) => readRange(file, from, to, { signal });
    const { layout, warnings } = await findValues({ file: file.name, header, size: file.size, read });
    this.setHeader({ ...shown, layout, warnings });
    const source = { file, header, layout };
    if (this.showsImages) this.openImages(source);
    else await this.openMap(source, signal);
  }

  private openImages(source: MrcSource): void {
    const { nc, nr, ns } = source.header;
    const montage = new MontageModel(source, (text) => this.setProblem(text));
    this.about = `${ns} ${ns === 1 ? "image" : "images"} of ${nc}×${nr} · ${formatBytes(source.file.size)}`;
    this.shownPictures = { kind: "images", montage };
    this.say(undefined);
  }

  private async openMap(source: MrcSource, signal: AbortSignal): Promise<void> {
    const { file, header, layout } = source;
    const { mapEdge, mapMegabytes, mapLevel, mapColour } = this.input.settings;
    const plan = planMap(header, layout, { edge: mapEdge, bytes: mapMegabytes * 1e6 });
    const notes = [describePlan(plan, header, layout), unusualCell(header)];
    this.about = [`${sizeOf(header).join("×")} voxels`, formatBytes(file.size), ...notes]
      .filter((note) => note !== undefined)
      .join(" · ");
    const map = await readMapData(source, plan, {
      signal,
      onProgress: (fraction) => this.say(`${this.about} · reading, ${Math.round(100 * fraction)} %`),
    });
    const level = initialLevel(map.statistics, mapLevel);
    this.shownPictures = {
      kind: "map",
      surface: new SurfaceModel(map, { level, colour: mapColour, name: file.name }),
      slice: new SliceModel(map),
    };
    this.setHeader({ ...this.shownHeader!, statistics: map.statistics });
    this.say(undefined);
  }

  private setHeader(header: ShownHeader | undefined): void {
    this.shownHeader = header;
    this.changed();
  }

  private clear(): void {
    const pictures = this.shownPictures;
    this.shownPictures = undefined;
    this.about = "";
    this.setHeader(undefined);
    if (pictures?.kind === "images") pictures.montage.dispose();
    else {
      pictures?.surface.dispose();
      pictures?.slice.dispose();
    }
  }

  override dispose(): void {
    this.clear();
    super.dispose();
  }
}

/** Describes how the drawing deviates from the header. */
function unusualCell(header: MrcHeader): string | undefined {
  const { voxel } = voxelOf(header);
  if (!rightAngles(header)) {
    return `a cell with angles of ${header.angles.map(formatNumber).join(", ")}° is drawn with right angles`;
  }
  if (voxel.some((length) => Math.abs(length - voxel[0]) > 1e-3 * voxel[0])) {
    return `voxels of ${voxel.map((length) => length.toFixed(3)).join(" × ")} Å are drawn as cubes`;
  }
  return undefined;
}
