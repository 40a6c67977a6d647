import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";
import {
  adjustedRandIndex,
  auc,
  axisOf,
  circularCorrelation,
  coverage,
  foundClass,
  motionSize,
  spread,
} from "./latentScores";
import { type Case, caseNames, makeCase, type Truth } from "./methodCases";

/**
 * What a training with all defaults finds of a known truth: for each seed the scores of the latent coordinates and of the
 * decoded motions, and at the end the worst of each.
 * `node tests/dist/bench/method.js DESIGN [--seeds 1-3] [--resolution Å] [--gaussians n] [--simulation-option value …]
 *  [--keep FOLDER] [option=value …]`
 *
 * Further `--name value` are options of the simulation (`--particles 1000 --pose-error 2 --ctf none`), `name=value` those of the
 * training or its settings (`latent=1`, `symmetry=C7`). With pose errors the map is reconstructed from the wrong poses.
 */

const [design = "", ...rest] = process.argv.slice(2);
const seconds = (since: number) => (performance.now() - since) / 1000;

/** A word as a number, a truth value, or itself. */
function parsed(word: string): unknown {
  if (word === "true" || word === "false") return word === "true";
  return word !== "" && Number.isFinite(Number(word)) ? Number(word) : word;
}

interface Arguments {
  seeds: number[];
  growth: Record<string, unknown>;
  simulation: Record<string, unknown>;
  training: Record<string, unknown>;
  /** Folder in which data and runs are made and kept. Undefined: a temporary one. */
  keep?: string;
}

function readArguments(words: readonly string[]): Arguments {
  const found: Arguments = { seeds: [1, 2, 3], growth: {}, simulation: {}, training: {} };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith("--")) {
      const [name, value] = word.split("=");
      if (value === undefined) throw new Error(`expected --name value or name=value, found ${word}`);
      // Options that are lists have an array as default.
      const list = Array.isArray(e2.training.defaultOptions[name as keyof e2.training.TrainingOptions]);
      found.training[name!] = list ? value.split(",").map(parsed) : parsed(value);
      continue;
    }
    const name = word.slice(2).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    const value = words[++i] ?? "";
    if (name === "seeds") {
      const [first, last] = value.split("-").map(Number) as [number, number?];
      found.seeds = Array.from({ length: (last ?? first) - first + 1 }, (_, k) => first + k);
    } else if (name === "keep") found.keep = path.resolve(value);
    else if (name === "resolution" || name === "gaussians") found.growth[name] = Number(value);
    else if (name === "fractions") found.simulation[name] = value.split(",").map(Number);
    else found.simulation[name] = name === "ctf" && value !== "none" ? {} : parsed(value);
  }
  return found;
}

/** Scores of a seed by `group: name`; a group is printed in one line. */
type Scores = Map<string, number>;
/** Those that are the better the lower they are, and those that are neither. */
const lowIsGood = /motion|seconds/;
const neutral = /^spread|groups/;

/** Latent coordinates of the particles, or with symmetry of the copies of each. */
interface Places {
  points: Float32Array;
  deviations: Float32Array;
  latent: number;
  truth: Truth;
}

/**
 * With symmetry Cn, copy g of a particle shows the unit that is the free one turned by operator g: its truth is that of this unit.
 * Operators are RELION's, which turn the frame, so that units are met clockwise. Without symmetry, each unit has a column of its
 * own.
 */
function unitTruth(truth: Truth, run: e2.training.Run, copies: number): Truth {
  const { unit, ...columns } = truth;
  if (!unit) return truth;
  const [[name, values]] = Object.entries(columns) as [[string, number[]]];
  const units = copies > 1 ? copies : Math.max(...unit);
  const column = (k: number) => unit.map((u, i) => (u === k ? values[i]! : 0));
  if (copies === 1) {
    return Object.fromEntries(Array.from({ length: units }, (_, k) => [`${name}${k + 1}`, column(k + 1)]));
  }
  const first = freeUnit(run, units);
  const byCopy = Array.from({ length: copies }, (_, g) => column(1 + ((first - g + units) % units)));
  return { [name]: unit.flatMap((_, i) => byCopy.map((values) => values[i]!)) };
}

/** The unit of the ring, from 0, where the free Gaussians are. */
function freeUnit({ neutral: model, free }: e2.training.Run, units: number): number {
  const { count, params } = model;
  let [x, y] = [0, 0];
  for (let i = 0; i < count; i++) {
    if (free && free[i] === 0) continue;
    x += params[i]!;
    y += params[count + i]!;
  }
  return (Math.round((Math.atan2(y, x) * units) / (2 * Math.PI)) + units) % units;
}

