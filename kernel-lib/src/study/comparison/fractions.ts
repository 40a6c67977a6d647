import type { Interval } from "../studyReport";

/** Probability that simultaneous intervals do not all hold. */
const risk = 0.05;

/** Standard deviations beyond which a normal number is, on both sides together, with this probability; by bisection. */
export function deviationsOf(probability: number): number {
  let [low, high] = [0, 10];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (beyond(middle) > probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Probability that a normal number is farther than x ≥ 0 from its mean: erfc(x/√2), by Simpson's rule. */
function beyond(x: number): number {
  const steps = 200;
  const density = (t: number) => Math.exp((-t * t) / 2);
  let sum = density(0) + density(x);
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * density((i * x) / steps);
  return 1 - (sqrtTwoOverPi * (sum * x)) / (3 * steps);
}

const sqrtTwoOverPi = Math.sqrt(2 / Math.PI);

/** Standard deviations for the intervals of `count` fractions, all of which hold with 95 % (Bonferroni). */
export const simultaneous = (count: number): number => deviationsOf(risk / Math.max(count, 1));

/** A fraction of a multinomial count with its interval (Wilson, J. Am. Stat. Assoc. 22, 209, 1927). */
export function fractionInterval(part: number, total: number, deviations: number): Interval {
  if (total === 0) return { value: 0, low: 0, high: 1 };
  const value = part / total;
  const square = deviations ** 2 / total;
  const middle = (value + square / 2) / (1 + square);
  const half = (deviations / (1 + square)) * Math.sqrt((value * (1 - value)) / total + square / (4 * total));
  return {
    value,
    low: Math.max(0, Math.min(middle - half, value)),
    high: Math.min(1, Math.max(middle + half, value)),
  };
}

/** Whether two fractions are equal within the error of their difference. */
export function areEqual(
  first: { part: number; total: number },
  second: { part: number; total: number },
  deviations: number,
): boolean {
  const common = (first.part + second.part) / (first.total + second.total);
  const error = Math.sqrt(common * (1 - common) * (1 / first.total + 1 / second.total));
  return Math.abs(first.part / first.total - second.part / second.total) <= deviations * error;
}
