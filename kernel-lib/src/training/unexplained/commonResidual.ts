import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { robustDeviation } from "./robustFit";

/** Principal components among which the direction is sought. */
const components = 8;
/** Fewest particles from which a direction is estimated. */
const fewest = 200;
/** Numbers beyond this many standard deviations count as this many. */
const bound = 6;
const iterations = 20;

/**
 * How far each particle would change the model along a change that some particles have in common, in robust standard deviations.
 *
 * What particles of a state that the model does not have would change is alike, and so are their gradients; those of the others
 * scatter about 0. Among the leading principal components of the gradients, the direction along which the distribution is
 * most skewed is found by a fixed-point iteration, as in independent component analysis (Hyvärinen, IEEE Trans. Neural Netw.
 * 10, 626, 1999). The direction from one half of the particles is applied to the other half, so that it does not fit their noise.
 *
 * @param gradients [particles · cells]
 * @param members   particles to use, ascending
 * @returns for each member; undefined if there are too few
 */
export function commonResidual(
  gradients: Float32Array,
  cells: number,
  members: Int32Array,
): Float64Array | undefined {
  if (members.length < fewest || cells < 2) return undefined;
  const width = Math.min(components, cells);
  const scores = leadingScores(gradients, cells, members, width);
  const found = new Float64Array(members.length);
  for (const half of [0, 1]) {
    const own = members.map((_, at) => at).filter((at) => at % 2 === half);
    const direction = skewedDirection(scores, width, own);
    const other = Int32Array.from(members.keys()).filter((at) => at % 2 !== half);
    const along = Float64Array.from(other, (at) => product(scores, at * width, direction));
    const { middle, deviation } = robustDeviation(along);
    other.forEach((at, i) => {
      found[at] = (along[i]! - middle) / deviation;
    });
  }
  return found;
}

/** Scores of the leading principal components, each of unit variance, [members · width]. */
function leadingScores(
  gradients: Float32Array,
  cells: number,
  members: Int32Array,
  width: number,
): Float64Array {
  const mean = new Float64Array(cells);
  for (const i of members) {
    for (let c = 0; c < cells; c++) mean[c]! += gradients[i * cells + c]! / members.length;
  }
  const covariance = new Float64Array(cells * cells);
  const own = new Float64Array(cells);
  for (const i of members) {
    for (let c = 0; c < cells; c++) own[c] = gradients[i * cells + c]! - mean[c]!;
    for (let c = 0; c < cells; c++) {
      const at = c * cells;
      for (let e = 0; e <= c; e++) covariance[at + e]! += (own[c]! * own[e]!) / members.length;
    }
  }
  const matrix = new Matrix(cells, cells);
  for (let c = 0; c < cells; c++) {
    for (let e = 0; e <= c; e++) {
      matrix.set(c, e, covariance[c * cells + e]!);
      matrix.set(e, c, covariance[c * cells + e]!);
    }
  }
  const { realEigenvalues: values, eigenvectorMatrix: vectors } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  const order = values.map((_, k) => k).sort((a, b) => values[b]! - values[a]!);
  const scores = new Float64Array(members.length * width);
  for (let k = 0; k < width; k++) {
    const vector = Float64Array.from({ length: cells }, (_, c) => vectors.get(c, order[k]!));
    const scale = 1 / Math.sqrt(Math.max(values[order[k]!]!, Number.MIN_VALUE));
    for (const [at, i] of members.entries()) {
      let sum = 0;
      for (let c = 0; c < cells; c++) sum += vector[c]! * (gradients[i * cells + c]! - mean[c]!);
      scores[at * width + k] = sum * scale;
    }
  }
  return scores;
}

/** The direction, a unit vector, with the most skewed scores of these rows, oriented to the longer tail. */
function skewedDirection(scores: Float64Array, width: number, rows: Int32Array): Float64Array {
  let best = new Float64Array(width);
  let most = Number.NEGATIVE_INFINITY;
  for (let start = 0; start < 2 * width; start++) {
    let direction: Float64Array = new Float64Array(width);
    direction[start >> 1] = start % 2 === 0 ? 1 : -1;
    for (let step = 0; step < iterations; step++) direction = towardsTail(scores, direction, rows);
    let skewness = 0;
    for (const at of rows) skewness += bounded(product(scores, at * width, direction)) ** 3;
    if (skewness > most) [most, best] = [skewness, direction];
  }
  return best;
}

/** A step of the fixed-point iteration: the mean of the rows, by the squares of their positive scores. */
function towardsTail(scores: Float64Array, direction: Float64Array, rows: Int32Array): Float64Array {
  const width = direction.length;
  const next = new Float64Array(width);
  for (const at of rows) {
    const along = bounded(product(scores, at * width, direction));
    if (along <= 0) continue;
    for (let k = 0; k < width; k++) next[k]! += along * along * scores[at * width + k]!;
  }
  const length = Math.hypot(...next);
  return length > 0 ? next.map((x) => x / length) : direction;
}

const bounded = (value: number): number => Math.max(-bound, Math.min(bound, value));

function product(scores: Float64Array, from: number, direction: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < direction.length; k++) sum += scores[from + k]! * direction[k]!;
  return sum;
}
