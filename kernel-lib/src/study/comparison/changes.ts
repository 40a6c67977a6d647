import { type Blobs, blobsOf } from "../../atoms/blobs";
import { carryPoints } from "../../atoms/displacementField";
import { moveRigidly, rigidFit } from "../../atoms/rigidFit";
import { modelDensity } from "../../model/density";
import { type GaussianModel, Row } from "../../model/gaussianModel";
import type { ChangeReport } from "../studyReport";
import type { PlacedParticles } from "./placedParticles";
import type { MatchedAxis } from "./spaces";

/** Fraction of the particles at each end of an axis, and fewest of them. */
const endFraction = 0.1;
const fewestAtEnd = 5;

/** Correlation of the changes of the density from which they count as the same. */
const leastDensity = 0.7;
/** Å RMS from which there is a motion to compare, and the least correlation and ratio of sizes of the same motion. */
export const leastMotion = 0.5;
const leastOverlap = 0.5;
export const leastRatio = 0.6;
/** Change of the masses above which Gaussians come and go, whose motion says little. */
const mostMassChange = 0.1;

/** Decodes a place into Gaussians; an open run is one. */
export interface StateDecoder {
  decode(z: ArrayLike<number>): GaussianModel;
}

/** What is compared: two decoders, and the particles that say which of their places correspond. */
export interface ChangesContext {
  decoders: readonly [StateDecoder, StateDecoder];
  placed: PlacedParticles;
  matched: readonly MatchedAxis[];
}

/** A change in one decoder: Gaussians at both ends. */
interface Change {
  from: GaussianModel;
  to: GaussianModel;
}

/**
 * What both decoders change along each matched axis. The ends are the mean places, in either space, of the tenth of the
 * particles that are lowest and highest along the axis: the same particles in both.
 */
export function compareChanges({ decoders, placed, matched }: ChangesContext): ChangeReport[] {
  const spaces = [
    { points: placed.first, axes: placed.firstAxes },
    { points: placed.second, axes: placed.secondAxes },
  ];
  return matched.map((one) => {
    const [low, high] = endsOf(one);
    const [first, second] = spaces.map(({ points, axes }, s) => ({
      from: decoders[s]!.decode(meanPlace(points, axes, low)),
      to: decoders[s]!.decode(meanPlace(points, axes, high)),
    })) as [Change, Change];
    const compared = compareChange(first, second);
    return { axis: one.axis, ...compared, same: isSame(compared) };
  });
}

/** Particles that are lowest and highest along an axis, by the mean of both coordinates. */
function endsOf({ first, second }: MatchedAxis): [Int32Array, Int32Array] {
  const n = first.length;
  const along = first.map((x, i) => x + second[i]!);
  const order = Int32Array.from({ length: n }, (_, i) => i).sort((a, b) => along[a]! - along[b]!);
  const size = Math.min(n, Math.max(fewestAtEnd, Math.round(endFraction * n)));
  return [order.slice(0, size), order.slice(n - size)];
}

/** Whether the density changes in the same way, and what moves, moves as far in the same directions. */
function isSame({ density, motion, sizes, masses }: ComparedChange): boolean {
  const [small, large] = [Math.min(...sizes), Math.max(...sizes)];
  if (density < leastDensity) return false;
  if (large < leastMotion || Math.max(...masses) > mostMassChange) return true;
  return small >= leastRatio * large && motion >= leastOverlap;
}

function meanPlace(points: Float32Array, axes: number, rows: Int32Array): Float64Array {
  const mean = new Float64Array(axes);
  for (const i of rows) {
    for (let d = 0; d < axes; d++) mean[d]! += points[i * axes + d]! / rows.length;
  }
  return mean;
}

/** Two changes compared. */
export type ComparedChange = Omit<ChangeReport, "axis" | "same">;

/** Compares one change in two models, which may have different Gaussians. */
export function compareChange(first: Change, second: Change): ComparedChange {
  const [a, b] = [first, second].map(({ from, to }) => ({ from: blobsOf(from), to: blobsOf(to) })) as [
    { from: Blobs; to: Blobs },
    { from: Blobs; to: Blobs },
  ];
  // The motion of the first model where the Gaussians of the second are.
  const [places, weights] = [b.from.centres, weightsOf(second.from)];
  const own = motionAt(b.from.centres, b.to.centres, { from: b.from, to: b.to }, weights);
  const moved = carryPoints(places, a.from, a.to);
  const other = motionAt(places, moved, a, weightsOf(first.from));
  const sizes = [
    rms(motionAt(a.from.centres, a.to.centres, a, weightsOf(first.from)), weightsOf(first.from)),
    rms(own, weights),
  ] as [number, number];
  return {
    motion: cosine(other, own, (i) => weights[Math.floor(i / 3)]!),
    region: cosine(lengths(other), lengths(own), (i) => weights[i]!),
    sizes,
    density: densityAgreement(first, second),
    masses: [massChange(first), massChange(second)],
  };
}

/** Displacements of points without the rigid motion of the whole model, [n · 3] in Å. */
function motionAt(
  before: Float64Array,
  after: Float64Array,
  whole: { from: Blobs; to: Blobs },
  weights: Float64Array,
): Float64Array {
  const indices = Int32Array.from({ length: whole.from.count }, (_, i) => i);
  const rigid = rigidFit({ before: whole.from.centres, after: whole.to.centres, indices, weights });
  const turned = before.slice();
  for (let i = 0; i < before.length / 3; i++) moveRigidly(rigid, before, i, turned);
  return after.map((x, i) => x - turned[i]!);
}

/** Mass Aσ³ of each Gaussian; 0 for a negative amplitude. */
function weightsOf({ params, count }: GaussianModel): Float64Array {
  return Float64Array.from(
    { length: count },
    (_, i) => Math.max(params[Row.amplitude * count + i]!, 0) * params[Row.sigma * count + i]! ** 3,
  );
}

function lengths(vectors: Float64Array): Float64Array {
  return Float64Array.from({ length: vectors.length / 3 }, (_, i) =>
    Math.hypot(vectors[3 * i]!, vectors[3 * i + 1]!, vectors[3 * i + 2]!),
  );
}

function rms(vectors: Float64Array, weights: Float64Array): number {
  const squares = lengths(vectors).map((length) => length ** 2);
  const total = weights.reduce((sum, w) => sum + w, 0);
  return Math.sqrt(squares.reduce((sum, square, i) => sum + weights[i]! * square, 0) / total) || 0;
}

/** Σ w a b / √(Σ w a² Σ w b²); 0 if nothing changes in one of them. */
function cosine(a: ArrayLike<number>, b: ArrayLike<number>, weight: (i: number) => number = () => 1): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const w = weight(i);
    ab += w * a[i]! * b[i]!;
    aa += w * a[i]! ** 2;
    bb += w * b[i]! ** 2;
  }
  return aa * bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}

/** Correlation of the changes of the density. */
function densityAgreement(first: Change, second: Change): number {
  const { boxSize } = first.from;
  const change = ({ from, to }: Change) => {
    const [before, after] = [modelDensity(from, { boxSize }), modelDensity(to, { boxSize })];
    return after.data.map((value, i) => value - before.data[i]!);
  };
  return cosine(change(first), change(second));
}

/** Root mean square change of the masses, over that of the masses themselves. */
function massChange({ from, to }: Change): number {
  const [before, after] = [weightsOf(from), weightsOf(to)];
  const square = (values: Float64Array) => values.reduce((sum, x) => sum + x * x, 0);
  return Math.sqrt(square(after.map((x, i) => x - before[i]!)) / square(before)) || 0;
}
