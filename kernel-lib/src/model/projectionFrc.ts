import { disc, sampleIndex } from "../fourier/disc";
import { halfWidth } from "../fourier/fft";
import type { MapProjector } from "../maps/mapProjector";
import type { GaussianModel } from "./gaussianModel";
import { projectionTransform } from "./projectionTransform";

/**
 * Rotations with uniformly distributed viewing directions (a Fibonacci lattice) and in-plane angles, [count · 9],
 * row-major, reference → image.
 */
export function uniformRotations(count: number): Float32Array {
  const rotations = new Float32Array(9 * count);
  const golden = Math.PI * (3 - Math.sqrt(5));
  for (let i = 0; i < count; i++) {
    const cosTilt = 1 - (2 * i + 1) / count;
    const sinTilt = Math.sqrt(1 - cosTilt * cosTilt);
    const rot = golden * i;
    const psi = (golden * i * i) % (2 * Math.PI);
    const [ca, sa, cg, sg] = [Math.cos(rot), Math.sin(rot), Math.cos(psi), Math.sin(psi)];
    rotations.set(
      [
        cg * cosTilt * ca - sg * sa,
        cg * cosTilt * sa + sg * ca,
        -cg * sinTilt,
        -sg * cosTilt * ca - cg * sa,
        -sg * cosTilt * sa + cg * ca,
        sg * sinTilt,
        sinTilt * ca,
        sinTilt * sa,
        cosTilt,
      ],
      9 * i,
    );
  }
  return rotations;
}

/**
 * Fourier ring correlation between projections of a model and of a map, averaged over views.
 * @param rotations the views, [n · 9]. Default: 64 uniformly distributed ones
 * @returns one value per ring, index 0 … rings
 */
export function projectionFrc(
  model: GaussianModel,
  map: MapProjector,
  rings: number,
  rotations: Float32Array = uniformRotations(64),
): Float64Array {
  const layout = disc(rings);
  const views = rotations.length / 9;
  const slices = map.project(rotations, rings);
  const width = halfWidth(model.boxSize);
  const half = new Float64Array(2 * width * model.boxSize);
  const average = new Float64Array(rings + 1);
  for (let n = 0; n < views; n++) {
    projectionTransform(model, { rotation: rotations, rotationAt: 9 * n, shift: [0, 0] }, half, rings);
    const cross = new Float64Array(rings + 1);
    const modelPower = new Float64Array(rings + 1);
    const mapPower = new Float64Array(rings + 1);
    for (let kx = 0; kx <= rings; kx++) {
      for (let ky = -rings; ky <= rings; ky++) {
        const sample = sampleIndex(rings, kx, ky);
        const r = layout.ring[sample]!;
        const m = layout.multiplicity[sample]!;
        if (m === 0) continue;
        const p = 2 * (kx + width * (ky < 0 ? ky + model.boxSize : ky));
        const t = 2 * (n * layout.samples + sample);
        cross[r]! += m * (half[p]! * slices[t]! + half[p + 1]! * slices[t + 1]!);
        modelPower[r]! += m * (half[p]! ** 2 + half[p + 1]! ** 2);
        mapPower[r]! += m * (slices[t]! ** 2 + slices[t + 1]! ** 2);
      }
    }
    for (let r = 1; r <= rings; r++) {
      const norm = Math.sqrt(modelPower[r]! * mapPower[r]!);
      if (norm > 0) average[r]! += cross[r]! / norm / views;
    }
  }
  return average;
}
