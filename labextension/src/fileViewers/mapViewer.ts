import { element } from "../dom.js";
import { FileViewer, type ViewerInput } from "./fileViewer.js";
import { formatNumber, headerRows, rightAngles, statisticsRows } from "./headerText.js";
import { describePlan, firstLevel, planMap, readMapData } from "./mapData.js";
import { MontagePane } from "./montagePane.js";
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
import { formatBytes, type RemoteFile, readRange } from "./remoteFile.js";
import { SlicePane } from "./slicePane.js";
import { SurfacePane } from "./surfacePane.js";

/** A map as a surface and in slices, or a stack as images, beside the header of the file. */
export class MapViewer extends FileViewer {
  private readonly pictures = element("div", { class: "e2gmm-mapViewer-pictures" });
  private readonly side = element("aside", {
    class: "e2gmm-mapViewer-side",
    "aria-label": "Header",
    tabindex: 0,
  });
  private readonly modes = element("div", {
    class: "e2gmm-mapViewer-modes",
    role: "group",
    "aria-label": "Show as",
  });
  private panes: { dispose(): void }[] = [];
  private file: RemoteFile | undefined;
  /** What the user has said: a map or images. Undefined leaves it to the file. */
  private asImages: boolean | undefined;

  constructor(input: ViewerInput) {
    super(input);
    this.addClass("e2gmm-mapViewer");
    this.main.append(this.pictures, this.side);
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.clear();
    super.dispose();
  }

  private clear(): void {
    for (const pane of this.panes) pane.dispose();
    this.panes = [];
    this.pictures.replaceChildren();
  }

  protected override async load(file: RemoteFile, signal: AbortSignal): Promise<void> {
    this.clear();
    this.side.replaceChildren();
    this.file = file;
    const start = await readRange(file, 0, Math.min(file.size, headerBytes), signal);
    const header = parseHeader(start, file.name);
    // A header that promises more than the file has is worth seeing too
    this.showHeader(header, undefined);
    const read = (from: number, to: number) => readRange(file, from, to, signal);
    const { layout, warnings } = await findValues({ file: file.name, header, size: file.size, read });
    this.showHeader(header, layout);
    this.side.append(...warnings.map((text) => element("p", {}, text)));
    if (this.asImages ?? isStack(header, file.name)) this.showImages(file, header, layout);
    else await this.showMap(file, header, layout, signal);
  }

  private showImages(file: RemoteFile, header: MrcHeader, layout: MrcLayout): void {
    const pane = new MontagePane(file, header, layout, (text) => this.showProblem(text));
    this.panes.push(pane);
    this.pictures.append(pane.node);
    this.say(
      `${header.ns} ${header.ns === 1 ? "image" : "images"} of ${header.nc}×${header.nr} · ${formatBytes(file.size)}`,
    );
  }

  private async showMap(
    file: RemoteFile,
    header: MrcHeader,
    layout: MrcLayout,
    signal: AbortSignal,
  ): Promise<void> {
    const { mapEdge, mapMegabytes, mapLevel, mapColour } = this.input.settings;
    const plan = planMap(header, layout, { edge: mapEdge, bytes: mapMegabytes * 1e6 });
    const size = sizeOf(header).join("×");
    const notes = [describePlan(plan, header, layout), unusualCell(header)].filter(
      (note) => note !== undefined,
    );
    const about = [`${size} voxels`, formatBytes(file.size), ...notes].join(" · ");
    const map = await readMapData(file, header, layout, plan, {
      signal,
      onProgress: (fraction) => this.say(`${about} · reading, ${Math.round(100 * fraction)} %`),
    });
    this.say(about);
    this.side.append(element("h3", {}, "Values as read"), table(statisticsRows(map.statistics)));
    const surface = new SurfacePane(map, {
      level: firstLevel(map.statistics, mapLevel),
      colour: mapColour,
      name: file.name,
    });
    this.panes.push(surface);
    const volume = element("div", { class: "e2gmm-mapViewer-volume" }, surface.node, new SlicePane(map).node);
    this.pictures.append(volume);
  }

  private showHeader(header: MrcHeader, layout: MrcLayout | undefined): void {
    const { labels } = header;
    const lines = labels.map((label) => element("li", {}, label));
    this.side.replaceChildren(
      element("h3", {}, "Header"),
      table(headerRows(header, layout, this.file?.size ?? 0)),
      element("h3", {}, labels.length > 0 ? "Labels" : "No labels"),
      element("ol", { class: "e2gmm-mapViewer-labels" }, ...lines),
    );
    if (layout && header.ns > 1) this.side.prepend(this.modeButtons(isStack(header, this.file?.name ?? "")));
  }

  /** Headers say wrong things about what sections are; the user may say otherwise. */
  private modeButtons(stack: boolean): HTMLElement {
    const images = this.asImages ?? stack;
    const choice = (text: string, value: boolean) => {
      const made = element(
        "button",
        {
          type: "button",
          class: "jp-Button jp-mod-styled jp-mod-minimal",
          "aria-pressed": String(images === value),
        },
        text,
      );
      made.addEventListener("click", () => {
        if (images === value) return;
        this.asImages = value;
        void this.reload();
      });
      return made;
    };
    this.modes.replaceChildren(choice("Map", false), choice("Images", true));
    return this.modes;
  }
}

function table(rows: [name: string, text: string][]): HTMLElement {
  const body = rows.map(([name, text]) =>
    element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, text)),
  );
  return element("table", {}, element("tbody", {}, ...body));
}

/** What is drawn otherwise than the header says, in words. */
function unusualCell(header: MrcHeader): string | undefined {
  const { voxel } = voxelOf(header);
  if (!rightAngles(header))
    return `a cell with angles of ${header.angles.map(formatNumber).join(", ")}° is drawn with right angles`;
  if (voxel.some((edge) => Math.abs(edge - voxel[0]) > 1e-3 * voxel[0])) {
    return `voxels of ${voxel.map((edge) => edge.toFixed(3)).join(" × ")} Å are drawn as cubes`;
  }
  return undefined;
}
