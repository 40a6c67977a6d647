import type { ParticleSet } from "../particles/particleSet";
import { depthLoss } from "../reconstruction/ewald";
import { type FscCurve, resolutionAt } from "../reconstruction/fsc";
import type { InvertedImages } from "../reconstruction/invertedImages";
import { shorten } from "../shortText";

/** Part of a group that has to be inverted, and of all that are inverted, for a group to be named. */
const most = 0.8;
/** Columns that name what particles come from, and what their values are called. */
const sources = [
  ["_rlnMicrographName", "micrographs"],
  ["_rlnImageName", "stacks"],
  ["_rlnOpticsGroup", "optics groups"],
] as const;
/** Names that are listed. */
const listed = 3;

/** Says which particles have inverted contrast. */
export function invertedNote({ looked, inverted }: InvertedImages, set: ParticleSet): string {
  const percent = Math.round((100 * inverted.length) / looked.length);
  const where = groupsOf({ looked, inverted }, set);
  return (
    `${set.file}: of ${looked.length} particles that were looked at, ${inverted.length} (${percent} %) agree with the others only with inverted ` +
    `contrast${where}: in the map they cancel others; give all images one sign`
  );
}

/** The few groups that have all of them. */
function groupsOf({ looked, inverted }: InvertedImages, set: ParticleSet): string {
  const isInverted = new Set(inverted);
  for (const [column, word] of sources) {
    if (!set.hasColumn(column)) continue;
    const names = set.textColumn(column).map((text) => text.replace(/^\d+@/, ""));
    const counts = new Map<string, [own: number, all: number]>();
    for (const index of looked) {
      const count = counts.get(names[index]!) ?? [0, 0];
      counts.set(names[index]!, [count[0] + (isInverted.has(index) ? 1 : 0), count[1] + 1]);
    }
    const groups = [...counts].filter(([, [own, all]]) => own >= most * all);
    const covered = groups.reduce((sum, [, [own]]) => sum + own, 0);
    if (groups.length === counts.size || covered < most * inverted.length) continue;
    const some = groups.slice(0, listed).map(([name]) => shorten(name, 40));
    const rest = groups.length > listed ? ` and ${groups.length - listed} more` : "";
    return `, those of the ${word} ${some.join(", ")}${rest}`;
  }
  return "";
}

/** Loss of amplitude from which on something is said. */
const leastLoss = 0.1;

/**
 * Says that the curvature of the Ewald sphere, for which maps are not corrected, matters at the resolution of the half maps; undefined if it does
 * not.
 * @param depth of the particle along the beam, at most, in Å
 */
export function depthNote(set: ParticleSet, fsc: FscCurve, depth: number): string | undefined {
  const resolution = resolutionAt(fsc, 0.143);
  if (!Number.isFinite(resolution)) return undefined;
  const found = depthLoss(set, { resolution, depth });
  if (!found || found.loss < leastLoss) return undefined;
  return (
    `the curvature of the Ewald sphere is not corrected: at ${resolution.toFixed(2)} Å it takes ${Math.round(100 * found.loss)} % of the ` +
    `amplitude of a particle of ${depth.toFixed(0)} Å at ${found.voltage} kV, a tenth at ${found.tenth.toFixed(2)} Å`
  );
}
