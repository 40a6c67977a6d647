import { writeFileSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { createStack } from "../formats/mrc";
import { rotationFromEuler } from "../optics/pose";
import { openParticles } from "./particleSet";
import { type Gaussians, type MadeParticle, randomGaussians, relionStar } from "./synthetic.test.helper";

/** The projection in pixels of `apix` Å, analytically in real space; centre at index ⌊S/2⌋. Lengths in Å. */
export function projectionImage(
  { points, sigma }: Gaussians,
  particle: MadeParticle,
  { size, apix, boxLength }: { size: number; apix: number; boxLength: number },
): Float32Array {
  const image = new Float32Array(size * size);
  const r = rotationFromEuler(particle.angles);
  const origin = Math.floor(size / 2);
  const width = sigma * 2;
  for (const [x, y, z, amplitude] of points) {
    const u = boxLength * (r[0]! * x + r[1]! * y + r[2]! * z) - particle.origin[0];
    const v = boxLength * (r[3]! * x + r[4]! * y + r[5]! * z) - particle.origin[1];
    for (let j = 0; j < size; j++) {
      for (let i = 0; i < size; i++) {
        const square = ((i - origin) * apix - u) ** 2 + ((j - origin) * apix - v) ** 2;
        image[j * size + i]! += amplitude * Math.exp(-square / (2 * width * width));
      }
    }
  }
  return image;
}

/** How {@link made} makes particles. */
export interface Made {
  size?: number;
  apix?: number;
  boxLength?: number;
  edit?: (star: string) => string;
  change?: (image: Float32Array, i: number) => void;
}

/** Particles with analytical images; `boxLength` is the length of the box in Å in which the Gaussians are defined. */
export async function made(t: TestContext, particles: MadeParticle[], options: Made = {}) {
  const { size = 48, apix = 2, boxLength = size * apix, edit = (s) => s, change } = options;
  const folder = temporaryFolder(t);
  const gaussians = randomGaussians(11);
  const stack = await createStack(path.join(folder, "images.mrcs"), { size: [size, size], apix });
  for (const [i, particle] of particles.entries()) {
    const image = projectionImage(gaussians, particle, { size, apix, boxLength });
    change?.(image, i);
    await stack.append(image);
  }
  await stack.close();
  const file = path.join(folder, "particles.star");
  writeFileSync(file, edit(relionStar(particles, { apix, size })));
  const set = await openParticles(file);
  t.onTestFinished(() => set.close());
  return { set, gaussians, folder };
}
