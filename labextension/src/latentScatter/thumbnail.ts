/**
 * Pixels of an image as grey RGBA bytes. Black and white are three standard deviations from the mean, which suits noisy
 * particles.
 */
export function greyLevels(pixels: Float32Array): Uint8ClampedArray {
  let sum = 0;
  let squares = 0;
  for (const value of pixels) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / (pixels.length || 1);
  const standardDeviation = Math.sqrt(Math.max(squares / (pixels.length || 1) - mean * mean, 0)) || 1;
  const bytes = new Uint8ClampedArray(4 * pixels.length);
  pixels.forEach((value, i) => {
    const grey = 127.5 + (127.5 * (value - mean)) / (3 * standardDeviation);
    bytes.set([grey, grey, grey, 255], 4 * i);
  });
  return bytes;
}
