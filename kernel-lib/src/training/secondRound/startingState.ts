import type { GaussianModel } from "../../model/gaussianModel";
import { pointGroup } from "../../optics/symmetry";
import type { Run } from "../runs/run";
import { UnitAssembly } from "../units/unitAssembly";

/**
 * The state that a second round without the axes of the first starts from: decoded at the place, among those of its particles,
 * that is nearest to their mean. The mean itself may lie between states, where nothing is.
 * With a symmetry it is that of a unit, and all units of the model are in it.
 * @param selection rows of the run. Default: all
 */
export async function startingState(run: Run, selection: Int32Array | undefined): Promise<GaussianModel> {
  const { latent } = run;
  const { refined } = await run.latents();
  const outliers = run.record.outliers?.kept ? [] : await run.outliers();
  const excluded = new Set(outliers.map(({ index }) => index));
  const all = selection ?? Int32Array.from({ length: refined.length / latent }, (_, i) => i);
  const agreeing = all.filter((particle) => !excluded.has(particle));
  const members = agreeing.length > 0 ? agreeing : all;
  const mean = new Float64Array(latent);
  for (const particle of members) {
    for (let d = 0; d < latent; d++) mean[d]! += refined[particle * latent + d]! / members.length;
  }
  let nearest = members[0]!;
  let least = Number.POSITIVE_INFINITY;
  for (const particle of members) {
    const square = mean.reduce((sum, m, d) => sum + (refined[particle * latent + d]! - m) ** 2, 0);
    if (square < least) [nearest, least] = [particle, square];
  }
  const state = run.decode(refined.subarray(nearest * latent, (nearest + 1) * latent));
  const { symmetry } = run.record.inputs;
  if (symmetry === undefined) return state;
  const units = new UnitAssembly(pointGroup(symmetry));
  return units.symmetric(units.first(state));
}
