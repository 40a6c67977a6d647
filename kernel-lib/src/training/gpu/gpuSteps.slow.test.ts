import assert from "node:assert/strict";
import { afterAll, beforeEach, test, vi } from "vitest";
import { softwareGpu } from "../../../../tests/testing";
import { GpuDevice } from "../../compute/gpu/gpuDevice";
import type { GaussianModel } from "../../model/gaussianModel";
import { Adam } from "../../network/adam";
import { GaussianHead, type Varied } from "../../network/head";
import { LatentModel, type LatentModelSpec } from "../../network/latentModel";
import type { NamedArray } from "../../network/parameters";
import { pointGroup } from "../../optics/symmetry";
import type { ParticleTargets } from "../../particles/targets";
import type { ProjectionEngine } from "../../projection/engine";
import { exampleBatch } from "../../projection/examples";
import { GpuEngine } from "../../projection/gpu/gpuEngine";
import { chooseSpread } from "../../projection/plan";
import { WasmEngine } from "../../projection/wasm";
import { Random } from "../../random";
import { ParticleBatches } from "../batches";
import { deviceOf } from "../device/deviceOf";
import { engineSteps } from "../device/engineSteps";
import type { Prepared } from "../preparation";
import type { EpochParts } from "../stepParts";
import { StrainPenalty } from "../strain/strainPenalty";
import { UnitAssembly } from "../units/unitAssembly";
import { expectedWidths } from "./expectedWidths";
import { GpuEpoch, gpuSteps } from "./gpuSteps";
import { ParticleMemory, type ParticleMemoryOptions, particleStorage } from "./particleMemory";
import { unsupported } from "./unsupported";

/** On SwiftShader, a software GPU: slow, with the code path of a real one. One device for all tests: it compiles kernels once. */

const before = process.env["VK_DRIVER_FILES"];
const gpu = new GpuEngine();
const cpu = new WasmEngine({ threads: 1 });
beforeEach((t) => Object.assign(process.env, softwareGpu(t)));
afterAll(async () => {
  await Promise.all([gpu.dispose(), cpu.dispose()]);
  if (before === undefined) delete process.env["VK_DRIVER_FILES"];
  else process.env["VK_DRIVER_FILES"] = before;
});

const [count, boxSize, rings, featureSize] = [9, 16, 7, 6];
/** Gaussians of a unit. */
const gaussians = 20;

/** Noise as particles, and random Gaussians as the neutral model of a unit. */
function noise(units: UnitAssembly) {
  const { batch } = exampleBatch({ count, gaussians, boxSize, rings, shared: true, seed: 4 });
  const random = new Random(9);
  for (let i = 4 * gaussians; i < 5 * gaussians; i++) batch.model[i] = 1 + 0.3 * random.uniform();
  const neutral: GaussianModel = { count: gaussians, params: batch.model, boxSize, apix: 1 };
  const width = batch.targets.length / count;
  const targets = {
    ...{ count, boxSize, rings, rotations: batch.rotations, shifts: batch.shifts, inMemory: true },
    batch: async (indices: ArrayLike<number>) => {
      const out = new Float32Array(indices.length * width);
      for (let b = 0; b < indices.length; b++) {
        out.set(batch.targets.subarray(indices[b]! * width, (indices[b]! + 1) * width), b * width);
      }
      return out;
    },
  } as unknown as ParticleTargets;
  const features = Float32Array.from({ length: units.count * count * featureSize }, () => random.normal());
  const all = Float32Array.from({ length: count * (rings + 1) }, () => 0.2 + random.uniform());
  const weights = {
    of: (particles: ArrayLike<number>, last = rings) =>
      Float32Array.from(
        Array.from(particles).flatMap((p) =>
          Array.from(all.subarray(p * (rings + 1), p * (rings + 1) + last + 1)),
        ),
      ),
  };
  const prepared = { weights, basis: { size: featureSize }, features } as unknown as Prepared;
  return { neutral, targets, prepared };
}

interface Design extends Pick<LatentModelSpec, "latent" | "form" | "roles" | "blocks"> {
  vary: Varied[];
  /** Point group. Default: none. */
  symmetry?: string;
  /** Default: all particles stay on the device. */
  memory?: ParticleMemoryOptions;
}

/** What an epoch of two steps works with, without random numbers. */
function partsOf(engine: ProjectionEngine, design: Design): EpochParts {
  const { latent, form, roles, blocks, vary, symmetry } = design;
  const units = new UnitAssembly(symmetry === undefined ? undefined : pointGroup(symmetry));
  const { neutral, targets, prepared } = noise(units);
  const head = new GaussianHead(neutral, vary);
  const spec = { latent, featureSize, hidden: [16, 12, 12], dropout: 0, form, roles, blocks };
  const model = new LatentModel(spec, head, new Random(2), 1);
  const adam = new Adam(model.networks, { learningRate: 1e-3, weightDecay: 0.01 });
  model.calibrate(prepared.features, units.count * count);
  const strain = vary.includes("position") ? new StrainPenalty(head, 5, units.count * count) : undefined;
  return {
    ...{ model, adam, prepared, batches: new ParticleBatches(targets), units, strain },
    context: { targets, neutral: units.symmetric(neutral), engine, units },
    ...{ dropout: undefined, order: Int32Array.from([3, 1, 8, 0, 5, 2, 7, 4, 6]), batchSize: 5 },
  };
}

/** Weights, moments and statistics after an epoch. */
async function trained(engine: ProjectionEngine, design: Design): Promise<NamedArray[]> {
  const parts = partsOf(engine, design);
  const { model, adam } = parts;
  assert.equal(unsupported(parts), undefined);
  const step = { rings: 6, random: new Random(1), scale: 0.3, rate };
  const options = { epoch: 1, latentNoise: 0, spreadPenalty: 0.05, ...design };
  if (engine === gpu) assert.equal(await gpuSteps(parts, step, options), undefined);
  else await engineSteps(parts, step, options);
  const result = [...model.save(), ...adam.save()].map((array) => ({ ...array, data: array.data.slice() }));
  model.dispose();
  return result;
}

