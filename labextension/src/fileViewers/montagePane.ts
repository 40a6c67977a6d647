import { button, element, labelled } from "../dom.js";
import { greyPixels, readSections, shrunk, spreadOf } from "./mapData.js";
import type { MrcHeader, MrcLayout } from "./mrc.js";
import type { RemoteFile } from "./remoteFile.js";

const shownBytes = 64 * 2 ** 20;
const shownImages = 200;
/** Pixels along the longer side of an image as it is drawn. */
const drawnPixels = 1280;
const slideMilliseconds = 120;

/** Images of a stack, some at a time, each on a grey scale of its own; only those that are shown are read. */
export class MontagePane {
  readonly node = element("section", { class: "e2gmm-mapViewer-montage", "aria-label": "Images" });
  private readonly first = element("input", {
    type: "range",
    min: 1,
    step: 1,
    value: 1,
    "aria-label": "First image",
  });
  private readonly number = element("input", {
    type: "number",
    min: 1,
    step: 1,
    value: 1,
    "aria-label": "First image",
  });
  private readonly edge = element("input", {
    type: "range",
    min: 48,
    max: 1024,
    step: 8,
    "aria-label": "Size of an image",
  });
  private readonly caption = element("span", { class: "e2gmm-mapViewer-caption", role: "status" });
  private readonly images = element("div", { class: "e2gmm-mapViewer-images", tabindex: 0 });
  private readonly resizing: ResizeObserver;
  private reading = new AbortController();
  private sliding: ReturnType<typeof setTimeout> | undefined;
  private shown = "";

  constructor(
    private readonly file: RemoteFile,
    private readonly header: MrcHeader,
    private readonly layout: MrcLayout,
    private readonly showProblem: (text: string) => void,
  ) {
    const { ns } = header;
    this.first.max = this.number.max = String(ns);
    this.edge.value = String(ns === 1 ? 640 : Math.min(192, Math.max(96, header.nc)));
    this.first.addEventListener("input", () => this.go(Number(this.first.value)));
    this.number.addEventListener("change", () => this.go(Number(this.number.value)));
    this.edge.addEventListener("input", () => this.later());
    this.node.append(
      element(
        "div",
        { class: "e2gmm-fileViewer-toolbar", role: "toolbar", "aria-label": "Images" },
        button("‹", "Earlier images", () => this.go(Number(this.first.value) - this.perPage())),
        labelled("First image", this.first),
        this.number,
        button("›", "Later images", () => this.go(Number(this.first.value) + this.perPage())),
        labelled("Size", this.edge),
        this.caption,
      ),
      this.images,
    );
    this.resizing = new ResizeObserver(() => this.later());
    this.resizing.observe(this.images);
  }

  /** How many images have room, without reading too much at a time. */
  private perPage(): number {
    const { width, height } = this.images.getBoundingClientRect();
    const { nc, nr, ns } = this.header;
    const edge = Number(this.edge.value);
    const gap = 8;
    const columns = Math.max(1, Math.floor((width - gap) / (edge + gap)));
    const rows = Math.max(1, Math.floor((height - gap) / ((edge * nr) / nc + gap + 18)));
    const affordable = Math.floor(shownBytes / this.layout.sectionBytes);
    return Math.max(1, Math.min(columns * rows, ns, shownImages, affordable));
  }

  private go(first: number): void {
    const last = Math.max(1, this.header.ns - this.perPage() + 1);
    const value = String(Math.min(last, Math.max(1, Math.round(first) || 1)));
    this.first.value = this.number.value = value;
    this.later();
  }

  private later(): void {
    clearTimeout(this.sliding);
    this.sliding = setTimeout(() => void this.draw(), slideMilliseconds);
  }

  private async draw(): Promise<void> {
    if (this.images.clientWidth === 0) return;
    const count = this.perPage();
    const first = Math.min(Number(this.first.value) - 1, this.header.ns - count);
    const edge = Number(this.edge.value);
    this.images.style.setProperty("--e2gmm-edge", `${edge}px`);
    const wanted = `${first}+${count}`;
    if (wanted === this.shown) return;
    this.shown = wanted;
    this.reading.abort();
    this.reading = new AbortController();
    const { signal } = this.reading;
    const { ns } = this.header;
    const which = count === 1 ? `image ${first + 1}` : `images ${first + 1} to ${first + count}`;
    this.caption.textContent = `Reading ${which}…`;
    try {
      const values = await readSections(this.file, this.header, this.layout, first, count, signal);
      this.images.replaceChildren(...this.figures(values, first, count));
      this.caption.textContent = `${which[0]!.toUpperCase()}${which.slice(1)} of ${ns}`;
    } catch (error) {
      if (signal.aborted) return;
      this.shown = "";
      this.caption.textContent = "";
      this.showProblem(error instanceof Error ? error.message : String(error));
    }
  }

  private figures(all: Float32Array, first: number, count: number): HTMLElement[] {
    const { nc, nr } = this.header;
    return Array.from({ length: count }, (_, i) => {
      const values = all.subarray(i * nc * nr, (i + 1) * nc * nr);
      // A micrograph has more pixels than any screen
      const image = shrunk({ width: nc, height: nr, values }, drawnPixels);
      const { width, height } = image;
      const { mean, rms } = spreadOf(image.values);
      const name = `Image ${first + i + 1}`;
      const canvas = element("canvas", { role: "img", "aria-label": name, width, height });
      const pixels = greyPixels(image, mean - 3 * rms, mean + 3 * rms, false);
      canvas.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
      return element("figure", {}, canvas, element("figcaption", {}, String(first + i + 1)));
    });
  }

  dispose(): void {
    clearTimeout(this.sliding);
    this.reading.abort();
    this.resizing.disconnect();
    this.node.remove();
  }
}
