import { InputError } from "../errors";
import { boxLengthOf, type GaussianModel, type Vector3 } from "./gaussianModel";
import { bestRigidMotion, centresInAngstrom, integrals } from "./rigidMotion";

/** Bodies into which the Gaussians of a model are divided. */
export interface MovingBodies {
  /** The body of each Gaussian, from 0, [N]; the body that moves least is the first. */
  labels: Int32Array;
  /** Motion of each body in Å: root mean square displacement from the reference over its Gaussians and all states, by mass. */
  motion: number[];
  /** What is left of it when each body moves as a rigid body, in Å. */
  left: number[];
}

/** Rounds of fitting and assigning; few Gaussians change their body after five. */
const rounds = 20;
/** Neighbours that have a say in the body of a Gaussian. */
const neighbours = 8;

/**
 * Divides the Gaussians of a model into bodies that each move as rigidly as they can: k rigid motions are fitted in every state, each
 * Gaussian joins the body whose motions take it and its neighbours nearest to where they are, and again (as k-means, with rigid
 * motions for centres). The first bodies are those of k-means over the displacements. Nothing depends on chance.
 *
 * @param reference the state from which displacements are counted
 * @param states    other states of the same Gaussians, one or more
 * @param count     number of bodies; fewer come out where Gaussians do not move apart
 * @throws InputError unless 2 ≤ count ≤ 8, and there are four Gaussians for each body
 */
export function movingBodies(
  reference: GaussianModel,
  states: readonly GaussianModel[],
  count: number,
): MovingBodies {
  if (!(Number.isInteger(count) && count >= 2 && count <= 8))
    throw new InputError("bodies", "a whole number from 2 to 8", String(count));
  if (reference.count < 4 * count)
    throw new InputError(
      "bodies",
      `four Gaussians for each of ${count} bodies`,
      `${reference.count} Gaussians`,
    );
  if (states.length === 0) throw new InputError("states", "one state or more", "none");
  const all = Array.from({ length: reference.count }, (_, i) => i);
  const before = centresInAngstrom(reference, all);
  const places = states.map((state) => centresInAngstrom(state, all));
  const mass = integrals(reference, all);
  const near = nearest(before);
  let labels = firstBodies(before, places, near, count);
  for (let round = 0; round < rounds; round++) {
    const errors = errorsOf(labels, count, { before, places, mass });
    const next = Int32Array.from(all, (i) => {
      const scores = errors.map((body) => near[i]!.reduce((sum, j) => sum + body[j]!, 2 * body[i]!));
      return scores.indexOf(Math.min(...scores));
    });
    const isSame = next.every((body, i) => body === labels[i]);
    // Where motions are hardly rigid one body may swallow another
    if (isSame || new Set(next).size < new Set(labels).size) break;
    labels = next;
  }
  return ordered(labels, { before, places, mass });
}

interface Moved {
  before: readonly Vector3[];
  places: readonly (readonly Vector3[])[];
  mass: readonly number[];
}

/** The nearest Gaussians of each, itself not among them. */
function nearest(points: readonly Vector3[]): Int32Array[] {
  const most = Math.min(neighbours, points.length - 1);
  return points.map((p, i) => {
    const found = new Int32Array(most).fill(-1);
    const far = new Float64Array(most).fill(Number.POSITIVE_INFINITY);
    points.forEach((q, j) => {
      if (i === j) return;
      const squared = squaredDistance(p, q);
      if (squared >= far[most - 1]!) return;
      let at = most - 1;
      for (; at > 0 && far[at - 1]! > squared; at--) {
        far[at] = far[at - 1]!;
        found[at] = found[at - 1]!;
      }
      far[at] = squared;
      found[at] = j;
    });
    return found;
  });
}

/**
 * The first bodies: k-means over the displacements in all states, averaged over neighbours, which needs no rigid motion that a few
 * Gaussians would not determine. The first centre is the least displacement, each other one that which is farthest from those before.
 */
