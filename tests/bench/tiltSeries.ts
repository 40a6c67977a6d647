import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";
import { readArguments } from "./arguments";
import { axisOf, coverage } from "./latentScores";
import { makeCase } from "./methodCases";

/**
 * What tilt series tell of the places of particles, beside single images of the same particles with the same exposure: the correlation of
 * places with the truth, how often their intervals hold, evidence, and the map of the tenth of the particles at one end. Three sets of the
 * same particles: single images; tilts without radiation damage, which have the same signal but for the cosine of the tilt; and
 * tilts with it.
 * `node tests/dist/bench/tiltSeries.js [--seeds 1-2] [--snr 0.3] [--particles 800] [--tilts 21] [--simulation-option value …] [option=value …]`
 */

/** The set that is measured unless options say otherwise. */
const standard = {
  particles: 800,
  states: 20,
  range: 0.22,
  boxSize: 48,
  apix: 4,
  snr: 0.3,
  shifts: 6,
  ctf: {},
};
const scheme = { tilts: 21, tiltStep: 3, tiltDose: 3, missingTilts: 0 };

const given = readArguments(process.argv.slice(2));
const scratch = given.folder ?? mkdtempSync(path.join(tmpdir(), "e2gmm-bench-"));
if (given.folder === undefined) process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
// Without a handler a signal would end the process without clean-up.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));

/** The sets by name, each the options of its simulation. */
function setsOf(): Record<string, Record<string, unknown>> {
  const { tilts, tiltStep, tiltDose, missingTilts, ...single } = {
    ...standard,
    ...scheme,
    ...given.simulation,
  };
  const tilted = { ...single, tilts, tiltStep, missingTilts };
  return {
    "single images": single,
    "tilts, no damage": { ...tilted, tiltDose: 0.001 },
    tilts: { ...tilted, tiltDose },
  };
}

/** Seconds of all processors since a reading of before. */
const cpuSeconds = (since?: NodeJS.CpuUsage) => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};

async function measure(name: string, simulation: Record<string, unknown>): Promise<void> {
  const folder = path.join(scratch, name.replaceAll(/\W+/g, "_"));
  mkdirSync(folder, { recursive: true });
  const test = await makeCase("linear", folder, simulation);
  const displacement = test.truth["displacement"]!;
  const { model } = await e2.model.grow(await e2.maps.read(test.map), {
    ...{ resolution: 14, gaussians: 160 },
    ...given.growth,
  });
  const modelFile = path.join(folder, "neutral.txt");
  await e2.model.writeText(modelFile, model);
  for (const seed of given.seeds) {
    const out = path.join(folder, `run${seed}`);
    rmSync(out, { recursive: true, force: true });
    const began = process.cpuUsage();
    const run = await e2.training.trainInThisThread({
      particles: test.particles,
      dataFolder: test.images,
      model: modelFile,
      out,
      poses: "file",
      ...given.settings,
      options: { latent: 1, vary: ["position"], seed, ...given.training },
    });
    const seconds = cpuSeconds(began);
    const { refined, standardDeviation } = await run.latents();
    const means = axisOf(refined, run.latent, 0);
    const deviations = axisOf(standardDeviation, run.latent, 0);
    const encoder = axisOf(run.encoderLatents!, run.latent, 0);
    const r = (values: ArrayLike<number>) => Math.abs(e2.latent.pearson(values, displacement)).toFixed(3);
    const covers = [1, 1.96].map((width) =>
      (100 * coverage({ means, deviations }, displacement, width)).toFixed(0),
    );
    const { evidence } = run.record;
    console.log(
      `  ${name}, seed ${seed}: ${run.record.images ?? run.record.particles} images, ${model.count} Gaussians, r of places ${r(means)}, of the encoder ${r(encoder)}; ` +
        `within ±1 and ±1.96 deviations ${covers.join(" and ")} %; ` +
        `gain ${evidence?.gain?.toFixed(2)} ± ${evidence?.standardError?.toFixed(2)} nats a particle (${evidence?.verdict}); ` +
        `epochs ${run.history.at(-1)!.epoch}; ${seconds.toFixed(0)} s of processors`,
    );
    await lastTenth(test, means, displacement);
    run.close();
  }
}

/** The map of the tenth of the particles at the far end of the places, beside the map of the last state and of all particles. */
async function lastTenth(
  { particles, images, data }: Awaited<ReturnType<typeof makeCase>>,
  places: Float64Array,
  displacement: readonly number[],
): Promise<void> {
  const sign = Math.sign(e2.latent.pearson(places, displacement));
  const order = Array.from(places.keys()).sort((a, b) => sign * (places[b]! - places[a]!));
  const chosen = order.slice(0, Math.round(order.length / 10));
  const set = await e2.particles.open(particles, { dataFolder: images });
  const truth = e2.model.density(data!.models.at(-1)!);
  const against = async (indices: number[] | undefined) => {
    const { map } = await e2.reconstruct(set, { halves: "none", ...(indices && { indices }) });
    const { fsc } = e2.reconstruction.fsc(map, truth);
    return (fsc.slice(1, 16).reduce((sum, x) => sum + x, 0) / 15).toFixed(3);
  };
  console.log(
    `    mean FSC with the last state, shells 1 to 15: last tenth by place ${await against(chosen)}, all ${await against(undefined)}`,
  );
  await set.close();
}

async function main(): Promise<void> {
  const { name } = await e2.useBackend("auto");
  console.log(
    `tilt series, ${JSON.stringify({ ...given, folder: undefined })}, backend ${name}, Node ${process.version}`,
  );
  for (const [title, simulation] of Object.entries(setsOf())) await measure(title, simulation);
  console.log(`peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
