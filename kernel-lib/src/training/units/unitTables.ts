import { InputError } from "../../errors";
import { finiteText } from "../../finite";
import type { GaussianModel, Vector3 } from "../../model/gaussianModel";
import { centreOf } from "../../model/symmetricModel";
import { type PointGroup, pointGroup } from "../../optics/symmetry";
import type { Run } from "../runs/run";
import { RunFolder } from "../runs/runFolder";
import type { RunRecord } from "../runs/runRecord";
import { UnitAssembly } from "./unitAssembly";

/** Latent coordinates of all units of the particles of a run with symmetry. */
export interface UnitLatents {
  /** Point group. */
  group: PointGroup;
  /** Number of particles, P. */
  particles: number;
  /** Units of a particle, n: unit g is the free unit turned by operator g. */
  units: number;
  /** Dimensions of the latent space, D. */
  latent: number;
  /** Refined coordinates, [P · n · D]. */
  refined: Float32Array;
  /** Their standard deviations, [P · n · D]. */
  standardDeviation: Float32Array;
  /** 1 for the particles that were left out of training, [P]. */
  leftOut: Uint8Array;
}

/** The point group of a run. @throws InputError if it was trained without one */
function groupOfRun({ inputs }: RunRecord, folder: string): PointGroup {
  if (inputs.symmetry !== undefined) return pointGroup(inputs.symmetry);
  throw new InputError(
    folder,
    "a run that was trained with --symmetry (in a notebook `symmetry`)",
    "one without",
  );
}

/** Reads the latent coordinates of all units. @throws InputError as {@link unitLatents} */
export async function readUnits(folder: RunFolder, record: RunRecord): Promise<UnitLatents> {
  const group = groupOfRun(record, folder.folder);
  const { latent, refined, standardDeviation } = await folder.readLatents();
  const units = group.order;
  const particles = record.particles / units;
  const leftOut = new Uint8Array(particles);
  if (!record.outliers?.kept) {
    for (const { index } of await folder.readOutliers(record)) leftOut[Math.floor(index / units)] = 1;
  }
  return { group, particles, units, latent, refined, standardDeviation, leftOut };
}

/**
 * Latent coordinates of a run with symmetry by particle and unit: copy g of particle i, number i·n + g in `latents.csv`, shows
 * the state of its unit g, which is the free unit turned by operator g of the point group.
 * @throws InputError for a run without symmetry, and before it is complete
 * @example
 * ```ts no-run
 * const run = await e2.openRun("RUN");
 * const { particles, units, refined } = await e2.training.unitLatents(run);
 * console.log(`unit 2 of particle 0: ${refined[2]}, one of ${particles * units}`);
 * ```
 */
export function unitLatents(run: Run): Promise<UnitLatents> {
  return readUnits(new RunFolder(run.folder), run.record);
}

/**
 * Text of `symmetry.csv`: a row for each particle, with the refined coordinates and standard deviations of all its units
 * (`u1_z1`, `u1_z1_deviation`, …), and 1 for those that were left out of training.
 */
export function formatUnits({
  particles,
  units,
  latent,
  refined,
  standardDeviation,
  leftOut,
}: UnitLatents): string {
  const names: string[] = [];
  for (let g = 1; g <= units; g++) {
    for (let d = 1; d <= latent; d++) names.push(`u${g}_z${d}`, `u${g}_z${d}_deviation`);
  }
  const width = units * latent;
  const rows = Array.from({ length: particles }, (_, i) => {
    const row = [String(i), String(leftOut[i])];
    for (let k = i * width; k < (i + 1) * width; k++) {
      for (const values of [refined, standardDeviation]) {
        row.push(finiteText(values[k]!, 6, "symmetry.csv", `particle ${i}`));
      }
    }
    return `${row.join(",")}\n`;
  });
  return `${["index", "left_out", ...names].join(",")}\n${rows.join("")}`;
}

/**
 * The whole molecule with each unit at its own place in the latent space, such as those of one particle. A single run decodes
 * the free unit alone, with the others at the neutral model.
 * @param run    a run with symmetry
 * @param places latent coordinates of all units, [n · D]
 * @throws InputError for a run without symmetry, and unless there are n · D finite numbers
 * @example
 * ```ts no-run
 * const run = await e2.openRun("RUN");
 * const { units, latent, refined } = await e2.training.unitLatents(run);
 * const particle = 17;
 * const places = refined.subarray(particle * units * latent, (particle + 1) * units * latent);
 * await e2.model.writePdb("particle_17.pdb", [e2.training.decodeUnits(run, places)]);
 * ```
 */
export function decodeUnits(run: Run, places: ArrayLike<number>): GaussianModel {
  const { neutral, latent, record, folder } = run;
  const group = groupOfRun(record, folder);
  if (places.length !== group.order * latent) {
    const expected = `${group.order * latent} numbers, ${latent} for each of ${group.order} units`;
    throw new InputError("places", expected, String(places.length));
  }
  const m = neutral.count / group.order;
  const units = new Float32Array(5 * neutral.count);
  for (let g = 0; g < group.order; g++) {
    const whole = run.decode(Array.from({ length: latent }, (_, d) => places[g * latent + d]!));
    units.set(new UnitAssembly(group).first(whole).params, 5 * m * g);
  }
  return { ...neutral, params: new UnitAssembly(group).whole(units, m) };
}

/** Centre of the free Gaussians in box units. */
export function freeCentre({ neutral, free }: Pick<Run, "neutral" | "free">): Vector3 {
  const sum: Vector3 = [0, 0, 0];
  let count = 0;
  for (let i = 0; i < neutral.count; i++) {
    if (free && free[i] === 0) continue;
    count++;
    for (const [axis, x] of centreOf(neutral, i).entries()) sum[axis]! += x;
  }
  return sum.map((x) => x / count) as Vector3;
}
