import { element } from "../dom.js";
import type { Answer } from "../requests.js";
import { greyLevels } from "./thumbnail.js";

const KEPT = 300;
/** Milliseconds that the pointer rests before an image is asked for. */
const REST = 90;

/** What is known of the particle under the pointer: its row, its numbers, its image. */
export class HoverCard {
  private readonly words = element("div", { class: "e2gmm-scatter-card-words" });
  private readonly canvas = element("canvas", { class: "e2gmm-scatter-thumbnail", width: "0", height: "0" });
  readonly node = element("div", { class: "e2gmm-scatter-card" }, this.words, this.canvas);
  private readonly images = new Map<number, ImageData>();
  private row = -1;
  private wait: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ask: (row: number) => Promise<Answer>) {
    this.node.hidden = true;
  }

  /** @param place pixels from the left and top of the parent, whose size is `area` */
  show(
    row: number,
    lines: readonly string[],
    image: boolean,
    place: readonly [number, number],
    area: readonly [number, number],
  ): void {
    this.node.hidden = false;
    if (row !== this.row) {
      this.row = row;
      this.words.replaceChildren(...lines.map((line) => element("div", {}, line)));
      this.canvas.hidden = true;
      clearTimeout(this.wait);
      const known = this.images.get(row);
      if (known) this.paint(known);
      else if (image) this.wait = setTimeout(() => void this.load(row), REST);
    }
    const [x, y] = place;
    const { offsetWidth, offsetHeight } = this.node;
    const left = x + 16 + offsetWidth > area[0] ? x - 12 - offsetWidth : x + 16;
    const top = Math.min(Math.max(y - offsetHeight / 2, 4), Math.max(area[1] - offsetHeight - 4, 4));
    this.node.style.transform = `translate(${Math.max(left, 2)}px, ${top}px)`;
  }

  hide(): void {
    this.node.hidden = true;
    this.row = -1;
    clearTimeout(this.wait);
  }

  private async load(row: number): Promise<void> {
    try {
      const { content, buffers } = await this.ask(row);
      const size = content["size"] as number;
      const bytes = buffers[0];
      if (!bytes || bytes.byteLength !== 4 * size * size) return;
      const pixels = new Float32Array(
        bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
      );
      const image = new ImageData(greyLevels(pixels), size, size);
      this.images.set(row, image);
      if (this.images.size > KEPT) this.images.delete(this.images.keys().next().value!);
      if (row === this.row) this.paint(image);
    } catch (error) {
      // The card stays without an image and says why.
      if (row === this.row) this.words.append(element("div", {}, (error as Error).message));
    }
  }

  private paint(image: ImageData): void {
    this.canvas.width = image.width;
    this.canvas.height = image.height;
    this.canvas.getContext("2d")?.putImageData(image, 0, 0);
    this.canvas.hidden = false;
  }
}
