import assert from "node:assert/strict";
import { pearson } from "../../latent/statistics";
import { Run } from "../runs/run";
import { openRunParticles } from "../runs/runParticles";
import type { StartingRun, TrainingSettings } from "../settings";
import type { TwoMotions } from "./twoMotions.test.helper";

export const engine = { threads: 2 };

/** Settings of second rounds with one axis inside the mask. */
export function roundOf(data: TwoMotions) {
  return (out: string, from: Omit<StartingRun, "run"> = {}, more: Partial<TrainingSettings> = {}) => ({
    ...{ from: { run: data.run, ...from }, mask: data.mask, out, engine },
    options: { latent: 1 },
    ...more,
  });
}

/** Coordinates on an axis. */
export const axis = (values: Float32Array, latent: number, d: number) =>
  values.filter((_, i) => i % latent === d);
/** Correlation with the truth, whatever its sign. */
export const magnitude = (values: Float32Array, truth: number[]) => Math.abs(pearson(values, truth));

/** Particles on one side of the first axis, ascending. */
export async function sideOf(data: TwoMotions): Promise<number[]> {
  const run = await Run.open(data.run);
  const { refined } = await run.latents();
  run.close();
  return [...refined.keys()].filter((i) => refined[i]! > 0);
}

/** Some particles of a run are placed where they are in its table, with all axes free. */
export async function checkPlaces(run: Run, refined: Float32Array): Promise<void> {
  const { latent } = run;
  const set = await openRunParticles(run.record.inputs);
  const some = Int32Array.from({ length: 60 }, (_, i) => 3 * i);
  const { mean, standardDeviation } = await run.placesOf(set.select(some), { engine });
  await set.close();
  assert.deepEqual([mean.length, standardDeviation.length], [60 * latent, 60 * latent]);
  const table = (d: number) => Array.from(some, (i) => refined[i * latent + d]!);
  for (let d = 0; d < latent; d++) {
    const r = pearson(axis(mean, latent, d), table(d));
    assert.ok(r > 0.97, `axis ${d + 1}: ${r}`);
  }
}