/** @returns the axis that correlates best with each column of the truth */
function correlations(
  { points, deviations, latent, truth }: Places,
  circular: string | undefined,
  scores: Scores,
) {
  const best = new Map<string, number>();
  const { mean, axes } = e2.latent.pca(points, latent);
  const along = (component: number) =>
    Float64Array.from({ length: points.length / latent }, (_, i) => {
      let sum = 0;
      for (let d = 0; d < latent; d++)
        sum += axes[component * latent + d]! * (points[latent * i + d]! - mean[d]!);
      return sum;
    });
  const columns = Array.from({ length: latent }, (_, d) => axisOf(points, latent, d));
  columns.forEach((column, d) => {
    scores.set(`spread: axis ${d + 1}`, spread(column));
  });
  const first = along(0);
  for (const [name, values] of Object.entries(truth)) {
    if (new Set(values).size < 2 || name === "state") continue;
    if (name === circular) {
      if (latent < 2) continue;
      const angles = values.map((degrees) => (degrees * Math.PI) / 180);
      const turn = (x: Float64Array, y: Float64Array) => y.map((v, i) => Math.atan2(v, x[i]!));
      scores.set(
        `circular r of PC1 and PC2 with ${name}`,
        circularCorrelation(turn(first, along(1)), angles),
      );
      scores.set(
        `circular r of axes 1 and 2 with ${name}`,
        circularCorrelation(turn(columns[0]!, columns[1]!), angles),
      );
      continue;
    }
    const all = columns.map((column) => Math.abs(e2.latent.pearson(column, values)));
    all.forEach((r, d) => {
      scores.set(`${name}: |r| of axis ${d + 1}`, r);
    });
    best.set(name, all.indexOf(Math.max(...all)));
    scores.set(`${name}: of best axis`, Math.max(...all));
    const place = {
      means: columns[best.get(name)!]!,
      deviations: axisOf(deviations, latent, best.get(name)!),
    };
    scores.set(`${name}: covered by ± 1 deviation`, coverage(place, values, 1));
    scores.set(`${name}: by ± 1.96`, coverage(place, values, 1.96));
    scores.set(`${name}: of PC1`, Math.abs(e2.latent.pearson(first, values)));
    if (values.every((v) => v === 0 || v === 1)) {
      scores.set(`${name}: AUC of best axis`, Math.max(...columns.map((column) => auc(column, values))));
    }
  }
  return best;
}

/** Clusters against classes: as many as there are classes, and as many as the library finds. */
async function clusterings(run: e2.training.Run, places: Places, test: Case, scores: Scores): Promise<void> {
  const { points, latent } = places;
  const classes = test.classes && test.truth[test.classes];
  if (!classes) return;
  const k = new Set(classes).size;
  const found: Record<string, Int32Array> = {
    [`k-means ${k}`]: e2.latent.kMeans(points, latent, k).labels,
    [`mixture ${k}`]: (await e2.latent.gaussianMixture(points, latent, k)).labels,
  };
  // As the command divides, by images and by places.
  for (const by of ["places", "images"] as const) {
    const sets = await e2.latent.particleSets(run, { by });
    // Particles that were left out are in no set.
    const labels = new Int32Array(classes.length).fill(-1);
    sets.indices.forEach((particle, row) => {
      labels[particle] = sets.labels[row]!;
    });
    const name = `own sets by ${by}`;
    found[name] = labels;
    scores.set(`${name}: groups`, sets.sizes.length);
    scores.set(
      `${name}: mean probability`,
      sets.certainty.reduce((sum, p) => sum + p / labels.length, 0),
    );
    console.log(`  ${by}: ${sets.advice.replaceAll("\n", "\n  ")}`);
  }
  for (const [name, labels] of Object.entries(found)) {
    scores.set(`${name}: ARI`, adjustedRandIndex(labels, classes));
    scores.set(`${name}: agreement`, e2.latent.matchLabels(labels, Int32Array.from(classes)).agreement);
    if (test.rare === undefined) continue;
    const rare = foundClass(
      labels,
      classes.map((value) => value === test.rare),
    );
    scores.set(`${name}: precision of the rare state`, rare.precision);
    scores.set(`${name}: its recall`, rare.recall);
  }
}

/** Motion decoded between −2 and +2 standard deviations along each axis. */
function motions(run: e2.training.Run, { points, latent }: Places, scores: Scores): void {
  const columns = Array.from({ length: latent }, (_, d) => axisOf(points, latent, d));
  const middle = columns.map((column) => column.reduce((sum, v) => sum + v / column.length, 0));
  const at = (axis: number, deviations: number) =>
    run.decode(middle.map((m, d) => m + (d === axis ? deviations * spread(columns[d]!) : 0)));
  for (let d = 0; d < latent; d++) {
    const { rms, inner } = motionSize(at(d, -2), at(d, 2), at(d, 0));
    scores.set(`motion, Å: axis ${d + 1}`, rms);
    scores.set(`motion, Å: axis ${d + 1} less its rigid part`, inner);
  }
}

