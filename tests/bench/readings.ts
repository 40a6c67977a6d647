import path from "node:path";
import * as e2 from "e2gmm";
import { readArguments } from "./arguments";
import { type KeptRun, keptRun } from "./keptRun";
import { auc } from "./latentScores";
import { gaussiansOfPart, meanPlace, modelsOf } from "./moving";
import { unitsFound } from "./symmetry";

/**
 * What is read from a trained latent space, against the truth of its design:
 * `node tests/dist/bench/readings.js symmetry|eigenmotions|tilt|atoms|rare --folder FOLDER [--seeds 1] [--simulation-option value …] [option=value …]`
 *
 * - `symmetry` (also `symmetry=C3 --unit moved|missing`): which unit of a ring is affected, and by how much
 * - `eigenmotions`: the local eigenmotions of two domains that move independently
 * - `tilt` (`--angle 8`): the angle between the outermost states
 * - `rare` (`latent=1`): the rare state of the assembly as particles that the model does not explain, and as a set
 * - `atoms`: adenylate kinase carried from its open to its closed state
 *
 * The training is kept in the folder, and used again if it is there.
 */

const fixed = (value: number, digits = 2) => value.toFixed(digits);

/** Local eigenmotions of two domains: correlation of each with the truth of its own domain, and of the other. */
async function eigenmotions({ run, test }: KeptRun): Promise<void> {
  const models = await modelsOf((folder) =>
    e2.simulate.twoDomains({ folder, states: 2, particlesPerState: 1, ...boxOf(run) }),
  );
  const regions = [1, 2].map((k) => gaussiansOfPart(run.neutral, [models[0]!, models[k]!]));
  const { refined } = await run.latents();
  const motions = await e2.latent.localEigenmotions(run, refined, regions);
  for (const [r, name] of ["first", "second"].entries()) {
    const [{ scores, leakage, size }] = motions.regions[r]! as [e2.latent.Eigenmotion];
    const other = test.truth[r === 0 ? "second" : "first"]!;
    console.log(
      `  region ${r + 1}: |r| ${fixed(Math.abs(e2.latent.pearson(scores, test.truth[name]!)), 4)}, with the other ` +
        `domain ${fixed(Math.abs(e2.latent.pearson(scores, other)), 4)}; leakage ${fixed(100 * leakage, 1)} %, size ${fixed(size)} Å`,
    );
  }
  for (const [name, factor] of [
    ["sum", 1],
    ["difference", -1],
  ] as const) {
    const traced = motions.trace([
      { region: 0, motion: 0 },
      { region: 1, motion: 0, factor },
    ]);
    console.log(`  ${name}: ${fixed(traced.inside, 1)} Å inside, ${fixed(traced.outside, 1)} Å outside`);
  }
}

const boxOf = ({ neutral }: e2.training.Run) => {
  // The design's own box: the training box may be smaller.
  const length = neutral.boxSize * neutral.apix;
  return { boxSize: 64, apix: length / 64 };
};

/** The turn of the arm between the mean places of the outermost states. */
async function tilt({ run, test }: KeptRun): Promise<void> {
  const angles = test.truth.angle!;
  const [low, high] = [Math.min(...angles), Math.max(...angles)];
  const [first, last] = (await modelsOf((folder) =>
    e2.simulate.tilt({ folder, angle: high, states: 2, particlesPerState: 1, ...boxOf(run) }),
  )) as [e2.model.GaussianModel, e2.model.GaussianModel];
  const inside = gaussiansOfPart(run.neutral, [first, last]);
  const region = new Set(inside);
  const reference = Int32Array.from({ length: run.neutral.count }, (_, i) => i).filter((i) => !region.has(i));
  const latents = await run.latents();
  const at = (angle: number) => meanPlace(latents, run.latent, (i) => Math.abs(angles[i]! - angle) < 1e-6);
  const [from, to] = [at(low), at(high)];
  const options = { reference, mostLeft: Number.POSITIVE_INFINITY };
  const [measured] = await run.regionMotion([from, to], inside, options);
  console.log(
    `  true ${fixed(high - low)}°, by images ${fixed(measured!.angle)} ± ${fixed(measured!.angleError)}°, ` +
      `its centre moves by ${fixed(Math.hypot(...measured!.shift))} ± ${fixed(measured!.shiftError)} Å`,
  );
  for (const by of ["centres", "density"] as const) {
    const turn = e2.model.regionMotion(run.decode(from), run.decode(to), inside, { ...options, by });
    console.log(`  by ${by} ${fixed(turn.angle)}°, left over ${fixed(turn.rmsd)} of ${fixed(turn.size)} Å`);
  }
}

