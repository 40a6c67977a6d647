import assert from "node:assert/strict";
import { afterAll, test } from "vitest";
import { useBackend } from "../compute/backends";
import type { ProjectionBatch, ProjectionEngine, ProjectionRequest, ProjectionResult } from "./engine";
import { type ExampleOptions, exampleBatch } from "./examples";
import { ReferenceEngine } from "./reference";
import { cheapestSpread } from "./spreadPlan";
import { TensorEngine } from "./tensor";
import { WasmEngine } from "./wasm";

/** Extreme batches: every engine gives finite results that agree with the float64 reference. */

const reference = new ReferenceEngine();
const engines: Record<string, () => Promise<ProjectionEngine>> = {
  separable: async () => separable,
  "grid where possible": async () => spread,
  "tensor operations": async () => {
    await useBackend("wasm");
    return tensor;
  },
};
/** Largest error of the FRC. On a grid, the truncated tails of few Gaussians do not average out. */
const errorOf = (label: string) => (label.startsWith("grid") ? 1e-3 : 1e-4);
const separable = new WasmEngine({ threads: 2, plan: () => ({ method: "separable" }) });
const spread = new WasmEngine({
  threads: 2,
  plan: (input) =>
    [32, 48, 64, 96, 128, 192].map((grid) => cheapestSpread(grid, input)).find(Boolean)?.plan ?? {
      method: "separable",
    },
});
const tensor = new TensorEngine();
afterAll(() => Promise.all([separable, spread, tensor].map((engine) => engine.dispose())));

interface Case {
  name: string;
  example: ExampleOptions;
  /** Of the model: rows of `gaussians` numbers, x, y, z, amplitude, sigma, for each particle. */
  change?: (row: (index: number) => Float32Array, batch: ProjectionBatch, request: ProjectionRequest) => void;
  /** Whether only finiteness is tested, since the image is too weak for a comparison. */
  onlyFinite?: boolean;
}
const scale = (values: Float32Array, factor: number) => values.set(values.map((value) => factor * value));
const small = { count: 2, gaussians: 20, boxSize: 24, shared: true };
const cases: Case[] = [
  { name: "one particle", example: { ...small, count: 1 } },
  { name: "one Gaussian", example: { ...small, gaussians: 1 } },
  { name: "one Gaussian, one particle, one ring", example: { count: 1, gaussians: 1, boxSize: 3 } },
  { name: "one ring of a large box", example: { ...small, boxSize: 64, rings: 1, targetRings: 31 } },
  { name: "the smallest even box", example: { ...small, boxSize: 4 } },
  { name: "an odd box", example: { ...small, boxSize: 25 } },
  { name: "a prime box", example: { ...small, boxSize: 37, ownWeights: true } },
  { name: "all amplitudes 0", example: small, change: (row) => row(3).fill(0) },
  { name: "all amplitudes but one 0", example: small, change: (row) => row(3).fill(0, 1) },
  {
    name: "amplitudes below 0",
    example: small,
    change: (row) => scale(row(3), -1),
  },
  {
    name: "amplitudes that cancel",
    example: { ...small, gaussians: 2 },
    change: (row) => {
      for (const index of [0, 1, 2, 4]) row(index)[1] = row(index)[0]!;
      row(3).set([1, -1]);
    },
  },
  {
    name: "amplitudes of 1e-14",
    example: small,
    change: (row) => scale(row(3), 1e-14),
  },
  {
    name: "amplitudes of 1e14",
    example: small,
    change: (row) => scale(row(3), 1e14),
  },
  {
    name: "amplitudes of 1e-30",
    example: small,
    change: (row) => scale(row(3), 1e-30),
    onlyFinite: true,
  },
  ...[3, 4, 5, 5.5, 6, 7, 9, 12, 30].map((sigma) => ({
    name: `all Gaussians ${sigma} px wide`,
    example: { ...small, gaussians: 60, boxSize: 64 },
    change: (row: (index: number) => Float32Array) => row(4).fill(sigma),
  })),
  {
    name: "all Gaussians wide and weak",
    example: small,
    change: (row) => {
      row(4).fill(5.5);
      row(3).fill(1e-12);
    },
  },
  {
    name: "one narrow Gaussian among wide ones",
    example: { ...small, boxSize: 64 },
    change: (row) => {
      row(4).fill(7);
      row(4)[3] = 1;
    },
  },
  { name: "all Gaussians 0.1 px wide", example: small, change: (row) => row(4).fill(0.1) },
  {
    name: "all Gaussians at one position",
    example: small,
    change: (row) => {
      for (const axis of [0, 1, 2]) row(axis).fill(0.1);
    },
  },
  { name: "Gaussians on the border of the box", example: small, change: (row) => row(0).fill(-0.5) },
  { name: "Gaussians far outside", example: small, change: (row) => row(1).fill(3) },
  { name: "targets without signal", example: small, change: (_row, batch) => batch.targets.fill(0) },
  {
    name: "ring weights of 0",
    example: small,
    change: (_row, _batch, request) => request.ringWeights.fill(0),
  },
  { name: "shifts of several boxes", example: small, change: (_row, batch) => batch.shifts.fill(-7.25) },
];

