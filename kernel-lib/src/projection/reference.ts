import { type Disc, disc, sampleIndex } from "../fourier/disc";
import { checkBatch, checkPosedModels, emptyResult, leastPower, modelStride, weightStride } from "./batch";
import type {
  ImageSize,
  PosedModels,
  ProductsRequest,
  ProjectionBatch,
  ProjectionEngine,
  ProjectionRequest,
  ProjectionResult,
  VariantBatch,
} from "./engine";
import { productsOfProjections } from "./products";

/**
 * The engine that the others are tested against: float64, one Gaussian and one Fourier sample at a time, straight from
 * the formulas, and slow.
 *
 * A Gaussian of density A·exp(−|x − c|²/2σ²) at image position u = (R c)_xy + t contributes A·g(k)·e(k) to sample k,
 * with e = exp(−2πi k·u) and g = (2π)^{3/2}σ³·exp(−2π²σ²|k|²/S²): √(2π)σ from the integral along the line of sight,
 * 2πσ² from the transform in the image plane. (With 2πσ² alone, Gaussians of different widths would not give
 * projections of their map: correlation 0.997 with relion_project where this has 0.9998.) With m the multiplicity of a
 * sample, FRC_r = Σ m·Re(P·I*) / |P|_r and |P|_r² = Σ m·|P|², so that
 * d score = Σ m·Re(G*·dP) with G = w_r·(I − FRC_r·P/|P|_r)/|P|_r. A ring without signal (`emptyRing`) has FRC 0 and
 * gradient 0.
 */
export class ReferenceEngine implements ProjectionEngine {
  readonly name = "reference";

  async evaluate(batch: ProjectionBatch, request: ProjectionRequest): Promise<ProjectionResult> {
    checkBatch(batch, request);
    const result = emptyResult(batch, request);
    for (let b = 0; b < batch.count; b++) {
      const particle = new Particle(batch, request, b);
      particle.writeScore(result);
      if (result.modelGradient || result.rotationGradient) particle.writeGradient(result);
    }
    return result;
  }

  async project(batch: PosedModels, { boxSize, rings }: ImageSize): Promise<Float32Array> {
    checkPosedModels(batch, { boxSize, rings });
    const layout = disc(rings);
    const images = new Float32Array(batch.count * layout.samples * 2);
    for (let b = 0; b < batch.count; b++) {
      images.set(projectParticle(batch, b, boxSize, layout), b * layout.samples * 2);
    }
    return images;
  }

  products(batch: VariantBatch, size: ProductsRequest): Promise<Float32Array> {
    return productsOfProjections(this, batch, size);
  }

  async dispose(): Promise<void> {}
}

interface Gaussian {
  x: number;
  y: number;
  amplitude: number;
  sigma: number;
}

/** Gaussian i of particle b in the image: u in box units. */
function inImage(batch: PosedModels, b: number, i: number): Gaussian {
  const { model, rotations: r, shifts, gaussians: n } = batch;
  const at = b * modelStride(batch) + i;
  const x = model[at]!;
  const y = model[at + n]!;
  const z = model[at + 2 * n]!;
  return {
    x: r[9 * b]! * x + r[9 * b + 1]! * y + r[9 * b + 2]! * z + shifts[2 * b]!,
    y: r[9 * b + 3]! * x + r[9 * b + 4]! * y + r[9 * b + 5]! * z + shifts[2 * b + 1]!,
    amplitude: model[at + 3 * n]!,
    sigma: model[at + 4 * n]!,
  };
}

function envelope(sigma: number, kk: number, boxSize: number): number {
  return (2 * Math.PI) ** 1.5 * sigma ** 3 * Math.exp((-2 * Math.PI ** 2 * sigma ** 2 * kk) / boxSize ** 2);
}

function forEachSample(layout: Disc, visit: (kx: number, ky: number, i: number) => void): void {
  const { rings } = layout;
  for (let kx = 0; kx <= rings; kx++) {
    for (let ky = -rings; ky <= rings; ky++) {
      const i = sampleIndex(rings, kx, ky);
      if (layout.multiplicity[i]! > 0) visit(kx, ky, i);
    }
  }
}

function projectParticle(batch: PosedModels, b: number, boxSize: number, layout: Disc): Float64Array {
  const image = new Float64Array(2 * layout.samples);
  for (let n = 0; n < batch.gaussians; n++) {
    const { x, y, amplitude, sigma } = inImage(batch, b, n);
    forEachSample(layout, (kx, ky, i) => {
      const g = amplitude * envelope(sigma, kx * kx + ky * ky, boxSize);
      const phase = -2 * Math.PI * (kx * x + ky * y);
      image[2 * i]! += g * Math.cos(phase);
      image[2 * i + 1]! += g * Math.sin(phase);
    });
  }
  return image;
}

/** Projection and correlation of particle b. */
class Particle {
  private readonly layout: Disc;
  private readonly image: Float64Array;
  private readonly target: Float32Array;
  private readonly weights: Float32Array;
  /** |P|_r, 0 in rings without signal. */
  private readonly norm: Float64Array;
  private readonly frc: Float64Array;

