import type { GaussianModel } from "../model/gaussianModel";
import { displacements } from "../model/rigidMotion";

/** One way from a state to another. */
export interface Leg {
  /** Index of the state it starts from. */
  from: number;
  /** Index of the state it leads to. */
  to: number;
  /** Root mean square displacement of the Gaussians between the two in Å. */
  length: number;
}

/**
 * The shortest tree of ways from the first state to all others (Prim, 1957), so that each state is reached from one that
 * is like it: along a path one after the other, through an ensemble from neighbour to neighbour.
 */
export function routeThrough(states: readonly GaussianModel[]): Leg[] {
  const nearest = states.map((state) => ({ from: 0, length: rmsDisplacement(states[0]!, state) }));
  const waiting = new Set(states.keys());
  waiting.delete(0);
  const legs: Leg[] = [];
  while (waiting.size > 0) {
    let to = -1;
    for (const k of waiting) if (to < 0 || nearest[k]!.length < nearest[to]!.length) to = k;
    legs.push({ ...nearest[to]!, to });
    waiting.delete(to);
    for (const k of waiting) {
      const length = rmsDisplacement(states[to]!, states[k]!);
      if (length < nearest[k]!.length) nearest[k] = { from: to, length };
    }
  }
  return legs;
}

/** Root mean square displacement in Å, weighted by amplitude. */
export function rmsDisplacement(from: GaussianModel, to: GaussianModel): number {
  const vectors = displacements(from, to);
  const { count, params } = from;
  let [sum, total] = [0, 0];
  for (let i = 0; i < count; i++) {
    const weight = Math.max(params[3 * count + i]!, 0);
    total += weight;
    for (let axis = 0; axis < 3; axis++) sum += weight * vectors[3 * i + axis]! ** 2;
  }
  return total > 0 ? Math.sqrt(sum / total) : 0;
}