const fields = ["frc", "score", "modelGradient", "rotationGradient", "shiftGradient"] as const;

/** Root of the sum of squares, without overflow. */
function norm(values: Float32Array): number {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largest && largest * Math.sqrt(values.reduce((sum, value) => sum + (value / largest) ** 2, 0));
}

/** The gradient, divided by kinds of parameters. */
function parts(result: Required<ProjectionResult>, gaussians: number): Record<string, Float32Array> {
  const rows = ["x", "y", "z", "amplitude", "sigma"].map((name, row) => [
    name,
    result.modelGradient.filter((_, i) => Math.floor(i / gaussians) % 5 === row),
  ]);
  return { ...Object.fromEntries(rows), rotation: result.rotationGradient, shift: result.shiftGradient };
}

for (const { name, example, change, onlyFinite } of cases) {
  for (const [label, engineOf] of Object.entries(engines)) {
    test(`${name}: ${label}`, async () => {
      const { batch, request } = exampleBatch(example);
      const n = batch.gaussians;
      change?.((index) => batch.model.subarray(index * n, (index + 1) * n), batch, request);
      const engine = await engineOf();
      const found = (await engine.evaluate(batch, request)) as Required<ProjectionResult>;
      for (const field of fields) assert.ok(found[field].every(Number.isFinite), `${field} is finite`);
      const images = await engine.project(batch, request);
      assert.ok(images.every(Number.isFinite), "images are finite");
      const products = await engine.products(
        { ...batch, model: batch.model.length === 5 * n ? repeated(batch.model, batch.count) : batch.model },
        request,
      );
      assert.ok(products.every(Number.isFinite), "products are finite");
      if (onlyFinite) return;
      const expected = (await reference.evaluate(batch, request)) as Required<ProjectionResult>;
      for (const [i, frc] of expected.frc.entries()) {
        assert.ok(
          Math.abs(found.frc[i]! - frc) < errorOf(label),
          `FRC ${i}: ${found.frc[i]}, but the reference has ${frc}`,
        );
      }
      const [own, others] = [parts(found, n), parts(expected, n)];
      for (const [part, values] of Object.entries(others)) {
        const difference = norm(values.map((value, i) => value - own[part]![i]!));
        // A gradient may consist of rounding errors only, as that of a single Gaussian in its amplitude.
        const size = norm(values) + (label.startsWith("grid") ? 1 : 1e-2) * scaleOf(part, batch);
        assert.ok(difference <= 25 * errorOf(label) * size, `${part}: ${difference} of ${size}`);
      }
    });
  }
}

function repeated(values: Float32Array, count: number): Float32Array {
  const all = new Float32Array(count * values.length);
  for (let b = 0; b < count; b++) all.set(values, b * values.length);
  return all;
}

/** The size of a gradient without cancellation: a change of the score by 1 per relative change of the parameter. */
function scaleOf(part: string, { model, gaussians }: ProjectionBatch): number {
  const row = { amplitude: 3, sigma: 4 }[part];
  if (row === undefined) return 1;
  return 1 / norm(model.subarray(row * gaussians, (row + 1) * gaussians)) || 1;
}

for (const [name, change, message] of [
  ["no particles", { count: 0 }, /count: expected an integer of 1 or more, found 0$/],
  ["half a particle", { count: 1.5 }, /count: /],
  ["no Gaussians", { gaussians: 0 }, /gaussians: expected an integer of 1 or more, found 0$/],
  ["a model cut short", { model: new Float32Array(99) }, /model: expected 100 or 200 numbers, found 99$/],
  ["no rings", { rings: 0 }, /rings: expected an integer of 1 or more, found 0$/],
  ["more rings than the box has", { rings: 12 }, /rings: expected at most 11 for a box of 24, found 12$/],
  ["a box of 2", { boxSize: 2, rings: 1 }, /rings: expected at most 0 for a box of 2, found 1$/],
] as const) {
  for (const [label, engineOf] of Object.entries({ ...engines, reference: async () => reference })) {
    test(`${name}: an error of ${label}`, async () => {
      const { batch, request } = exampleBatch(small);
      const engine = await engineOf();
      const [given, asked] = [
        { ...batch, ...change },
        { ...request, ...change },
      ];
      await assert.rejects(async () => engine.evaluate(given, asked), message);
      await assert.rejects(async () => engine.project(given, asked), message);
    });
  }
}
