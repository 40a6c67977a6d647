import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import * as e2 from "e2gmm";
import { adjustedRandIndex, auc, circularCorrelation, foundClass } from "./latentScores";
import { type Case, makeCase } from "./methodCases";

/**
 * What an observer can tell at best who knows the models of all states, their fractions, the poses and the CTFs: each particle has
 * its most probable state, and the mean of the truth over the probabilities.
 * `node tests/dist/bench/idealObserver.js DESIGN [--snrs 0.03,0.1] [--particles n] [--ctf yes]`
 */

/** Internal modules of the library. */
const inner = createRequire(path.join(require.resolve("e2gmm"), "../index.js"));

/** Squared distances of a particle's image from those of all states, and their products with noise of unit variance. */
interface Comparison {
  /** [particles · states] */
  distance: Float64Array;
  /** [particles · states] */
  product: Float64Array;
}

async function compare({ models, stateOf, star }: e2.simulate.SimulatedData): Promise<Comparison> {
  const { boxSize, apix } = models[0]!;
  const { ImageMaker } = inner("./simulate/simulatedImages");
  const { projectModel } = inner("./simulate/simulatedStates");
  const { eulerFromRotation } = inner("./optics/pose");
  const images = new ImageMaker(boxSize, apix);
  const set = await e2.particles.open(star);
  const [rotations, shifts] = [set.rotations(), set.shifts()];
  const random = new e2.Random(99);
  const distance = new Float64Array(set.count * models.length);
  const product = new Float64Array(set.count * models.length);
  const noise = new Float64Array(boxSize * boxSize);
  for (let i = 0; i < set.count; i++) {
    const { rot, tilt, psi } = eulerFromRotation(rotations, 9 * i);
    const origin = [-shifts[2 * i]!, -shifts[2 * i + 1]!];
    const particle = { angles: [rot, tilt, psi], origin, ctf: set.hasCtf ? set.ctf(i) : undefined };
    for (let p = 0; p < noise.length; p++) noise[p] = random.normal();
    const own = images.make(projectModel(models[stateOf[i]!]), particle).slice();
    models.forEach((model, s) => {
      const image = images.make(projectModel(model), particle);
      let [square, along] = [0, 0];
      for (let p = 0; p < noise.length; p++) {
        const difference = image[p] - own[p];
        square += difference ** 2;
        along += difference * noise[p]!;
      }
      distance[i * models.length + s] = square;
      product[i * models.length + s] = along;
    });
  }
  await set.close();
  return { distance, product };
}

/** Probabilities of all states for each particle, [particles · states], at a standard deviation of the noise. */
function probabilities(
  { distance, product }: Comparison,
  prior: readonly number[],
  sd: number,
): Float64Array {
  const states = prior.length;
  const out = new Float64Array(distance.length);
  for (let i = 0; i < distance.length; i += states) {
    let highest = Number.NEGATIVE_INFINITY;
    for (let s = 0; s < states; s++) {
      // log p of the image of the own state plus noise, up to a constant.
      out[i + s] = Math.log(prior[s]!) - distance[i + s]! / (2 * sd * sd) + product[i + s]! / sd;
      highest = Math.max(highest, out[i + s]!);
    }
    let sum = 0;
    for (let s = 0; s < states; s++) {
      out[i + s] = Math.exp(out[i + s]! - highest);
      sum += out[i + s]!;
    }
    for (let s = 0; s < states; s++) out[i + s]! /= sum;
  }
  return out;
}

const radians = (degrees: number) => (degrees * Math.PI) / 180;

/** Scores of the probabilities of the states of each particle. */
function scoresOf(rows: readonly Float64Array[], { data, truth, rare, circular }: Case): string[] {
  const { stateOf, models } = data!;
  const most = rows.map((row) => row.indexOf(Math.max(...row)));
  const scores = [`ARI ${adjustedRandIndex(most, stateOf).toFixed(3)}`];
  if (rare !== undefined) {
    const isRare = Array.from(stateOf, (state) => state === rare);
    const { precision, recall } = foundClass(most, isRare);
    scores.push(`rare state: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`);
  }
  for (const [name, column] of Object.entries(truth)) {
    if (name === "state" || new Set(column).size < 2) continue;
    const ofState = models.map((_, s) => column[stateOf.indexOf(s)] ?? 0);
    const meanOf = (of: (value: number) => number) =>
      rows.map((row) => row.reduce((sum, p, s) => sum + p * of(ofState[s]!), 0));
    if (name === circular) {
      const [x, y] = [Math.cos, Math.sin].map((of) => meanOf((value) => of(radians(value)))) as [
        number[],
        number[],
      ];
      const angles = y.map((v, i) => Math.atan2(v, x[i]!));
      scores.push(`circular r of ${name} ${circularCorrelation(angles, column.map(radians)).toFixed(4)}`);
      continue;
    }
    const mean = meanOf((value) => value);
    scores.push(`r of ${name} ${e2.latent.pearson(mean, column).toFixed(4)}`);
    if (column.every((v) => v === 0 || v === 1)) scores.push(`AUC ${auc(mean, column).toFixed(4)}`);
  }
  return scores;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      snrs: { type: "string", default: "0.01,0.03,0.1,0.3,1" },
      particles: { type: "string" },
      ctf: { type: "string", default: "none" },
    },
  });
  const scratch = mkdtempSync(path.join(tmpdir(), "e2gmm-bench-"));
  process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
  const particles = values.particles === undefined ? {} : { particles: Number(values.particles) };
  const ctf = values.ctf === "none" ? "none" : {};
  const made = await makeCase(positionals[0] ?? "", scratch, { ...particles, ctf, snr: 1 });
  const { data } = made;
  if (!data) throw new Error("expected a simulated design");
  const comparison = await compare(data);
  const { stateOf, models } = data;
  const prior = models.map((_, s) => stateOf.filter((state) => state === s).length / stateOf.length);
  for (const snr of values.snrs.split(",").map(Number)) {
    const found = probabilities(comparison, prior, data.noise / Math.sqrt(snr));
    const rows = Array.from(stateOf, (_, i) => found.subarray(i * models.length, (i + 1) * models.length));
    console.log(`  SNR ${snr}: ${scoresOf(rows, made).join(", ")}`);
  }
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
