/// <reference path="../../gifenc.d.ts" />
import { applyPalette, GIFEncoder, quantize } from "gifenc";

/** Colours of each frame, the most that the format has. */
const coloursOfFrame = 256;
/** Hundredths of a second below which browsers play a GIF at a tenth of its speed. */
const shortest = 2;

/** Writes a GIF that plays without end, each frame with the 256 colours that suit it best. */
export class Gif {
  private readonly encoder = GIFEncoder();
  private written = 0;

  /**
   * @param width in pixels
   * @param height in pixels
   * @param framesPerSecond of the movie; a GIF has delays of whole hundredths of a second, the mean of which is kept
   */
  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly framesPerSecond: number,
  ) {}

  /** Adds a frame. @param rgba [4 · width · height], rows from above, opaque */
  add(rgba: Uint8ClampedArray): void {
    const palette = quantize(rgba, coloursOfFrame);
    const index = applyPalette(rgba, palette);
    const due = (frames: number) => Math.round((100 * frames) / this.framesPerSecond);
    const delay = 10 * Math.max(shortest, due(this.written + 1) - due(this.written));
    this.encoder.writeFrame(index, this.width, this.height, { palette, delay, repeat: 0 });
    this.written++;
  }

  /** The file. */
  finish(): Uint8Array {
    this.encoder.finish();
    return this.encoder.bytes();
  }
}
