// The record of a batch that the host writes: 32-bit words, most of them addresses. The same fields in the same order are
// in src/wasm/wasmMemory.ts.

@unmanaged
export class Job {
  /** Next particle, a counter of all threads. */
  next: i32;
  /** B. */
  count: i32;
  /** N. */
  gaussians: i32;
  /** S. */
  boxSize: i32;
  /** K. */
  rings: i32;
  /** K of the targets' layout. */
  targetRings: i32;
  /** 0 project, 1 score, 2 score and gradients, 3 products of the projections of several models. */
  task: i32;
  /** 0 separable factors, 1 spreading and FFT. */
  method: i32;
  /** Floats from one particle's Gaussians to the next one's. */
  modelStride: i32;
  /** Floats from one particle's ring weights to the next one's. */
  weightStride: i32;
  /** M, the oversampled grid has M² cells. */
  grid: i32;
  /** Cells that the widest Gaussian covers, a multiple of 4. */
  margin: i32;
  model: usize;
  rotations: usize;
  shifts: usize;
  targets: usize;
  weights: usize;
  /** f32[B · samples · 2], task 0 only. */
  images: usize;
  frc: usize;
  score: usize;
  modelGradient: usize;
  rotationGradient: usize;
  shiftGradient: usize;
  /** i32[K + 1]: the largest |ky| inside the disc for each kx. */
  extent: usize;
  /** i32[samples]: ring of each sample, 0 for the origin and outside the disc. */
  ring: usize;
  /** f32[2·M]: cos and −sin of 2πj/M. */
  twiddles: usize;
  /**
   * f32[1 + classes · (K + 3)]: radius of a kernel in standard deviations; then for each class of widths its smallest
   * variance, the variance to add on the grid, and the correction for each k = 0 … K.
   */
  plan: usize;
  /** V, models of each particle: more than one for products only. */
  variants: i32;
  /** f32[B · (K + 1) · (V + V(V + 1)/2)], task 3 only. */
  products: usize;
  /** Classes of widths, method 1 only. */
  classes: i32;
}

/** Bytes rounded up to whole cache lines. */
export function aligned(bytes: usize): usize {
  return (bytes + 63) & ~(<usize>63);
}

/** Bytes from one image in scratch memory to the next. */
export function imageBytes(rings: i32): usize {
  return aligned(<usize>(8 * (rings + 1) * (2 * rings + 1)));
}
