import type { Disc } from "../fourier/disc";
import { type Ctf, CtfEvaluator } from "./ctf";

/**
 * The CTF at every sample of a disc, [samples]; 0 outside the disc and at the origin.
 * @param boxLength length of the box in Å
 * @param out       receives the result. Default: a new array
 */
export function ctfOnDisc(
  ctf: Ctf,
  disc: Disc,
  boxLength: number,
  out = new Float64Array(disc.samples),
): Float64Array {
  const evaluator = new CtfEvaluator(ctf);
  const { rings, ring } = disc;
  let i = 0;
  for (let kx = 0; kx <= rings; kx++) {
    const x = kx / boxLength;
    for (let ky = -rings; ky <= rings; ky++, i++) {
      out[i] = ring[i] === 0 ? 0 : evaluator.at(x, ky / boxLength);
    }
  }
  return out;
}

/** Multiplies the transform that starts at index `from` by the sign of the CTF, in place. A CTF of 0 counts as positive. */
export function flipPhases(transform: Float32Array, from: number, ctf: Float64Array): void {
  for (let i = 0; i < ctf.length; i++) {
    if (ctf[i]! >= 0) continue;
    transform[from + 2 * i] = -transform[from + 2 * i]!;
    transform[from + 2 * i + 1] = -transform[from + 2 * i + 1]!;
  }
}

/** Mean of CTF² over each ring, samples weighted by their multiplicity, [K + 1] from index `from`; 1 for ring 0. */
export function ringPower(ctf: Float64Array, disc: Disc, out: Float32Array, from = 0): void {
  const sums = new Float64Array(disc.rings + 1);
  for (let i = 0; i < ctf.length; i++) {
    sums[disc.ring[i]!]! += disc.multiplicity[i]! * ctf[i]! * ctf[i]!;
  }
  out[from] = 1;
  for (let r = 1; r <= disc.rings; r++) out[from + r] = sums[r]! / (2 * disc.samplesInRing[r]!);
}
