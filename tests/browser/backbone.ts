import { writeFileSync } from "node:fs";
import * as e2 from "e2gmm";

/** Å between Cα atoms, at most; those of a protein are 3.8 apart. */
const step = 4.2;

/**
 * Writes a PDB file of Cα atoms along a walk through the Gaussians of a run, each time to the nearest that is left; the first half is
 * chain A, the rest chain B.
 */
export async function writeBackbone(folder: string, file: string): Promise<void> {
  const run = await e2.openRun(folder);
  const { count, params, boxSize, apix, origin = [0, 0, 0] } = run.neutral;
  run.close();
  const left = Array.from({ length: count }, (_, i) =>
    [0, 1, 2].map(
      (axis) => (params[axis * count + i]! * boxSize + Math.floor(boxSize / 2)) * apix + origin[axis]!,
    ),
  );
  const apart = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((x, k) => x - b[k]!));
  const walk = [left.shift()!];
  while (left.length > 0) {
    const here = walk.at(-1)!;
    const next = left.reduce((best, one, i) => (apart(one, here) < apart(left[best]!, here) ? i : best), 0);
    const to = left.splice(next, 1)[0]!;
    const steps = Math.max(1, Math.ceil(apart(here, to) / step));
    for (let k = 1; k <= steps; k++) walk.push(here.map((x, axis) => x + (k / steps) * (to[axis]! - x)));
  }
  const lines = walk.map((place, i) => {
    const serial = String(i + 1);
    const chain = i < walk.length / 2 ? "A" : "B";
    const at = place.map((x) => x.toFixed(3).padStart(8)).join("");
    return `ATOM  ${serial.padStart(5)}  CA  ALA ${chain}${serial.padStart(4)}    ${at}  1.00 20.00           C`;
  });
  writeFileSync(file, `${lines.join("\n")}\nEND\n`);
}
