import { InputError } from "../errors";

/** How many particles to simulate. */
export interface ParticleNumbers {
  /** Particles of each state. */
  particlesPerState?: number | undefined;
  /** Particles in total. */
  particles?: number | undefined;
  /** Fraction of each state. */
  fractions?: readonly number[] | undefined;
}

/** Largest difference from 1 of a sum of fractions, which may have been rounded. */
const sumTolerance = 1e-3;

/**
 * Particles of each state: equal numbers, or those closest to the fractions whose sum is the total (largest remainders).
 * @throws InputError for numbers that are not valid, and if neither or both of `particles` and `particlesPerState` are given
 */
export function stateCounts(states: number, numbers: ParticleNumbers): number[] {
  const { particlesPerState, particles, fractions } = numbers;
  if (particlesPerState !== undefined || particles === undefined) {
    if (particles !== undefined || fractions) {
      const other = particles !== undefined ? "particles" : "fractions";
      throw new InputError(other, "not given together with particlesPerState");
    }
    checkNumber("particlesPerState", particlesPerState);
    return Array<number>(states).fill(particlesPerState!);
  }
  checkNumber("particles", particles);
  return apportion(
    particles,
    fractions ? checked(fractions, states) : Array<number>(states).fill(1 / states),
  );
}

function checkNumber(name: string, value: number | undefined): void {
  if (!Number.isInteger(value) || value! < 1) {
    throw new InputError(name, "a whole number of 1 or more", String(value));
  }
}

function checked(fractions: readonly number[], states: number): number[] {
  if (fractions.length !== states) {
    throw new InputError("fractions", `one for each of ${states} states`, String(fractions.length));
  }
  const wrong = fractions.find((f) => !(f >= 0 && f <= 1));
  if (wrong !== undefined) throw new InputError("fractions", "numbers from 0 to 1", String(wrong));
  const sum = fractions.reduce((total, f) => total + f, 0);
  if (Math.abs(sum - 1) > sumTolerance) throw new InputError("fractions", "a sum of 1", String(sum));
  return fractions.map((f) => f / sum);
}

function apportion(total: number, fractions: readonly number[]): number[] {
  const counts = fractions.map((f) => Math.floor(f * total));
  const rest = total - counts.reduce((sum, n) => sum + n, 0);
  const order = [...fractions.keys()].sort(
    (a, b) => fractions[b]! * total - counts[b]! - (fractions[a]! * total - counts[a]!) || a - b,
  );
  for (const state of order.slice(0, rest)) counts[state]!++;
  return counts;
}