function print(scores: Scores): void {
  const groups = new Map<string, string[]>();
  for (const [score, value] of scores) {
    const [group, name] = score.split(": ") as [string, string];
    const digits = /seconds|motion/.test(score) ? 2 : 4;
    groups.set(group, [...(groups.get(group) ?? []), `${name} ${value.toFixed(digits)}`]);
  }
  const width = Math.max(...[...groups.keys()].map((group) => group.length));
  for (const [group, values] of groups) console.log(`    ${group.padEnd(width)}  ${values.join(", ")}`);
}

async function measure(
  test: Case,
  model: string,
  seed: number,
  { training, keep }: Arguments,
): Promise<Scores> {
  const known = Object.keys(e2.training.defaultOptions);
  const part = (inOptions: boolean) =>
    Object.fromEntries(Object.entries(training).filter(([name]) => known.includes(name) === inOptions));
  const out = path.join(path.dirname(model), `run${seed}`);
  const began = performance.now();
  const run = await e2.training.trainInThisThread({
    particles: test.particles,
    dataFolder: test.images,
    model,
    out,
    ...part(false),
    options: { seed, ...part(true) },
  });
  console.log(`  ${run.record.poses?.sentence}`);
  const scores: Scores = new Map([["training: seconds", seconds(began)]]);
  scores.set("training: validation FRC", run.history.at(-1)!.validationFrc);
  scores.set("training: evidence", run.record.evidence?.gain ?? Number.NaN);
  scores.set("training: epochs", run.history.at(-1)!.epoch);
  for (const choice of [run.record.detail, run.record.survey, run.record.schedule, run.record.evidence]) {
    if (choice) console.log(`  seed ${seed}: ${choice.sentence}`);
  }
  const { refined, standardDeviation: deviations } = await run.latents();
  const particles = Object.values(test.truth)[0]?.length ?? refined.length / run.latent;
  const copies = refined.length / run.latent / particles;
  const truth = unitTruth(test.truth, run, copies);
  const places = { points: refined, deviations, latent: run.latent, truth };
  const best = correlations(places, test.circular, scores);
  await clusterings(run, places, test, scores);
  motions(run, places, scores);
  // What comes and goes should not be decoded as a motion.
  for (const [name, axis] of best) {
    scores.set(`${name}: motion on best axis, Å`, scores.get(`motion, Å: axis ${axis + 1}`)!);
  }
  run.close();
  if (keep === undefined) rmSync(out, { recursive: true, force: true });
  return scores;
}

async function main(): Promise<void> {
  if (!caseNames.includes(design)) throw new Error(`usage: method.js ${caseNames.join("|")} [options]`);
  const given = readArguments(rest);
  const scratch = given.keep ?? mkdtempSync(path.join(tmpdir(), "e2gmm-bench-"));
  if (given.keep === undefined) process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
  else mkdirSync(scratch, { recursive: true });
  // Without a handler a signal would end the process without clean-up.
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
  const { name } = await e2.useBackend("auto");
  console.log(`${design}, ${JSON.stringify(given)}, backend ${name}, Node ${process.version}`);
  const test = await makeCase(design, scratch, given.simulation);
  const began = performance.now();
  const { symmetry } = given.training;
  const growth = {
    ...(symmetry !== undefined && { symmetry: String(symmetry) }),
    ...given.growth,
  };
  const { model, rounds, choices } = await e2.model.grow(await e2.maps.read(test.map), growth);
  const modelFile = path.join(scratch, "neutral.txt");
  await e2.model.writeText(modelFile, model);
  console.log(
    `  ${model.count} Gaussians, FRC ${rounds.at(-1)!.frc.toFixed(3)}, ${seconds(began).toFixed(1)} s`,
  );
  for (const choice of choices) console.log(`  ${choice}`);
  const worst: Scores = new Map();
  for (const seed of given.seeds) {
    const scores = await measure(test, modelFile, seed, given);
    console.log(`  seed ${seed}`);
    print(scores);
    for (const [score, value] of scores) {
      if (neutral.test(score)) continue;
      const before = worst.get(score) ?? value;
      worst.set(score, lowIsGood.test(score) ? Math.max(before, value) : Math.min(before, value));
    }
  }
  if (given.seeds.length > 1) {
    console.log(`  worst of ${given.seeds.length} seeds`);
    print(worst);
  }
  console.log(`peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
