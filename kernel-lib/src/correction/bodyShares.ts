import type { Blobs } from "../atoms/blobs";
import { CellGrid } from "../atoms/cellGrid";
import type { FieldLattice } from "./fieldLattice";

/** Rigid bodies of a molecule, and how far the points of a lattice belong to each. */
export interface BodyShares {
  /** The Gaussians of each body. */
  bodies: Int32Array[];
  /** For each body, and at last for what is in none, the share of each near lattice point; they sum to 1. [bodies + 1][near] */
  shares: Float64Array[];
}

/** Fewest Gaussians whose rotation is certain. */
const leastMembers = 3;

/**
 * Divides a lattice between rigid bodies: places belong to the bodies of the Gaussians around them by exp(−(d − d₀)²/2h²), with d₀ the
 * distance of the nearest one and h half their spacing. Between two bodies the shares change over about a spacing.
 * @param of the body of each Gaussian, from 1, or 0, [N]
 */
export function bodyShares(lattice: FieldLattice, target: Blobs, of: Uint8Array): BodyShares | undefined {
  const numbers = [...new Set(of)].filter((b) => b > 0).sort((a, b) => a - b);
  const bodies = numbers
    .map((b) => Int32Array.from([...of.keys()].filter((i) => of[i] === b)))
    .filter((members) => members.length >= leastMembers);
  if (bodies.length === 0) return undefined;
  const slot = new Uint8Array(of.length).fill(bodies.length);
  for (const [b, members] of bodies.entries()) for (const i of members) slot[i] = b;
  const { near, points, unit } = lattice;
  const width = unit / 2;
  const shares = Array.from({ length: bodies.length + 1 }, () => new Float64Array(near.length));
  // The nearest Gaussian of any lattice point lies within this.
  const grid = new CellGrid(target.centres, 3 * unit + 2 * lattice.spacing + 3 * width);
  for (let p = 0; p < near.length; p++) {
    const found: [number, number][] = [];
    grid.near(points[3 * p]!, points[3 * p + 1]!, points[3 * p + 2]!, (i, squared) => {
      found.push([slot[i]!, Math.sqrt(squared)]);
    });
    const nearest = found.reduce((least, [, d]) => Math.min(least, d), Number.POSITIVE_INFINITY);
    let total = 0;
    for (const [body, d] of found) {
      const weight = Math.exp(-((d - nearest) ** 2) / (2 * width * width));
      shares[body]![p]! += weight;
      total += weight;
    }
    for (const share of shares) share[p]! /= total;
  }
  return { bodies, shares };
}