/** Learning rate. */
const rate = 1e-4;

/**
 * Asserts that arrays are equal but for rounding. Adam's first step has the size of the learning rate, however small the gradient:
 * where that is nothing but rounding, a weight goes to the other side. The moments tell whether gradients are the same.
 */
function expectSame(found: readonly NamedArray[], expected: readonly NamedArray[]): void {
  assert.deepEqual(
    found.map(({ name }) => name),
    expected.map(({ name }) => name),
  );
  for (const [i, { name, data }] of found.entries()) {
    const difference = Math.hypot(...data.map((value, k) => value - expected[i]!.data[k]!));
    const size = Math.hypot(...expected[i]!.data);
    const sides = /^(first|second)/.test(name) ? 0 : 4 * rate;
    assert.ok(difference <= 5e-3 * size + sides + 1e-9, `${name}: differs by ${difference} of ${size}`);
  }
}

const all: Varied[] = ["position", "amplitude", "width"];
const separate: Design = {
  ...{ latent: 2, form: "network", vary: all },
  roles: { position: [0], density: [1] },
};
const slots = (first: number, last: number) => Int32Array.from({ length: last - first }, (_, i) => first + i);

test.for<[string, Design]>([
  ["networks of their own for positions and densities", separate],
  ["one quadratic map", { latent: 3, form: "quadratic", vary: ["position", "amplitude"] }],
  ["units of a symmetric molecule", { latent: 1, form: "quadratic", vary: all, symmetry: "C3" }],
  [
    "earlier axes that go on, beside new ones that change some of the same parameters",
    {
      ...{ latent: 3, vary: all },
      blocks: [
        { latent: 1, form: "quadratic", slots: slots(0, 4 * gaussians) },
        { latent: 2, form: "network", slots: slots(3 * gaussians, 5 * gaussians) },
      ],
    },
  ],
])("two steps on the GPU change weights, moments and statistics as on the CPU: %s", async ([, design]) => {
  expectSame(await trained(gpu, design), await trained(cpu, design));
});

test("two trainings on one GPU give the same bits, also if particles pass through it in segments", async () => {
  const first = await trained(gpu, separate);
  assert.deepEqual(await trained(gpu, separate), first);
  assert.deepEqual(await trained(gpu, { ...separate, memory: { resident: 0, segment: 1 } }), first);
});

test("steps with particles that are stored in half precision are those of single precision but for rounding", async () => {
  const device = await gpu.opened();
  const parts = partsOf(gpu, separate);
  const { length } = await parts.context.targets.batch([0]);
  // Room for less than all of them in single precision, sent in parts.
  const memory = { resident: 4 * count * (featureSize + 11 + rings + 1) + 2 * count * length, segment: 1 };
  const found = await trained(gpu, { ...separate, memory });
  assert.equal(ParticleMemory.for(device, parts, memory).storage, "half");
  parts.model.dispose();
  const expected = await trained(gpu, separate);
  expectSame(found, expected);
  assert.notDeepEqual(found, expected);
});

test("particles are stored in half precision only where that lets them stay on the GPU", () => {
  // A box of 128 pixels, encoder input of 256 numbers.
  const of = {
    recordLength: 256 + 11 + 64,
    targetLength: 2 * 64 * 127,
    resident: 2 ** 31,
    largestBuffer: 2 ** 32,
  };
  const stored = (particles: number) => particleStorage({ ...of, count: particles });
  assert.deepEqual([30000, 60000, 124900].map(stored), ["single", "half", "ring"]);
  const small = { ...of, largestBuffer: 2 ** 30 };
  assert.deepEqual(
    [16000, 30000, 60000].map((n) => particleStorage({ ...small, count: n })),
    ["single", "half", "ring"],
  );
});

test("a step that does not fit in the GPU's memory: networks on the CPU, projections in parts, and a note that says so", async () => {
  // A buffer has room for the networks, but not for the grids of six particles.
  const spy = vi.spyOn(GpuDevice.prototype, "largestBuffer", "get").mockReturnValue(8000);
  const design: Design = { latent: 3, form: "quadratic", vary: ["position", "amplitude"] };
  const parts = partsOf(gpu, design);
  const notes: string[] = [];
  const options = {
    epoch: 1,
    latentNoise: 0,
    spreadPenalty: 0.05,
    onNote: (note: string) => notes.push(note),
  };
  const step = { rings: 6, random: new Random(1), scale: 0.3, rate };
  await deviceOf(gpu)
    .takeSteps(parts, step, options)
    .finally(() => spy.mockRestore());
  assert.equal(notes.length, 1);
  assert.match(
    notes[0]!,
    /^networks are trained on the CPU, the GPU computes projections only: .* a step of so many particles/,
  );
  expectSame([...parts.model.save(), ...parts.adam.save()], await trained(cpu, design));
  parts.model.dispose();
});

test("a step is at most 30 dispatches: networks of three hidden layers, strain penalty", async () => {
  const device = await gpu.opened();
  const parts = partsOf(gpu, separate);
  const plan = chooseSpread(expectedWidths(parts, rings))!;
  const epoch = new GpuEpoch(device, parts, { plan, rings });
  const { length } = await epoch.dispatches();
  epoch.dispose();
  parts.model.dispose();
  // Sums over the outputs of large layers are taken in parts, which one more dispatch adds.
  assert.ok(length + 1 <= 30, `${length} dispatches`);
});
