import type { ParticleSet } from "../particles/particleSet";
import { evenly } from "./evidence/sample";

/** Some particles of a set, evenly spaced, with all their copies. */
export function someParticles(set: ParticleSet, most: number): ParticleSet {
  const originals = set.originals().count;
  const copies = set.count / originals;
  const chosen = evenly(
    Int32Array.from({ length: originals }, (_, i) => i),
    most,
  );
  return set.select(
    Int32Array.from(
      { length: chosen.length * copies },
      (_, i) => chosen[Math.floor(i / copies)]! * copies + (i % copies),
    ),
  );
}
