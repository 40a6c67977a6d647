import type { Answer } from "../requests.js";
import { greyLevels } from "./thumbnail.js";

/** A square image of a particle. */
export interface GreyImage {
  /** Pixels along an edge. */
  size: number;
  /** RGBA, [size · size · 4]. */
  bytes: Uint8ClampedArray;
}

/** The pointer in the view's area. */
export interface HoverPointer {
  /** Pixels from the left and top. */
  pointer: readonly [number, number];
  /** Width and height of the area, in pixels. */
  area: readonly [number, number];
}

/** The particle under the pointer. */
export interface HoverTarget extends HoverPointer {
  /** Row of the particle. */
  row: number;
  /** Its numbers, as text. */
  lines: readonly string[];
  /** Whether the kernel has an image of it. */
  hasImage: boolean;
}

/** Images that are kept. */
const cacheSize = 300;
/** Milliseconds that the pointer rests on a particle before its image is requested. */
const restTime = 90;

/** What is shown of the particle under the pointer: its row, its numbers, its image. */
export class HoverCardModel {
  private current: HoverTarget | undefined;
  private shownImage: GreyImage | undefined;
  private problem = "";
  private readonly images = new Map<number, GreyImage>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param ask requests the image of a row
   * @param changed called after each change
   */
  constructor(
    private readonly ask: (row: number) => Promise<Answer>,
    private readonly changed: () => void,
  ) {}

  /** The particle whose card is shown; undefined while none is. */
  get target(): HoverTarget | undefined {
    return this.current;
  }

  /** Image of the particle, once the kernel has sent it. */
  get image(): GreyImage | undefined {
    return this.shownImage;
  }

  /** Text of the card, with the reason if the image could not be read. */
  get lines(): readonly string[] {
    const lines = this.current?.lines ?? [];
    return this.problem === "" ? lines : [...lines, this.problem];
  }

  /** Shows the card of a particle. */
  show(target: HoverTarget): void {
    const { row } = target;
    if (row !== this.current?.row) {
      clearTimeout(this.timer);
      this.problem = "";
      this.shownImage = this.images.get(row);
      if (!this.shownImage && target.hasImage) this.timer = setTimeout(() => void this.load(row), restTime);
    }
    this.current = target;
    this.changed();
  }

  /** Hides the card. */
  hide(): void {
    clearTimeout(this.timer);
    if (!this.current) return;
    this.current = undefined;
    this.shownImage = undefined;
    this.problem = "";
    this.changed();
  }

  private async load(row: number): Promise<void> {
    try {
      const image = imageOf(await this.ask(row));
      if (!image) return;
      this.images.set(row, image);
      if (this.images.size > cacheSize) this.images.delete(this.images.keys().next().value!);
      if (row === this.current?.row) this.shownImage = image;
    } catch (error) {
      if (row === this.current?.row) this.problem = (error as Error).message;
    }
    this.changed();
  }
}

function imageOf({ content, buffers }: Answer): GreyImage | undefined {
  const size = content["size"] as number;
  const bytes = buffers[0];
  if (!bytes || bytes.byteLength !== 4 * size * size) return undefined;
  const pixels = new Float32Array(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
  );
  return { size, bytes: greyLevels(pixels) };
}
