/** What this extension uses of gifenc, which has no types of its own. */
declare module "gifenc" {
  /** A colour, each component 0 … 255. */
  type Colour = [red: number, green: number, blue: number];

  /** Writes frames one after the other. */
  interface Encoder {
    /**
     * @param index of the palette's colour, [width · height]
     * @param options `delay` in ms, which is rounded to hundredths of a second; `repeat` 0 for without end, taken from the first frame
     */
    writeFrame(
      index: Uint8Array,
      width: number,
      height: number,
      options: { palette: Colour[]; delay: number; repeat: number },
    ): void;
    finish(): void;
    bytes(): Uint8Array;
  }

  export function GIFEncoder(): Encoder;
  /** A palette of at most `colours` for pixels [4 · width · height]. */
  export function quantize(rgba: Uint8ClampedArray, colours: number): Colour[];
  /** The colour of the palette nearest to each pixel. */
  export function applyPalette(rgba: Uint8ClampedArray, palette: Colour[]): Uint8Array;
}
