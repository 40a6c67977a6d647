import { disc, sampleIndex } from "../fourier/disc";
import { leastPower, variantsOf } from "./batch";
import type { ProjectionEngine, VariantBatch } from "./engine";

/** Numbers of a ring in `products` for V models. */
export function productNumbers(variants: number): number {
  return variants + (variants * (variants + 1)) / 2;
}

/** Bytes of projections that are held at a time. */
const PART_BYTES = 64 * 2 ** 20;

/** `products` of an engine that has no faster way, from its projections; summed in float64. */
export async function productsOfProjections(
  engine: Pick<ProjectionEngine, "project">,
  batch: VariantBatch,
  request: { boxSize: number; rings: number },
): Promise<Float32Array> {
  const { rings } = request;
  const { count, gaussians } = batch;
  const variants = variantsOf(batch, request);
  const layout = disc(rings);
  const targetSamples = disc(batch.targetRings).samples;
  const width = 2 * layout.samples;
  const numbers = productNumbers(variants);
  const out = new Float32Array(count * (rings + 1) * numbers);
  const most = Math.max(1, Math.floor(PART_BYTES / (4 * width * variants)));
  const repeated = (values: Float32Array, each: number, first: number, size: number) => {
    const all = new Float32Array(size * variants * each);
    for (let i = 0; i < size * variants; i++) {
      const from = (first + Math.floor(i / variants)) * each;
      all.set(values.subarray(from, from + each), i * each);
    }
    return all;
  };
  for (let first = 0; first < count; first += most) {
    const size = Math.min(most, count - first);
    const each = 5 * gaussians * variants;
    const images = await engine.project(
      {
        count: size * variants,
        gaussians,
        model: batch.model.subarray(first * each, (first + size) * each),
        rotations: repeated(batch.rotations, 9, first, size),
        shifts: repeated(batch.shifts, 2, first, size),
      },
      request,
    );
    for (let b = 0; b < size; b++) {
      const sums = new Float64Array((rings + 1) * numbers);
      const sample = new Float64Array(2 * variants);
      for (let kx = 0; kx <= rings; kx++) {
        for (let ky = -rings; ky <= rings; ky++) {
          const i = sampleIndex(rings, kx, ky);
          const m = layout.multiplicity[i]!;
          if (m === 0) continue;
          for (let v = 0; v < variants; v++) {
            for (const part of [0, 1]) {
              const value = images[(b * variants + v) * width + 2 * i + part]!;
              sample[2 * v + part] = v === 0 ? value : value - sample[part]!;
            }
          }
          const t = 2 * ((first + b) * targetSamples + sampleIndex(batch.targetRings, kx, ky));
          let at = layout.ring[i]! * numbers;
          for (let v = 0; v < variants; v++) {
            const re = sample[2 * v]! * batch.targets[t]!;
            sums[at++]! += m * (re + sample[2 * v + 1]! * batch.targets[t + 1]!);
          }
          for (let v = 0; v < variants; v++) {
            for (let w = v; w < variants; w++) {
              const re = sample[2 * v]! * sample[2 * w]!;
              sums[at++]! += m * (re + sample[2 * v + 1]! * sample[2 * w + 1]!);
            }
          }
        }
      }
      const powers = Float64Array.from({ length: rings + 1 }, (_, r) => sums[r * numbers + variants]!);
      const least = leastPower(powers);
      for (let r = 1; r <= rings; r++) {
        const square = powers[r]!;
        if (square <= least) continue;
        for (let i = 0; i < numbers; i++) {
          const at = ((first + b) * (rings + 1) + r) * numbers + i;
          out[at] = sums[r * numbers + i]! / (i < variants ? Math.sqrt(square) : square);
        }
      }
    }
  }
  return out;
}
