import * as e2 from "e2gmm";
import type { KeptRun } from "./keptRun";
import { auc } from "./latentScores";

/** The unit of the ring, from 0, where the free Gaussians are. */
function freeUnit({ neutral: { count, params }, free }: e2.training.Run, units: number): number {
  let [x, y] = [0, 0];
  for (let i = 0; i < count; i++) {
    if (free && free[i] === 0) continue;
    x += params[i]!;
    y += params[count + i]!;
  }
  return (Math.round((Math.atan2(y, x) * units) / (2 * Math.PI)) + units) % units;
}

/**
 * Which unit of a ring Cn is moved or missing: in how many particles the unit that is farthest from the middle of all is the affected
 * one, correlation of the places of all units with the truth, and the area under the ROC curve of units that are affected.
 * Copy g of a particle shows the unit that is the free one turned by operator g; operators are RELION's, which turn the frame, so that
 * units are met clockwise.
 */
export async function unitsFound({ run, test }: KeptRun): Promise<void> {
  const { refined } = await run.latents();
  const { unit, state: _, ...columns } = test.truth;
  const [[name, values]] = Object.entries(columns) as [[string, number[]]];
  const units = refined.length / run.latent / unit!.length;
  const first = freeUnit(run, units);
  const unitOfCopy = (g: number) => 1 + ((first - g + units) % units);
  const truth = unit!.flatMap((u, i) =>
    Array.from({ length: units }, (_, g) => (unitOfCopy(g) === u ? values[i]! : 0)),
  );
  const columnOf = (d: number) => Float64Array.from(truth, (_, row) => refined[row * run.latent + d]!);
  const all = Array.from({ length: run.latent }, (_, d) => columnOf(d));
  const rs = all.map((column) => e2.latent.pearson(column, truth));
  const best = rs.map(Math.abs).indexOf(Math.max(...rs.map(Math.abs)));
  const sign = Math.sign(rs[best]!);
  const along = all[best]!;
  let [found, affected] = [0, 0];
  for (const [i, u] of unit!.entries()) {
    if (u === 0) continue;
    affected++;
    const own = Array.from(along.subarray(i * units, (i + 1) * units), (z) => sign * z);
    if (unitOfCopy(own.indexOf(Math.max(...own))) === u) found++;
  }
  const is = truth.map((value) => Number(value > 0));
  console.log(
    `  ${units} units, ${run.latent} axes: ${name} unit found in ${((100 * found) / affected).toFixed(1)} % of ${affected} particles, ` +
      `r ${Math.abs(rs[best]!).toFixed(4)}, AUC ${auc(along, is).toFixed(4)}`,
  );
  for (const axis of await run.axes()) console.log(`  ${axis.summary}`);
}
