import type { Volume } from "../../maps/volume";
import { modelDensity } from "../../model/density";
import type { GaussianModel } from "../../model/gaussianModel";
import type { TaskOptions } from "../../progress";
import type { ImageSource } from "../../reconstruction/imageSource";
import { reconstruct } from "../../reconstruction/reconstruct";
import type { ScoredVolume } from "./scoreVolumes";

/** Places of particles, and the states that they are in. */
export interface PlacedStates {
  latent: number;
  /** [particles · latent] */
  places: ArrayLike<number>;
  /** True state of each particle, [particles]. */
  states: ArrayLike<number>;
}

/** Makes the volume of a place. */
export type VolumeOfPlace = (place: Float32Array, grid: Volume) => Promise<Volume>;

/** Every ⌊N/n⌋th of N particles, as CryoBench draws n images. */
export function drawnParticles(particles: Int32Array, count: number): Int32Array {
  const step = Math.max(1, Math.floor(particles.length / count));
  return particles.filter((_, i) => i % step === 0);
}

/** The volumes of some particles at their own places. */
export function perImage(placed: PlacedStates, particles: Int32Array, make: VolumeOfPlace): ScoredVolume[] {
  return Array.from(particles, (particle) => ({
    ...{ particle, state: placed.states[particle]! },
    volume: (grid: Volume) => make(placeOf(placed, particle), grid),
  }));
}

/** A volume for each state: that of the particle of the state which is nearest to the mean place of them all. */
export function perConformation(
  placed: PlacedStates,
  particles: Int32Array,
  make: VolumeOfPlace,
): ScoredVolume[] {
  const states = [...new Set(Array.from(particles, (i) => placed.states[i]!))].sort((a, b) => a - b);
  return states.map((state) => {
    const members = particles.filter((i) => placed.states[i] === state);
    const mean = new Float32Array(placed.latent);
    for (const i of members) {
      placeOf(placed, i).forEach((z, d) => {
        mean[d]! += z / members.length;
      });
    }
    const particle = nearest(placed, members, mean, 1)[0]!;
    return { particle, state, volume: (grid: Volume) => make(placeOf(placed, particle), grid) };
  });
}

function placeOf({ places, latent }: PlacedStates, particle: number): Float32Array {
  return Float32Array.from({ length: latent }, (_, d) => places[particle * latent + d]!);
}

/** The density of the decoded Gaussians. */
export function decodedVolume(decode: (place: Float32Array) => GaussianModel): VolumeOfPlace {
  return async (place, { size, apix }) => modelDensity(decode(place), { boxSize: size[0], apix });
}

/** The reconstruction of the particles whose places are nearest. @param count how many */
export function nearbyReconstruction(
  source: ImageSource,
  placed: PlacedStates,
  count: number,
  task: TaskOptions,
): VolumeOfPlace {
  const all = Int32Array.from({ length: placed.places.length / placed.latent }, (_, i) => i);
  const { signal } = task;
  return async (place, { size }) => {
    const indices = nearest(placed, all, place, count).sort();
    const boxSize = Math.min(size[0], source.boxSize);
    const { map } = await reconstruct(source, {
      indices,
      boxSize,
      halves: "none",
      ...(signal && { signal }),
    });
    return map;
  };
}

function nearest(
  { places, latent }: PlacedStates,
  particles: Int32Array,
  place: Float32Array,
  count: number,
): Int32Array {
  const distance = (i: number) => place.reduce((sum, z, d) => sum + (places[i * latent + d]! - z) ** 2, 0);
  const distances = new Map(Array.from(particles, (i) => [i, distance(i)]));
  return particles
    .slice()
    .sort((a, b) => distances.get(a)! - distances.get(b)! || a - b)
    .subarray(0, count);
}
