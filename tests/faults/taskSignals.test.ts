import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";
import ts from "typescript";
import { afterAll, beforeAll, test } from "vitest";
import { root } from "../workspace/repository";

/**
 * In a notebook, interrupting a cell stops every public function that accepts a signal, without passing one. The functions
 * are found in the declarations of the package, so that none is forgotten.
 */

const interruptSymbol = Symbol.for("Jupyter.interrupt");

/** Runs `work` with a cell signal as of the kernel, which is aborted after it has been read `looks` times. */
function inCell<T>(looks: number, work: () => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let left = looks;
  Object.defineProperty(controller.signal, "aborted", { get: () => left-- <= 0 });
  Object.defineProperty(controller.signal, "reason", { value: new Error("stopped by the user") });
  Object.defineProperty(globalThis, interruptSymbol, { get: () => controller.signal, configurable: true });
  return work().finally(() => delete (globalThis as Record<symbol, unknown>)[interruptSymbol]);
}

let folder: string;
let data: e2.simulate.SimulatedData;
let map: e2.maps.Volume;
let particles: e2.particles.ParticleSet;
let model: e2.model.GaussianModel;
const at = (name: string) => path.join(folder, name);
const random = new e2.Random(1);
const points = Float32Array.from({ length: 4000 }, () => random.normal());

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-signals-"));
  data = await e2.simulate.linearMotion({
    folder: at("sim"),
    states: 2,
    particlesPerState: 150,
    boxSize: 32,
    apix: 4,
    range: 0.2,
    seed: 2,
  });
  map = await e2.maps.read(data.consensus);
  particles = await e2.particles.open(data.star);
  const size = { resolution: 16, gaussians: 12, startGaussians: 12 };
  model = (await e2.model.grow(map, size)).model;
  await e2.model.writeText(at("model.txt"), model);
  await e2.useBackend("cpu");
});
afterAll(async () => {
  await particles.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Moves the model along x and y. */
const decoder = {
  latent: 2,
  decode: (z: ArrayLike<number>) => e2.model.move(model, [1, 0, 0, 0, 1, 0, 0, 0, 1], [z[0]!, z[1]!, 0]),
};
const training = () => ({
  particles: data.star,
  model: at("model.txt"),
  out: at(`run${Math.floor(1e9 * random.uniform())}`),
  options: { latent: 1, epochs: 1000 },
});
const study = () => ({ particles: data.star, out: at("study") });
const rounds = () => ({ particles: data.star, out: at("rounds") });
const design = () => ({
  folder: at("other"),
  states: 3,
  particlesPerState: 150,
  boxSize: 32,
  apix: 4,
  range: 0.2,
});

/** A call of each function that succeeds unless it is stopped. Functions of `explorer` pass their task on to these. */
const calls: Record<string, () => Promise<unknown>> = {
  readAtoms: () => e2.atoms.read(at("start.pdb")),
  readAtomEnsemble: () => e2.atoms.readEnsemble(at("start.pdb")),
  nearestPlace: () => e2.atoms.nearestPlace({} as never, {} as never, [0]),
  carryAtoms: () => e2.atoms.carry({} as never, {} as never, [0]),
  populationPlaces: () => e2.atoms.populationPlaces(points, 2, 20),
  writeAtoms: () => e2.atoms.write(at("start.cif"), {} as never),
  openMrc: () => e2.formats.openMrc(data.consensus),
  readMap: () => e2.maps.read(data.consensus),
  readMask: () => e2.maps.readMask(at("mask.mrc")),
  openParticles: () => e2.particles.open(data.star),
  "ParticleSet.checkStacks": () => particles.checkStacks(),
  writePoses: () => e2.particles.writePoses(at("posed.star"), particles, {} as never),
  openRunParticles: () => e2.training.openParticles({ particles: data.star }),
  refineConsensusPoses: () => e2.training.refinePoses(particles, model),
  neutralFromParticles: () => e2.training.neutralFromParticles(particles, { resolution: 16, gaussians: 12 }),
  polishNeutralModel: () => e2.training.polishNeutralModel(particles, model),
  bestPoses: () => e2.training.bestPoses(rounds()),
  refineInRounds: () => e2.training.refineInRounds(rounds()),
  refineWithTraining: () => e2.training.refineWithTraining(rounds()),
  "Run.evidence": () => e2.training.Run.prototype.evidence.call({} as never, {}),
  "Run.leaks": () => e2.training.Run.prototype.leaks.call({} as never, {}),
  "Run.unexplained": () => e2.training.Run.prototype.unexplained.call({} as never, {}),
  "Run.assignByImages": () => e2.training.Run.prototype.assignByImages.call({} as never, {} as never),
  measureLeaks: () => e2.evidence.measureLeaks({ latent: 2, places: points, nuisances: [] }),
  leaksOfPlaces: () =>
    e2.evidence.leaksOfPlaces(particles, { latent: 1, places: new Float32Array(particles.count) }),
  scoreVolumes: () => e2.evidence.scoreVolumes([], { truth: new Map() }),
  neighbourhoodSimilarity: () => e2.evidence.neighbourhoodSimilarity({} as never),
  classAgreement: () => e2.evidence.classAgreement({} as never),
  informationImbalance: () => e2.evidence.informationImbalance({} as never),
  "Run.placesOf": () => e2.training.Run.prototype.placesOf.call({} as never, particles),
  studyHalves: () => e2.study.halves({ ...study(), resolution: 16 }),
  studySeeds: () => e2.study.seeds({ ...study(), model: at("model.txt"), seeds: [1, 2] }),
  studyOptions: () => e2.study.options({ ...study(), model: at("model.txt"), sets: { a: {}, b: {} } }),
  resumeStudy: () => e2.study.resume(at("study")),
  wait: () => e2.jobs.wait(at("study")),
  runs: () => e2.project.runs(at("sim")),
  expectedTime: () =>
    e2.project.expectedTime({ particles: at("sim/particles.star"), queue: { queue: "local", cpus: 1 } }),
  compareRuns: () => e2.project.compare(at("sim"), at("sim")),
  fetchEntry: () => e2.fetchEntry("EMPIAR-10076", { out: at("entry"), address: "http://127.0.0.1:9/" }),
  "Run.refinePoses": () => e2.training.Run.prototype.refinePoses.call({} as never),
  writeSelection: () => e2.particles.writeSelection(at("selected.star"), particles, { rows: [1, 2] }),
  prepareTargets: () => e2.particles.prepareTargets(particles, { boxSize: 32, rings: 12 }),
  reconstruct: () => e2.reconstruct(particles),
  reconstructStates: () =>
    e2.reconstruction.states(particles, { latent: 1, places: new Float32Array(particles.count) }, [[0]]),
  writeStates: () =>
    e2.reconstruction.writeStates(
      particles,
      { latent: 1, places: new Float32Array(particles.count) },
      [[0]],
      at("states"),
    ),
  correctMotion: () =>
    e2.correction.correctMotion(
      particles,
      { latent: 1, places: new Float32Array(1), decode: () => model },
      [0],
    ),
  prepareCorrection: () =>
    e2.correction.prepareCorrection(particles, {
      latent: 1,
      places: new Float32Array(1),
      decode: () => model,
    }),
  prepareHalvesCorrection: () => e2.study.prepareHalvesCorrection(at("study")),
  prepareRunCorrection: () => e2.correction.prepareRunCorrection({} as never),
  correctHalves: () => e2.study.correctHalves(at("study"), [0]),
  correctRun: () => e2.correction.correctRun({} as never, [0]),
  localResolution: () => e2.reconstruction.localResolution(map, map, map),
  "Run.regionMotion": () => e2.training.Run.prototype.regionMotion.call({} as never, [], []),
  writeMap: () => e2.maps.write(at("map.mrc"), map),
  growNeutralModel: () => e2.model.grow(map, { resolution: 16, gaussians: 40 }),
  simulateFromModels: () => e2.simulate.fromModels([model], { folder: at("more"), particlesPerState: 300 }),
  simulateFromMaps: () => e2.simulate.fromMaps([map], { folder: at("maps"), particlesPerState: 300 }),
  simulateLinearMotion: () => e2.simulate.linearMotion(design()),
  simulateCircularMotion: () => e2.simulate.circularMotion({ ...design(), radius: 0.1 } as never),
  simulateComposition: () => e2.simulate.composition(design()),
  simulateLinearOccupancy: () => e2.simulate.linearOccupancy(design()),
  simulateAssembly: () => e2.simulate.assembly({ ...design(), states: 6 }),
  simulateSymmetric: () => e2.simulate.symmetric({ folder: at("ring"), boxSize: 32, apix: 4, particles: 30 }),
  simulateOneState: () => e2.simulate.oneState(design()),
  simulateTwoDomains: () => e2.simulate.twoDomains(design()),
  simulateTilt: () => e2.simulate.tilt(design()),
  kMeansAsync: () => e2.latent.kMeansAsync(points, 2, 20),
  labelPoints: () => e2.latent.labelPoints({} as never, points, 2),
  gaussianMixture: () => e2.latent.gaussianMixture(points, 2, 8),
  selectMixture: () => e2.latent.selectMixture(points, 2),
  particleSets: () => e2.latent.particleSets({} as never),
  selectKMeans: () => e2.latent.selectKMeans(points, 2),
  densityClusters: () => e2.latent.densityClusters(points, 2),
  motionComponents: () => e2.latent.motionComponents(decoder, points),
  localEigenmotions: () => e2.latent.localEigenmotions(decoder, points, [[0, 1, 2]]),
  umap: () => e2.latent.umap(points, 2),
  checkInputs: () => e2.training.checkInputs({ particles: data.star, map: data.consensus, sample: 20 }),
  train: () => e2.train(training()),
  trainInThisThread: () => e2.training.trainInThisThread(training()),
  exploreTraining: () => e2.exploreTraining(training()),
  exportPage: () => e2.exportPage({} as never, at("page.html")),
};
/** Functions that pass their task on to a function with its own test. */
const handedOn = [
  "MotionComponents.scoresOf",
  "Explorer.cluster",
  "Explorer.umap",
  "Explorer.begin",
  "Explorer.exportPage",
  "MotionCorrection.state",
];

/** Exported functions, and methods of exported classes, with a parameter that has a `signal` of type AbortSignal. */
function functionsThatCanBeStopped(): string[] {
  const entry = path.join(root, "kernel-lib/dist/index.d.ts");
  const program = ts.createProgram([entry], {
    target: ts.ScriptTarget.ES2022,
    moduleResolution: ts.ModuleResolutionKind.Node10,
    skipLibCheck: true,
    types: ["node"],
  });
  const checker = program.getTypeChecker();
  const takesSignal = (signature: ts.Signature) =>
    signature.parameters.some((parameter) => {
      const type = checker.getTypeOfSymbol(parameter);
      const signal = checker.getNonNullableType(type).getProperty("signal");
      return (
        signal !== undefined && /AbortSignal/.test(checker.typeToString(checker.getTypeOfSymbol(signal)))
      );
    });
  const found = new Set<string>();
  const canBeStopped = (symbol: ts.Symbol) =>
    checker.getTypeOfSymbol(symbol).getCallSignatures().some(takesSignal);
  const search = (module: ts.Symbol) => {
    for (let exported of checker.getExportsOfModule(module)) {
      if (exported.flags & ts.SymbolFlags.Alias) exported = checker.getAliasedSymbol(exported);
      if (exported.flags & ts.SymbolFlags.ValueModule) search(exported);
      else if (exported.flags & ts.SymbolFlags.Function && canBeStopped(exported)) found.add(exported.name);
      else if (exported.flags & ts.SymbolFlags.Class) {
        for (const method of checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(exported))) {
          if (canBeStopped(method)) found.add(`${exported.name}.${method.name}`);
        }
      }
    }
  };
  search(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!);
  return [...found];
}

test("every public function that takes a signal is tested here", () => {
  const helpers = ["taskSignal", "beginTask"];
  const found = functionsThatCanBeStopped().filter((name) => !helpers.includes(name));
  assert.ok(found.length >= 14, found.join());
  assert.deepEqual(
    found.filter((name) => !(name in calls) && !handedOn.includes(name)),
    [],
  );
});

for (const [name, call] of Object.entries(calls)) {
  test(`${name} does not start in an interrupted cell`, async () => {
    await assert.rejects(inCell(0, call), { name: "StoppedError" });
  });
}

for (const name of [
  "prepareTargets",
  "reconstruct",
  "growNeutralModel",
  "simulateFromModels",
  "simulateFromMaps",
  "trainInThisThread",
]) {
  test(`${name} stops at a step when its cell is interrupted`, async () => {
    await assert.rejects(inCell(1, calls[name]!), { name: "StoppedError" });
  });
}