function firstBodies(
  before: readonly Vector3[],
  places: Moved["places"],
  near: readonly Int32Array[],
  count: number,
): Int32Array {
  const displacement = before.map((p, i) =>
    places.flatMap((after) => p.map((x, axis) => after[i]![axis]! - x)),
  );
  const points = displacement.map((own, i) =>
    own.map((x, d) => near[i]!.reduce((sum, j) => sum + displacement[j]![d]!, x) / (near[i]!.length + 1)),
  );
  const squared = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, x, d) => sum + (x - b[d]!) ** 2, 0);
  const sizes = points.map((point) =>
    squared(
      point,
      point.map(() => 0),
    ),
  );
  const centres = [points[sizes.indexOf(Math.min(...sizes))]!];
  const nearestCentre = (point: readonly number[]) => {
    const far = centres.map((centre) => squared(point, centre));
    const least = Math.min(...far);
    return { body: far.indexOf(least), least };
  };
  while (centres.length < count) {
    const far = points.map((point) => nearestCentre(point).least);
    centres.push(points[far.indexOf(Math.max(...far))]!);
  }
  let labels = new Int32Array(points.length).fill(-1);
  for (let round = 0; round < rounds; round++) {
    const next = Int32Array.from(points, (point) => nearestCentre(point).body);
    if (next.every((body, i) => body === labels[i])) break;
    labels = next;
    for (let body = 0; body < count; body++) {
      const own = indicesOf(labels, body);
      if (own.length === 0) continue;
      centres[body] = points[0]!.map((_, d) => own.reduce((sum, i) => sum + points[i]![d]!, 0) / own.length);
    }
  }
  return labels;
}

/** Sum over the states of the squared distance of each Gaussian from where the rigid motion of some takes it. */
function bodyErrors(chosen: readonly number[], { before, places, mass }: Moved): Float64Array {
  const errors = new Float64Array(before.length);
  const own = { before: chosen.map((i) => before[i]!), weights: chosen.map((i) => mass[i]!) };
  for (const after of places) {
    const { rotation: m, centre, shift } = bestRigidMotion({ ...own, after: chosen.map((i) => after[i]!) });
    before.forEach((p, i) => {
      let squared = 0;
      for (let axis = 0; axis < 3; axis++) {
        let place = centre[axis]! + shift[axis]!;
        for (let k = 0; k < 3; k++) place += m[3 * axis + k]! * (p[k]! - centre[k]!);
        squared += (after[i]![axis]! - place) ** 2;
      }
      errors[i]! += squared;
    });
  }
  return errors;
}

/** The same for each body; one that has fewer than three Gaussians takes none. */
function errorsOf(labels: Int32Array, count: number, moved: Moved): Float64Array[] {
  return Array.from({ length: count }, (_, body) => {
    const own = indicesOf(labels, body);
    return own.length < 3
      ? new Float64Array(labels.length).fill(Number.POSITIVE_INFINITY)
      : bodyErrors(own, moved);
  });
}

function ordered(labels: Int32Array, moved: Moved): MovingBodies {
  const { before, places, mass } = moved;
  const bodies = [...new Set(labels)].map((body) => {
    const own = indicesOf(labels, body);
    const total = own.reduce((sum, i) => sum + mass[i]!, 0) * places.length;
    const square = (of: (i: number) => number) => own.reduce((sum, i) => sum + mass[i]! * of(i), 0);
    const errors = own.length < 3 ? new Float64Array(before.length) : bodyErrors(own, moved);
    const far = (i: number) => places.reduce((sum, after) => sum + squaredDistance(before[i]!, after[i]!), 0);
    return {
      body,
      motion: Math.sqrt(square(far) / total),
      left: Math.sqrt(square((i) => errors[i]!) / total),
    };
  });
  bodies.sort((a, b) => a.motion - b.motion);
  const rank = new Map(bodies.map(({ body }, at) => [body, at]));
  return {
    labels: labels.map((body) => rank.get(body)!),
    motion: bodies.map(({ motion }) => motion),
    left: bodies.map(({ left }) => left),
  };
}

/** Indices of the Gaussians of a body. */
export function indicesOf(labels: ArrayLike<number>, body: number): number[] {
  return Array.from(labels).flatMap((label, i) => (label === body ? [i] : []));
}

/**
 * Root mean square displacement in Å of some Gaussians from a reference over several states, each weighted by its mass (Aσ³ in the
 * reference); 0 for none.
 * @param chosen their indices
 */
export function motionOf(
  reference: GaussianModel,
  states: readonly GaussianModel[],
  chosen: readonly number[],
): number {
  const { count, params } = reference;
  const mass = integrals(reference, [...chosen]);
  const boxLength = boxLengthOf(reference);
  let square = 0;
  let total = 0;
  for (const state of states) {
    chosen.forEach((i, at) => {
      for (let axis = 0; axis < 3; axis++) {
        const moved = boxLength * (state.params[axis * count + i]! - params[axis * count + i]!);
        square += mass[at]! * moved ** 2;
      }
      total += mass[at]!;
    });
  }
  return total > 0 ? Math.sqrt(square / total) : 0;
}

function squaredDistance(a: Vector3, b: Vector3): number {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}
