import { InputError } from "../errors";
import type { GaussianModel } from "../model/gaussianModel";
import type { AtomModel } from "./atomModel";
import { type Beads, beadsOf } from "./beads";
import { type Blobs, blobsOf, blurredBeads, correlation, overlaps } from "./blobs";

/** How a model fits the density of Gaussians. */
export interface AtomAgreement {
  /** Correlation of the densities at the best blur, 0 to 1. */
  correlation: number;
  /** Blur of the atoms at which their density is most like that of the Gaussians: standard deviation in Å. */
  blur: number;
  /** Fraction of the atoms where the Gaussians have less than a quarter of the density of the model. */
  outside: number;
}

/** Parts of an agreement that carrying goes on with. */
export interface FittedBeads extends AtomAgreement {
  /** The beads, blurred, scaled like the Gaussians, their amplitudes reduced where the Gaussians have less density. */
  beads: Blobs;
  /** What the Gaussians have of each bead's density, [beads]; 1 is all of it. */
  ratios: Float64Array;
}

/** Blurs to try, in Å. */
const blurs = Array.from({ length: 23 }, (_, i) => 0.8 * 1.1 ** i);

/** Share of the model's density below which an atom is outside of the Gaussians. */
const outsideBelow = 0.25;

/**
 * How well an atomic model lies in the density of Gaussians, in the frame of the map that they were made from (position
 * = index · Å per pixel + origin).
 * @throws InputError if no atom lies inside
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const model = await e2.atoms.read("start.pdb");
 * console.log(e2.atoms.agreement(model, run.decode([0, 0])).correlation);
 * ```
 */
export function atomAgreement(model: AtomModel, gaussians: GaussianModel): AtomAgreement {
  const { correlation, blur, outside } = fitBeads(model, beadsOf(model), gaussians);
  return { correlation, blur, outside };
}

/** Finds blur and scale of the beads. @throws InputError if they do not meet the Gaussians */
export function fitBeads(model: AtomModel, beads: Beads, gaussians: GaussianModel): FittedBeads {
  const target = blobsOf(gaussians);
  const squareOfTarget = sum(overlaps(target, target));
  let best = { correlation: 0, blur: 0, blurred: blurredBeads(beads, 0) };
  for (const blur of blurs) {
    const blurred = blurredBeads(beads, blur ** 2);
    const found = correlation(blurred, target, squareOfTarget);
    if (found > best.correlation) best = { correlation: found, blur, blurred };
  }
  if (best.blur === 0) throw outsideError(model, gaussians);
  const { blurred, blur } = best;
  const withTarget = overlaps(blurred, target);
  const withItself = overlaps(blurred, blurred);
  const inside = medianScale(withTarget, withItself);
  const ratios = withTarget.map((value, i) => (inside > 0 ? value / (inside * withItself[i]!) : 0));
  const outside =
    sum(Float64Array.from(beads.ofAtom, (bead) => Number(ratios[bead]! < outsideBelow))) / model.count;
  if (outside > 0.95) throw outsideError(model, gaussians);
  const amplitudes = blurred.amplitudes.map((a, i) => a * inside * Math.min(ratios[i]!, 1));
  return { correlation: best.correlation, blur, outside, beads: { ...blurred, amplitudes }, ratios };
}

/** The usual ratio of the two where there is density at all. */
function medianScale(withTarget: Float64Array, withItself: Float64Array): number {
  const scales = withTarget.map((value, i) => value / withItself[i]!).sort();
  const largest = scales[scales.length - 1]!;
  const inside = scales.filter((scale) => scale > largest / 10);
  return inside[inside.length >> 1] ?? 0;
}

function outsideError(model: AtomModel, gaussians: GaussianModel): InputError {
  const range = (values: Float64Array) =>
    [0, 1, 2]
      .map((axis) => {
        const column = values.filter((_, k) => k % 3 === axis).sort();
        return `${"xyz"[axis]} ${column[0]!.toFixed(0)} to ${column[column.length - 1]!.toFixed(0)}`;
      })
      .join(", ");
  const there = range(blobsOf(gaussians).centres);
  return new InputError(
    model.file,
    `a model fitted into the map, whose Gaussians are at ${there} Å`,
    `atoms at ${range(model.positions)} Å`,
  );
}

const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
