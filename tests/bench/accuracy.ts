import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";

/**
 * Accuracy of trainings on a known motion: correlations of the latent with the truth, for several seeds.
 * `node tests/dist/bench/accuracy.js adk|linear [--seeds 1-5] [--ranges 0.22,0.36] [--backend wasm] [option=value …]`
 */

interface Case {
  name: string;
  particles: string;
  map: string;
  truth: number[];
  resolution: number;
  gaussians: number;
}

const [which, ...rest] = process.argv.slice(2);
const flag = (name: string, otherwise: string): string => {
  const at = rest.indexOf(`--${name}`);
  return at < 0 ? otherwise : rest[at + 1]!;
};
const [firstSeed, lastSeed] = flag("seeds", which === "linear" ? "1-10" : "1-5")
  .split("-")
  .map(Number);
const options: Partial<e2.training.TrainingOptions> = Object.fromEntries(
  rest
    .filter((word) => word.includes("="))
    .map((word) => word.split("=") as [string, string])
    .map(([name, value]) => [name, Number.isNaN(Number(value)) ? value : Number(value)]),
);
const scratch = mkdtempSync(path.join(tmpdir(), "e2gmm-bench-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
// Without a handler a signal would end the process without clean-up.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));

/** One column of a table under a header line. */
function column(file: string, name: string): number[] {
  const [header, ...lines] = readFileSync(file, "utf8").trim().split("\n");
  const at = header!.split(",").findIndex((title) => title.includes(name));
  return lines.map((line) => Number(line.split(",")[at]));
}

function adk(): Case {
  const folder = path.resolve(__dirname, "../../../../shared/data/adk");
  if (!existsSync(folder)) throw new Error(`${folder} does not exist`);
  return {
    name: "adk",
    particles: path.join(folder, "particles.star"),
    map: path.join(folder, "consensus.mrc"),
    truth: column(path.join(folder, "truth.csv"), "rmsd"),
    resolution: 4.5,
    gaussians: 512,
  };
}

async function linear(range: number): Promise<Case> {
  const folder = path.join(scratch, `linear${range}`);
  const { star, consensus, truth } = await e2.simulate.linearMotion({ folder, range, snr: 1, seed: 1 });
  return {
    name: `linear ${range}`,
    particles: star,
    map: consensus,
    truth: column(truth, "displacement"),
    resolution: 12,
    gaussians: 256,
  };
}

const digits = (value: number) => Math.abs(value).toFixed(4);

async function measure(test: Case): Promise<void> {
  const began = Date.now();
  const { model, rounds } = await e2.model.grow(await e2.maps.read(test.map), {
    resolution: test.resolution,
    gaussians: test.gaussians,
  });
  const modelFile = path.join(scratch, "neutral.txt");
  await e2.model.writeText(modelFile, model);
  console.log(
    `${test.name}: ${model.count} Gaussians to ${test.resolution} Å in ${((Date.now() - began) / 1000).toFixed(1)} s, ` +
      `FRC ${rounds.at(-1)!.frc.toFixed(3)}`,
  );
  for (let seed = firstSeed!; seed <= (lastSeed ?? firstSeed!); seed++) {
    const out = path.join(scratch, `run${seed}`);
    rmSync(out, { recursive: true, force: true });
    const start = performance.now();
    let passed = "-";
    const run = await e2.training.trainInThisThread({
      particles: test.particles,
      model: modelFile,
      out,
      options: { latent: 1, vary: ["position"], seed, ...options },
      onEpoch: (_, latents) => {
        if (passed === "-" && Math.abs(e2.latent.pearson(latents, test.truth)) > 0.95) {
          passed = ((performance.now() - start) / 1000).toFixed(1);
        }
      },
    });
    const seconds = (performance.now() - start) / 1000;
    const { encoder, refined } = await run.latents();
    const held = run.history.at(-1)!;
    console.log(
      `  seed ${seed}: encoder r ${digits(e2.latent.pearson(encoder, test.truth))} rank ${digits(e2.latent.spearman(encoder, test.truth))}` +
        `, refined r ${digits(e2.latent.pearson(refined, test.truth))} rank ${digits(e2.latent.spearman(refined, test.truth))}` +
        `, validation FRC ${held.validationFrc.toFixed(4)}, |r| > 0.95 after ${passed} s, ${seconds.toFixed(1)} s in total`,
    );
    if (test.name === "adk" && seed === firstSeed) await classAverages(test, refined);
    run.close();
  }
}

/** Reconstructions of the lowest, middle and highest tenth of z against the three true maps. */
async function classAverages(test: Case, z: Float32Array): Promise<void> {
  const set = await e2.particles.open(test.particles);
  const sign = Math.sign(e2.latent.pearson(z, test.truth));
  const order = Array.from(z.keys()).sort((a, b) => sign * (z[a]! - z[b]!));
  const tenth = Math.floor(order.length / 10);
  const truth = await Promise.all(
    ["00", "07", "14"].map((state) =>
      e2.maps.read(path.join(path.dirname(test.map), "truth_maps", `state_${state}.mrc`)),
    ),
  );
  for (const [name, from] of [
    ["lowest", 0],
    ["middle", Math.floor((order.length - tenth) / 2)],
    ["highest", order.length - tenth],
  ] as const) {
    const { map } = await e2.reconstruct(set, { indices: order.slice(from, from + tenth), halves: "none" });
    const row = truth.map((t) =>
      e2.reconstruction.resolutionAt(e2.reconstruction.fsc(map, t), 0.5).toFixed(2),
    );
    console.log(`  ${name} tenth against states 00, 07, 14: FSC = 0.5 at ${row.join(", ")} Å`);
  }
  await set.close();
}

async function main(): Promise<void> {
  const { name } = await e2.useBackend(flag("backend", "auto") as "auto");
  console.log(`backend ${name}, Node ${process.version}, options ${JSON.stringify(options)}`);
  if (which === "adk") await measure(adk());
  else if (which === "linear")
    for (const range of flag("ranges", "0.22,0.36").split(",")) await measure(await linear(Number(range)));
  else throw new Error("usage: accuracy.js adk|linear [--seeds 1-5] [--backend NAME] [option=value …]");
  console.log(`peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
