import { InputError } from "../errors";
import type { SumShare } from "./imagePass";

/** Places of particles in a latent space, of any program. */
export interface PlacedParticles {
  /** Dimensions of the latent space. */
  latent: number;
  /** [particles · latent] */
  places: ArrayLike<number>;
}

/** The particles of a state and their weights. */
export interface StateKernel {
  /** Distance in the latent space from which on weights are 0. */
  radius: number;
  /** Particles with a weight, ascending. */
  particles: Int32Array;
  /** Their weights, 0 to 1. */
  weights: Float64Array;
  /** (Σ w)² / Σ w²: as many particles of equal weights would be as noisy. */
  effective: number;
}

/** Squared distance at which weights would reach 0, in that of the farthest of all particles. */
const beyond = 1.1;

/**
 * Weights 1 − (d / h)² (Epanechnikov) of the `count` particles nearest to a state, with d their distance from it, and h that of the next
 * one. Particles as far as the last of
 * them belong to them.
 */
export function stateKernel(
  { latent, places }: PlacedParticles,
  indices: Int32Array,
  state: ArrayLike<number>,
  count: number,
): StateKernel {
  const squared = Float64Array.from(indices, (index) => {
    let sum = 0;
    for (let d = 0; d < latent; d++) sum += (places[index * latent + d]! - state[d]!) ** 2;
    return sum;
  });
  const sorted = squared.slice().sort();
  const last = sorted[Math.min(count, sorted.length) - 1]!;
  // Particles at one distance stay together. Beyond the last one of all there is no next one.
  const limit = sorted.find((value) => value > last) ?? last * beyond;
  const members: number[] = [];
  const weights: number[] = [];
  for (const [n, index] of indices.entries()) {
    if (squared[n]! > last) continue;
    members.push(index);
    weights.push(limit > 0 ? 1 - squared[n]! / limit : 1);
  }
  const sum = weights.reduce((total, w) => total + w, 0);
  const squares = weights.reduce((total, w) => total + w * w, 0);
  return {
    radius: Math.sqrt(limit),
    particles: Int32Array.from(members),
    weights: Float64Array.from(weights),
    effective: squares > 0 ? (sum * sum) / squares : 0,
  };
}

/** The sums of each particle: half h of state s is sum 2s + h. */
export function sharesOfStates(
  kernels: readonly StateKernel[],
  halfOf: (index: number) => number,
): Map<number, SumShare[]> {
  const shares = new Map<number, SumShare[]>();
  for (const [s, { particles, weights }] of kernels.entries()) {
    for (const [n, index] of particles.entries()) {
      const share = { sum: 2 * s + halfOf(index), weight: weights[n]! };
      if (share.weight <= 0) continue;
      const known = shares.get(index);
      if (known) known.push(share);
      else shares.set(index, [share]);
    }
  }
  return shares;
}

/** @throws InputError unless there is a place for every particle, and places and states have finite numbers, one for each dimension */
export function checkPlaces(
  count: number,
  { latent, places }: PlacedParticles,
  states: readonly ArrayLike<number>[],
): void {
  if (!Number.isInteger(latent) || latent < 1)
    throw new InputError("latent", "an integer of 1 or more", `${latent}`);
  if (places.length !== count * latent)
    throw new InputError("places", `${count} of ${latent} numbers`, `${places.length} numbers`);
  for (let i = 0; i < places.length; i++) {
    if (Number.isFinite(places[i])) continue;
    throw new InputError(`places: particle ${Math.floor(i / latent)}`, "finite numbers", `${places[i]}`);
  }
  if (states.length === 0) throw new InputError("states", "at least one", "none");
  for (const [s, state] of states.entries()) {
    if (state.length === latent && Array.from(state).every(Number.isFinite)) continue;
    throw new InputError(`state ${s + 1}`, `${latent} finite numbers`, Array.from(state).join(", "));
  }
}
