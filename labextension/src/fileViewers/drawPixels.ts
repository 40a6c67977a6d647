/** Draws pixels [4 · width · height] on a canvas, which takes their size. */
export function drawPixels(
  canvas: HTMLCanvasElement,
  pixels: Uint8ClampedArray,
  { width, height }: { width: number; height: number },
): void {
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
}