/** Adenylate kinase from its first state to its last one. */
async function atoms({ run, test }: KeptRun): Promise<void> {
  const latents = await run.latents();
  const rmsd = test.truth.rmsd!;
  const [low, high] = [Math.min(...rmsd), Math.max(...rmsd)];
  const at = (value: number) => meanPlace(latents, run.latent, (i) => rmsd[i] === value);
  const state = (name: string) =>
    e2.atoms.read(path.join(path.dirname(test.map), "truth_models", `state_${name}.pdb`));
  const [open, closed] = [await state("00"), await state("14")];
  const from = at(low);
  const way = at(high).map((z, d) => z - from[d]!);
  const stations = [0, 0.25, 0.5, 0.75, 1].flatMap((part) => from.map((z, d) => z + part * way[d]!));
  const carried = await e2.atoms.carry(run, open, stations, { start: from });
  const end = carried.models.at(-1)!;
  const chosen = { name: "CA" };
  const after = e2.atoms.rmsd({ ...open, positions: end.positions }, closed, chosen);
  console.log(
    `  Cα ${fixed(e2.atoms.rmsd(open, closed, chosen))} Å from the closed state, carried to ${fixed(after)} Å; ` +
      `bonds change by ${fixed(end.bondChange, 4)} Å RMS`,
  );
}

/** The rare state as a set: of the particles that the model does not explain, and of those that the latent space divides. */
async function rareState({ run, test }: KeptRun): Promise<void> {
  const state = test.truth[test.classes!]!;
  const isRare = state.map((value) => value === test.rare);
  const all = isRare.filter(Boolean).length;
  const { particles, misfit, residual, sentence } = await run.unexplained();
  const right = Array.from(particles).filter((i) => isRare[i]).length;
  const ranked = (score: Float32Array) => fixed(auc(score, isRare.map(Number)), 3);
  console.log(
    `  not explained: ${particles.length}, of which ${right} of the ${all} of the rare state; area under the ROC curve of the misfit ` +
      `${ranked(misfit)}, of the common residual ${ranked(residual)}, of their sum ` +
      `${ranked(misfit.map((x, i) => x + residual[i]!))}; ${sentence}`,
  );
  const { indices, labels, sizes } = await e2.latent.particleSets(run);
  const members = Array.from(sizes, () => 0);
  indices.forEach((particle, row) => {
    if (isRare[particle]) members[labels[row]!]!++;
  });
  console.log(`  sets: ${Array.from(sizes, (size, k) => `${size} (rare: ${members[k]})`).join(", ")}`);
}

const readings: Record<string, [design: string, read: (kept: KeptRun) => Promise<void>]> = {
  symmetry: ["symmetric", unitsFound],
  eigenmotions: ["two-domains", eigenmotions],
  tilt: ["tilt", tilt],
  atoms: ["adk", atoms],
  rare: ["assembly", rareState],
};

async function main(): Promise<void> {
  const [name = "", ...words] = process.argv.slice(2);
  const { folder, seeds, ...options } = readArguments(words);
  const chosen = readings[name];
  if (!chosen || folder === undefined) {
    throw new Error(`usage: readings.js ${Object.keys(readings).join("|")} --folder FOLDER [options]`);
  }
  await e2.useBackend("auto");
  for (const seed of seeds) {
    const training = { seed, ...options.training };
    const kept = await keptRun(chosen[0], path.join(folder, `seed${seed}`), { ...options, training });
    console.log(`${name}, seed ${seed}: ${kept.run.record.evidence?.sentence}`);
    await chosen[1](kept);
    kept.run.close();
  }
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
