import path from "node:path";
import type { TestContext } from "vitest";
import type { GaussianModel } from "../../model/gaussianModel";
import { rotationFromVector } from "../../optics/pose";
import { product } from "../../optics/symmetry";
import { openParticles, type ParticleSet } from "../../particles/particleSet";
import { type ParticlePoses, writePoses } from "../../particles/writePoses";
import { Random } from "../../random";
import { moleculeWithDomains, type Place } from "../../simulate/molecule";
import { simulateFromModels } from "../../simulate/simulateParticles";

const degree = Math.PI / 180;

/** A molecule in one state, or the first of several, and particles with its true and with wrong poses. */
export interface WrongPoses {
  model: GaussianModel;
  truth: ParticlePoses;
  /** The particles in their true poses. */
  right: ParticleSet;
  /** The same particles with poses that are off. */
  wrong: ParticleSet;
}

/** How many particles, and how wrong. */
export interface WrongPosesOptions {
  particles: number;
  /** Errors about each axis, in degrees. */
  rotation: number;
  /** Errors along each axis, in Å. */
  shift: number;
  /** Default 0.5. */
  snr?: number;
  /** Places of the small domains of the state. Default: two. */
  places?: readonly Place[];
  /** More states, with as many particles each, by the places of their small domains. Default: none. */
  others?: readonly (readonly Place[])[];
}

const standardPlaces: readonly Place[] = [
  [0.15, 0.1, 0],
  [-0.05, -0.05, 0.2],
];

/** Simulates particles of 32 × 32 pixels of 4 Å in a folder. */
export async function wrongPoses(
  t: TestContext,
  folder: string,
  { particles, rotation, shift, snr = 0.5, places = standardPlaces, others = [] }: WrongPosesOptions,
): Promise<WrongPoses> {
  const states = [places, ...others].map((of) => moleculeWithDomains({ boxSize: 32, apix: 4 }, of));
  const model = states[0]!;
  const { star } = await simulateFromModels(states, {
    ...{ folder, particlesPerState: particles, snr, shifts: 4, seed: 6, ctf: {} },
  });
  const right = await openParticles(star);
  const truth = { rotations: right.rotations(), shifts: right.shifts() };
  const file = path.join(folder, "wrong.star");
  await writePoses(file, right, perturbed(truth, { rotation, shift }));
  const wrong = await openParticles(file);
  t.onTestFinished(() => Promise.all([right.close(), wrong.close()]).then(() => undefined));
  return { model, truth, right, wrong };
}

/** Poses with normal errors. */
export function perturbed(
  { rotations, shifts }: ParticlePoses,
  { rotation, shift }: { rotation: number; shift: number },
): ParticlePoses {
  const random = new Random(3);
  const out = { rotations: Float64Array.from(rotations), shifts: Float64Array.from(shifts) };
  for (let i = 0; 2 * i < out.shifts.length; i++) {
    const error = [0, 1, 2].map(() => rotation * degree * random.normal()) as [number, number, number];
    out.rotations.set(product(rotationFromVector(error), out.rotations.subarray(9 * i, 9 * i + 9)), 9 * i);
    for (const axis of [0, 1]) out.shifts[2 * i + axis]! += shift * random.normal();
  }
  return out;
}
