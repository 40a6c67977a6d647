import type { Disc } from "../fourier/disc";
import { type Ctf, CtfEvaluator } from "./ctf";

/**
 * The CTF at every sample of a disc, [samples]; 0 outside the disc and at the origin.
 * @param physicalBox  edge of the box in Å
 */
export function ctfOnDisc(ctf: Ctf, disc: Disc, physicalBox: number, out = new Float64Array(disc.samples)) {
  const evaluator = new CtfEvaluator(ctf);
  const { rings, ring } = disc;
  let i = 0;
  for (let kx = 0; kx <= rings; kx++) {
    const x = kx / physicalBox;
    for (let ky = -rings; ky <= rings; ky++, i++) {
      out[i] = ring[i] === 0 ? 0 : evaluator.at(x, ky / physicalBox);
    }
  }
  return out;
}

/** Multiplies a transform in the layout of `disc` by the sign of the CTF, in place. */
export function flipPhases(transform: Float32Array, from: number, ctf: Float64Array): void {
  for (let i = 0; i < ctf.length; i++) {
    if (ctf[i]! >= 0) continue;
    transform[from + 2 * i] = -transform[from + 2 * i]!;
    transform[from + 2 * i + 1] = -transform[from + 2 * i + 1]!;
  }
}

/** Mean of CTF² over each ring, every sample counted with its multiplicity; ring 0 is given 1. [K + 1] */
export function ringPower(ctf: Float64Array, disc: Disc, out: Float32Array, from = 0): void {
  const sums = new Float64Array(disc.rings + 1);
  for (let i = 0; i < ctf.length; i++) {
    sums[disc.ring[i]!]! += disc.multiplicity[i]! * ctf[i]! * ctf[i]!;
  }
  out[from] = 1;
  for (let r = 1; r <= disc.rings; r++) out[from + r] = sums[r]! / (2 * disc.samplesInRing[r]!);
}
