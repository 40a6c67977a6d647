/**
 * The interface of projection engines: Gaussians, poses and target transforms in; Fourier ring correlation (FRC) and its
 * gradient out. Engines differ in speed and in where they run, but agree in their results (to 1e-4 in the FRC).
 */

/** Models in the poses of B particles. All arrays are dense and row-major; engines copy them only if necessary. */
export interface PosedModels {
  /** B, the number of particles. */
  count: number;
  /** N, the number of Gaussians. */
  gaussians: number;
  /**
   * The Gaussians, [5·N] shared by the batch or [B·5·N], one set per particle. A set is five runs of N numbers:
   * x, y, z (box units, origin at index S/2), amplitude, and sigma (pixels of the training box).
   */
  model: Float32Array;
  /** Rotation reference → image of each particle, [B·9], row-major. */
  rotations: Float32Array;
  /** Shift of each particle in box units, [B·2]. */
  shifts: Float32Array;
}

/** A batch of B particles. */
export interface ProjectionBatch extends PosedModels {
  /**
   * Target transforms on the disc of K = `targetRings`, [B · (K + 1)(2K + 1) · 2]: sample (kx, ky), 0 ≤ kx ≤ K and
   * −K ≤ ky ≤ K, is the complex number at kx·(2K + 1) + ky + K. Every ring is divided by its norm
   * √(Σ multiplicity · |I|²), so that FRC_r = Σ multiplicity · Re(P · I*) / |P|_r. The multiplicity is 2 for kx > 0.
   */
  targets: Float32Array;
  /** K of the layout of `targets`. */
  targetRings: number;
}

/** Size of the transforms that are projected. */
export interface ImageSize {
  /** S, pixels along each edge of the training box; sets the scale of sigma. */
  boxSize: number;
  /** The outermost ring, at most ⌊(S − 1)/2⌋. */
  rings: number;
}

/** How a batch is scored. */
export interface ProjectionRequest extends ImageSize {
  /** The outermost ring to use, at most `targetRings` and ⌊(S − 1)/2⌋. Rings beyond are neither computed nor read. */
  rings: number;
  /**
   * Weight of every ring 0 … rings in the score, [rings + 1], or one row per particle, [B · (rings + 1)].
   * The score of a particle is Σ_r weight_r · FRC_r.
   */
  ringWeights: Float32Array;
  /** Which gradients of the scores to compute. Default: none. */
  gradient?: {
    /** Gradient in the Gaussians, [B·5·N]; one row per particle, also for a shared model. Default false. */
    model?: boolean;
    /** Gradient in the 9 elements of the rotation and the 2 of the shift, [B·9] and [B·2]. Default false. */
    pose?: boolean;
  };
}

/** Scores of a batch. */
export interface ProjectionResult {
  /** FRC of each particle and ring, [B · (rings + 1)]; 0 in column 0 and in rings without signal (`emptyRing`). */
  frc: Float32Array;
  /** Σ_r weight_r · FRC_r of each particle, [B]. */
  score: Float32Array;
  /** d score_b / d model_b, laid out as `model` for one set per particle, [B·5·N]. */
  modelGradient?: Float32Array;
  /** d score_b / d rotation_b, [B·9], its elements taken as independent. */
  rotationGradient?: Float32Array;
  /** d score_b / d shift_b, [B·2], per box unit. */
  shiftGradient?: Float32Array;
}

/** What {@link ProjectionEngine.products} sums over. */
export interface ProductsRequest extends ImageSize {
  /** 1 for the samples to sum over, in the layout of `Disc`; the norms of rings are over these samples, too. Default: all. */
  inside?: Uint8Array | undefined;
}

/** A batch with V models for each particle, which are projected in the same pose. */
export interface VariantBatch extends ProjectionBatch {
  /** The Gaussians, [B · V · 5N]. */
  model: Float32Array;
}

/** Projects Gaussians and compares them with images. */
export interface ProjectionEngine {
  /** `wasm`, `webgpu`, `tensor`, `reference`. */
  readonly name: string;
  /**
   * Scores a batch. The arrays of the result are valid until the next call on the same engine, which may reuse them.
   * @throws RangeError naming the field where array lengths do not fit together
   */
  evaluate(batch: ProjectionBatch, request: ProjectionRequest): Promise<ProjectionResult>;
  /**
   * The projections on the disc of K = `rings`, laid out as `targets`, not normalized, [B · (K + 1)(2K + 1) · 2].
   * @throws RangeError naming the field where array lengths do not fit together
   */
  project(batch: PosedModels, size: ImageSize): Promise<Float32Array>;
  /**
   * Inner products in each ring, ⟨a, b⟩ = Σ multiplicity · Re(a·b*), of the projections of the V models of a particle with
   * its target I and with one another. Q_0 is the projection of the first model, Q_v that of model v minus Q_0. With
   * n = |Q_0|, V numbers ⟨Q_v, I⟩/n, then V(V + 1)/2 numbers ⟨Q_v, Q_w⟩/n² for w ≥ v, row by row:
   * [B · (rings + 1) · (V + V(V + 1)/2)]. Ring 0 and rings without signal (`emptyRing`) are zeros.
   * @throws RangeError naming the field where array lengths do not fit together
   */
  products(batch: VariantBatch, size: ProductsRequest): Promise<Float32Array>;
  /** Ends worker threads and frees memory. The engine cannot be used afterwards. */
  dispose(): Promise<void>;
}