  constructor(
    private readonly batch: ProjectionBatch,
    private readonly request: ProjectionRequest,
    private readonly b: number,
  ) {
    const { boxSize, rings, ringWeights } = request;
    this.layout = disc(rings);
    this.image = projectParticle(batch, b, boxSize, this.layout);
    const targetLength = 2 * disc(batch.targetRings).samples;
    this.target = batch.targets.subarray(b * targetLength, (b + 1) * targetLength);
    this.weights = ringWeights.subarray(b * weightStride(request));
    this.norm = new Float64Array(rings + 1);
    this.frc = new Float64Array(rings + 1);
    this.correlate();
  }

  private targetAt(kx: number, ky: number): number {
    return 2 * sampleIndex(this.batch.targetRings, kx, ky);
  }

  private correlate(): void {
    const { layout, image, target, norm, frc } = this;
    forEachSample(layout, (kx, ky, i) => {
      const r = layout.ring[i]!;
      const m = layout.multiplicity[i]!;
      const t = this.targetAt(kx, ky);
      norm[r]! += m * (image[2 * i]! ** 2 + image[2 * i + 1]! ** 2);
      frc[r]! += m * (image[2 * i]! * target[t]! + image[2 * i + 1]! * target[t + 1]!);
    });
    const least = leastPower(norm);
    for (let r = 1; r < norm.length; r++) {
      norm[r] = norm[r]! <= least ? 0 : Math.sqrt(norm[r]!);
      frc[r] = norm[r] === 0 ? 0 : frc[r]! / norm[r]!;
    }
  }

  writeScore(result: ProjectionResult): void {
    const { frc, weights, b } = this;
    let score = 0;
    for (let r = 1; r < frc.length; r++) score += weights[r]! * frc[r]!;
    result.frc.set(frc, b * frc.length);
    result.score[b] = score;
  }

  writeGradient({ modelGradient, rotationGradient, shiftGradient }: ProjectionResult): void {
    const { batch, b } = this;
    const n = batch.gaussians;
    const at = b * modelStride(batch);
    const rotation = batch.rotations.subarray(9 * b, 9 * b + 9);
    const dRotation = new Float64Array(9);
    const dShift = new Float64Array(2);
    const imageGradient = this.imageGradient();
    for (let i = 0; i < n; i++) {
      const { dAmplitude, dSigma, dx, dy } = this.gaussianGradient(inImage(batch, b, i), imageGradient);
      const centre = [batch.model[at + i]!, batch.model[at + n + i]!, batch.model[at + 2 * n + i]!];
      for (let j = 0; j < 3; j++) {
        if (modelGradient) modelGradient[(5 * b + j) * n + i] = rotation[j]! * dx + rotation[3 + j]! * dy;
        dRotation[j]! += dx * centre[j]!;
        dRotation[3 + j]! += dy * centre[j]!;
      }
      if (modelGradient) {
        modelGradient[(5 * b + 3) * n + i] = dAmplitude;
        modelGradient[(5 * b + 4) * n + i] = dSigma;
      }
      dShift[0]! += dx;
      dShift[1]! += dy;
    }
    rotationGradient?.set(dRotation, 9 * b);
    shiftGradient?.set(dShift, 2 * b);
  }

  /** m·G, the gradient of the score in the image, [samples · 2]. */
  private imageGradient(): Float64Array {
    const { layout, image, target, weights, norm, frc } = this;
    const gradient = new Float64Array(2 * layout.samples);
    forEachSample(layout, (kx, ky, i) => {
      const r = layout.ring[i]!;
      if (r === 0 || norm[r] === 0) return;
      const t = this.targetAt(kx, ky);
      const factor = (layout.multiplicity[i]! * weights[r]!) / norm[r]!;
      gradient[2 * i] = factor * (target[t]! - (frc[r]! * image[2 * i]!) / norm[r]!);
      gradient[2 * i + 1] = factor * (target[t + 1]! - (frc[r]! * image[2 * i + 1]!) / norm[r]!);
    });
    return gradient;
  }

  /** The gradient of the score in a Gaussian and in its position in the image. */
  private gaussianGradient({ x, y, amplitude, sigma }: Gaussian, imageGradient: Float64Array) {
    const { boxSize } = this.request;
    let [dAmplitude, dSigma, dx, dy] = [0, 0, 0, 0];
    forEachSample(this.layout, (kx, ky, s) => {
      const kk = kx * kx + ky * ky;
      const g = envelope(sigma, kk, boxSize);
      const phase = -2 * Math.PI * (kx * x + ky * y);
      const cos = Math.cos(phase);
      const sin = Math.sin(phase);
      const along = g * (imageGradient[2 * s]! * cos + imageGradient[2 * s + 1]! * sin);
      const across = g * (imageGradient[2 * s]! * sin - imageGradient[2 * s + 1]! * cos);
      dAmplitude += along;
      dSigma += amplitude * along * (3 / sigma - (4 * Math.PI ** 2 * sigma * kk) / (boxSize * boxSize));
      dx += 2 * Math.PI * kx * amplitude * across;
      dy += 2 * Math.PI * ky * amplitude * across;
    });
    return { dAmplitude, dSigma, dx, dy };
  }
}
