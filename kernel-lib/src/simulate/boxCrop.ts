import { InputError } from "../errors";
import { fft2Real, frequency, halfWidth, ifft2Real, shiftOrigin } from "../fourier/fft";

/**
 * Crops images in Fourier space to smaller boxes of the same length in Å, the centre at pixel ⌊S/2⌋ of both. The mean of the pixels
 * stays. What lies at or beyond the Nyquist frequency of the new box is left out.
 */
export class BoxCrop {
  private readonly from: Float64Array;
  private readonly to: Float64Array;
  private readonly image: Float64Array;

  /** @throws InputError unless the new box is smaller, and of at least 16 pixels */
  constructor(
    private readonly boxSize: number,
    readonly newSize: number,
  ) {
    if (!Number.isInteger(newSize) || newSize < 16 || newSize >= boxSize) {
      throw new InputError("boxes", `whole numbers from 16 to ${boxSize - 1}`, String(newSize));
    }
    this.from = new Float64Array(2 * halfWidth(boxSize) * boxSize);
    this.to = new Float64Array(2 * halfWidth(newSize) * newSize);
    this.image = new Float64Array(newSize * newSize);
  }

  /** The cropped image; valid until the next call. */
  crop(image: Float64Array): Float64Array {
    const { boxSize, newSize, from, to } = this;
    fft2Real(image, boxSize, boxSize, from);
    shiftOrigin(from, [boxSize, boxSize, 1], "toCentre");
    to.fill(0);
    const scale = (newSize / boxSize) ** 2;
    const [wide, width] = [halfWidth(boxSize), halfWidth(newSize)];
    for (let y = 0; y < newSize; y++) {
      const ky = frequency(y, newSize);
      if (2 * Math.abs(ky) >= newSize) continue;
      const row = ky < 0 ? ky + boxSize : ky;
      for (let kx = 0; 2 * kx < newSize; kx++) {
        to[2 * (kx + width * y)] = from[2 * (kx + wide * row)]! * scale;
        to[2 * (kx + width * y) + 1] = from[2 * (kx + wide * row) + 1]! * scale;
      }
    }
    shiftOrigin(to, [newSize, newSize, 1], "toCorner");
    return ifft2Real(to, newSize, newSize, this.image);
  }
}
