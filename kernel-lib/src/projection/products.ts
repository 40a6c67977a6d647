import { type Disc, disc, sampleIndex } from "../fourier/disc";
import { leastPower, variantsOf } from "./batch";
import type { PosedModels, ProductsRequest, ProjectionEngine, VariantBatch } from "./engine";

/** Numbers per ring in `products` for V models. */
export function productNumbers(variants: number): number {
  return variants + (variants * (variants + 1)) / 2;
}

/** Upper limit of the memory for projections, in bytes. */
const maxPartBytes = 64 * 2 ** 20;

/** `products` of an engine without a faster way, from its projections; summed in float64. */
export async function productsOfProjections(
  engine: Pick<ProjectionEngine, "project">,
  batch: VariantBatch,
  size: ProductsRequest,
): Promise<Float32Array> {
  const { rings, inside } = size;
  const { count } = batch;
  const variants = variantsOf(batch, size);
  const layout = layoutInside(disc(rings), inside);
  const length = (rings + 1) * productNumbers(variants);
  const out = new Float32Array(count * length);
  const imageLength = 2 * layout.samples;
  const most = Math.max(1, Math.floor(maxPartBytes / (4 * imageLength * variants)));
  const targetLength = 2 * disc(batch.targetRings).samples;
  for (let first = 0; first < count; first += most) {
    const part = Math.min(most, count - first);
    const images = await engine.project(variantPart(batch, variants, first, part), size);
    for (let b = 0; b < part; b++) {
      const target = batch.targets.subarray((first + b) * targetLength, (first + b + 1) * targetLength);
      const own = images.subarray(b * variants * imageLength, (b + 1) * variants * imageLength);
      const sums = particleSums(own, variants, layout, { target, rings: batch.targetRings });
      normalize(sums, variants, out.subarray((first + b) * length, (first + b + 1) * length));
    }
  }
  return out;
}

/** Some particles of a batch, with their poses repeated for each of their models. */
function variantPart(batch: VariantBatch, variants: number, first: number, count: number): PosedModels {
  const modelLength = 5 * batch.gaussians * variants;
  const repeated = (values: Float32Array, length: number) => {
    const all = new Float32Array(count * variants * length);
    for (let i = 0; i < count * variants; i++) {
      const from = (first + Math.floor(i / variants)) * length;
      all.set(values.subarray(from, from + length), i * length);
    }
    return all;
  };
  return {
    count: count * variants,
    gaussians: batch.gaussians,
    model: batch.model.subarray(first * modelLength, (first + count) * modelLength),
    rotations: repeated(batch.rotations, 9),
    shifts: repeated(batch.shifts, 2),
  };
}

/** A disc without the samples outside. */
function layoutInside(layout: Disc, inside: Uint8Array | undefined): Disc {
  if (!inside) return layout;
  return { ...layout, multiplicity: layout.multiplicity.map((m, i) => (inside[i] ? m : 0)) };
}

/** Inner products of one particle, [(rings + 1) · productNumbers], not normalized. */
function particleSums(
  images: Float32Array,
  variants: number,
  layout: Disc,
  { target, rings: targetRings }: { target: Float32Array; rings: number },
): Float64Array {
  const { rings, samples, multiplicity, ring } = layout;
  const numbers = productNumbers(variants);
  const sums = new Float64Array((rings + 1) * numbers);
  const real = new Float64Array(variants);
  const imaginary = new Float64Array(variants);
  for (let kx = 0; kx <= rings; kx++) {
    for (let ky = -rings; ky <= rings; ky++) {
      const i = sampleIndex(rings, kx, ky);
      const m = multiplicity[i]!;
      if (m === 0) continue;
      for (let v = 0; v < variants; v++) {
        const from = 2 * (v * samples + i);
        real[v] = images[from]! - (v > 0 ? real[0]! : 0);
        imaginary[v] = images[from + 1]! - (v > 0 ? imaginary[0]! : 0);
      }
      const t = 2 * sampleIndex(targetRings, kx, ky);
      const [re, im] = [m * target[t]!, m * target[t + 1]!];
      let at = ring[i]! * numbers;
      for (let v = 0; v < variants; v++) sums[at++]! += real[v]! * re + imaginary[v]! * im;
      for (let v = 0; v < variants; v++) {
        const [a, b] = [m * real[v]!, m * imaginary[v]!];
        for (let w = v; w < variants; w++) sums[at++]! += a * real[w]! + b * imaginary[w]!;
      }
    }
  }
  return sums;
}

/** Divides the products of each ring by the norm of the first projection; empty rings stay 0. */
function normalize(sums: Float64Array, variants: number, out: Float32Array): void {
  const numbers = productNumbers(variants);
  const rings = sums.length / numbers - 1;
  const powers = Float64Array.from({ length: rings + 1 }, (_, r) => sums[r * numbers + variants]!);
  const least = leastPower(powers);
  for (let r = 1; r <= rings; r++) {
    const square = powers[r]!;
    if (square <= least) continue;
    for (let i = 0; i < numbers; i++) {
      out[r * numbers + i] = sums[r * numbers + i]! / (i < variants ? Math.sqrt(square) : square);
    }
  }
}
