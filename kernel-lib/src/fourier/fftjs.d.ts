/** The part of fft.js that is used; the package has no types. */
declare module "fft.js" {
  class FFT {
    /** @param size a power of two, 2 or more */
    constructor(size: number);
    /** Forward transform of interleaved complex numbers; `out` and `data` are different arrays of 2 · size. */
    transform(out: Float64Array, data: Float64Array): void;
  }
  export = FFT;
}
