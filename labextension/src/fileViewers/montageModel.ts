import { ViewModel } from "../view.js";
import { greyPixels, type Plane, shrunk } from "./planes.js";
import { type MrcSource, readSections } from "./readMap.js";
import { statisticsOf } from "./statistics.js";

/** Largest numbers of bytes and images shown at once. */
const shownBytes = 64 * 2 ** 20;
const shownImages = 200;
/** Pixels along the longer side of a drawn image; micrographs are larger than any screen. */
const drawnPixels = 1280;
/** Milliseconds without a change after which images are read. */
const slideMilliseconds = 120;
/** Pixels between images, and of the number below each. */
const gap = 8;
const captionHeight = 18;

/** One image of a stack as it is drawn. */
export interface DrawnImage {
  /** From 1. */
  number: number;
  plane: Plane;
  /** The bytes of an `ImageData`. */
  pixels: Uint8ClampedArray;
}

/** Pages of images of a stack, each on its own grey scale; only those that are shown are read. */
export class MontageModel extends ViewModel {
  /** Width of an image on the screen in pixels. */
  private edgeNow: number;
  private firstNow = 1;
  private room = { width: 0, height: 0 };
  private captionText = "";
  private drawnImages: readonly DrawnImage[] = [];
  private reading = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** The images that are shown or being read. */
  private requested = "";

  /** @param onProblem called with a sentence when images cannot be read */
  constructor(
    private readonly source: MrcSource,
    private readonly onProblem: (text: string) => void,
  ) {
    super();
    const { nc, ns } = source.header;
    this.edgeNow = ns === 1 ? 640 : Math.min(192, Math.max(96, nc));
  }

  /** Images in the file. */
  get count(): number {
    return this.source.header.ns;
  }

  /** Number of the first image on the page, from 1. */
  get first(): number {
    return this.firstNow;
  }

  set first(first: number) {
    const last = Math.max(1, this.count - this.perPage + 1);
    this.firstNow = Math.min(last, Math.max(1, Math.round(first) || 1));
    this.changed();
    this.readSoon();
  }

  /** Width of an image on the screen in pixels. */
  get edge(): number {
    return this.edgeNow;
  }

  set edge(edge: number) {
    this.edgeNow = edge;
    this.changed();
    this.readSoon();
  }

  /** What is shown, or being read. */
  get caption(): string {
    return this.captionText;
  }

  /** The images of the page, once they have been read. */
  get images(): readonly DrawnImage[] {
    return this.drawnImages;
  }

  /** Sets the size of the page in pixels. */
  setRoom(width: number, height: number): void {
    this.room = { width, height };
    this.readSoon();
  }

  /** Shows the page after this one. */
  next(): void {
    this.first += this.perPage;
  }

  /** Shows the page before this one. */
  previous(): void {
    this.first -= this.perPage;
  }

  /** Number of images that fit, limited by the bytes to read. */
  get perPage(): number {
    const { nc, nr, ns } = this.source.header;
    const { width, height } = this.room;
    const columns = Math.max(1, Math.floor((width - gap) / (this.edgeNow + gap)));
    const rows = Math.max(1, Math.floor((height - gap) / ((this.edgeNow * nr) / nc + gap + captionHeight)));
    const affordable = Math.floor(shownBytes / this.source.layout.sectionBytes);
    return Math.max(1, Math.min(columns * rows, ns, shownImages, affordable));
  }

  private readSoon(): void {
    clearTimeout(this.timer);
    if (!this.isDisposed) this.timer = setTimeout(() => void this.read(), slideMilliseconds);
  }

  private async read(): Promise<void> {
    if (this.room.width === 0) return;
    const count = this.perPage;
    const first = Math.min(this.firstNow, this.count - count + 1);
    const request = `${first}+${count}`;
    if (request === this.requested) return;
    this.requested = request;
    this.reading.abort();
    this.reading = new AbortController();
    const { signal } = this.reading;
    const which = count === 1 ? `image ${first}` : `images ${first} to ${first + count - 1}`;
    this.setCaption(`Reading ${which}…`);
    try {
      const values = await readSections(this.source, first - 1, count, { signal });
      this.drawnImages = Array.from({ length: count }, (_, i) => this.drawn(values, i, first + i));
      this.setCaption(`${which[0]!.toUpperCase()}${which.slice(1)} of ${this.count}`);
    } catch (error) {
      if (signal.aborted) return;
      this.requested = "";
      this.setCaption("");
      this.onProblem(error instanceof Error ? error.message : String(error));
    }
  }

  private setCaption(caption: string): void {
    this.captionText = caption;
    this.changed();
  }

  private drawn(all: Float32Array, index: number, number: number): DrawnImage {
    const { nc: width, nr: height } = this.source.header;
    const values = all.subarray(index * width * height, (index + 1) * width * height);
    const plane = shrunk({ width, height, values }, drawnPixels);
    const { mean, rms } = statisticsOf(plane.values);
    const pixels = greyPixels(plane, { low: mean - 3 * rms, high: mean + 3 * rms, upwards: false });
    return { number, plane, pixels };
  }

  override dispose(): void {
    clearTimeout(this.timer);
    this.reading.abort();
    super.dispose();
  }
}
