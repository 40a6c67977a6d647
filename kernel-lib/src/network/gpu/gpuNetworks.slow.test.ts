import assert from "node:assert/strict";
import { afterAll, beforeEach, test } from "vitest";
import { softwareGpu } from "../../../../tests/testing";
import { GpuDevice } from "../../compute/gpu/gpuDevice";
import { Random } from "../../random";
import { Adam } from "../adam";
import { DenseNetwork, type NetworkSpec } from "../denseNetwork";
import { NetworkThreads } from "../networkThreads";
import { GpuNetworks, type GpuNetworksPlace } from "./gpuNetworks";
import type { PackedLayer } from "./networkLayout";
import { type Tile, tileOf } from "./tiles";

/** On SwiftShader, a software GPU: slow, with the code path of a real one. */

const before = process.env["VK_DRIVER_FILES"];
beforeEach((t) => Object.assign(process.env, softwareGpu(t)));
afterAll(() => {
  if (before === undefined) delete process.env["VK_DRIVER_FILES"];
  else process.env["VK_DRIVER_FILES"] = before;
});

/** More rows, inputs and outputs than a tile has; outputs enough for wide tiles and for sums in parts. */
const rows = 37;
const plain = { dropout: 0, batchNorm: false, outputScale: 1 };
const specs: NetworkSpec[] = [
  { ...plain, inputs: 6, hidden: [70, 41], outputs: 2100 },
  { ...plain, inputs: 5, hidden: [33, 12], outputs: 39 },
];
const options = { learningRate: 0.01, weightDecay: 0.1 };

/** Weights of a layer, [inputs · outputs], and its bias. */
interface Weights {
  weights: Float64Array;
  bias: Float64Array;
}

/** Values of each layer of a network and its weights after a step, in double precision. */
interface Expected {
  values: Float64Array[];
  gradients: Float64Array[];
  after: Weights[];
}

/** Forward pass, backward pass and the first step of Adam of a network, as its formulas say. */
function reference(
  spec: NetworkSpec,
  start: Weights[],
  input: Float32Array,
  gradient: Float32Array,
): Expected {
  const sizes = [spec.inputs, ...spec.hidden, spec.outputs];
  const values = [Float64Array.from(input)];
  for (const [l, { weights, bias }] of start.entries()) {
    const [inputs, outputs] = [sizes[l]!, sizes[l + 1]!];
    values.push(
      Float64Array.from({ length: rows * outputs }, (_, at) => {
        const [row, j] = [Math.floor(at / outputs), at % outputs];
        let sum = bias[j]!;
        for (let i = 0; i < inputs; i++) sum += values[l]![row * inputs + i]! * weights[i * outputs + j]!;
        return l + 1 < start.length ? Math.max(0, sum) : sum;
      }),
    );
  }
  const gradients: Float64Array[] = [];
  gradients[start.length] = Float64Array.from(gradient);
  for (let l = start.length - 1; l > 0; l--) {
    const [inputs, outputs] = [sizes[l]!, sizes[l + 1]!];
    gradients[l] = Float64Array.from({ length: rows * inputs }, (_, at) => {
      const [row, i] = [Math.floor(at / inputs), at % inputs];
      if (values[l]![at]! <= 0) return 0;
      let sum = 0;
      for (let j = 0; j < outputs; j++) {
        sum += gradients[l + 1]![row * outputs + j]! * start[l]!.weights[i * outputs + j]!;
      }
      return sum;
    });
  }
  // In the first step both bias-corrected moments are those of the gradient itself.
  const adam = (g: number) => (options.learningRate * g) / (Math.abs(g) + 1e-7);
  const after = start.map(({ weights, bias }, l) => {
    const [inputs, outputs] = [sizes[l]!, sizes[l + 1]!];
    const sum = (of: (row: number) => number, j: number) => {
      let total = 0;
      for (let row = 0; row < rows; row++) total += of(row) * gradients[l + 1]![row * outputs + j]!;
      return total;
    };
    const decay = 1 - options.learningRate * options.weightDecay;
    return {
      weights: weights.map((w, at) => {
        const i = Math.floor(at / outputs);
        return decay * w - adam(sum((row) => values[l]![row * inputs + i]!, at % outputs));
      }),
      bias: bias.map((b, j) => b - adam(sum(() => 1, j))),
    };
  });
  return { values, gradients, after };
}

function expectClose(name: string, found: ArrayLike<number>, expected: Float64Array): void {
  const difference = Math.hypot(...expected.map((value, i) => value - found[i]!));
  const size = Math.hypot(...expected);
  assert.ok(size > 0 && difference <= 1e-4 * size, `${name}: differs by ${difference} of ${size}`);
}

/** Rows of a place in packed memory, without what fills them up. */
function rowsOf(packed: Float32Array, at: number, length: number, pitch: number): Float32Array {
  const out = new Float32Array(rows * length);
  for (let row = 0; row < rows; row++) {
    out.set(packed.subarray(at + row * pitch, at + row * pitch + length), row * length);
  }
  return out;
}

const large: Tile = { across: 8, down: 8, each: 8 };

test.for<[string, GpuNetworksPlace["products"]]>([
  ["inputs shared by workgroup memory", { form: "memory" }],
  ["tiles for many rows", { form: "memory", tile: large }],
  ["inputs shared by subgroups", { form: "subgroups" }],
])(
  "products of layers of several networks at once, their gradients and a step of Adam are those of double precision: %s",
  async ([, products]) => {
    const device = await GpuDevice.open();
    const threads = new NetworkThreads(1);
    const random = new Random(3);
    const networks = specs.map((spec, n) => new DenseNetwork(spec, new Random(n), threads));
    const adam = new Adam(networks, options);
    const expected = networks.map((network, n) => {
      const { inputs, outputs } = specs[n]!;
      const arrays = network.save().map(({ data }) => Float64Array.from(data));
      const start = [0, 1, 2].map((l) => ({ weights: arrays[2 * l]!, bias: arrays[2 * l + 1]! }));
      const input = Float32Array.from({ length: rows * inputs }, () => random.normal());
      const gradient = Float32Array.from({ length: rows * outputs }, () => random.normal());
      return { input, gradient, ...reference(specs[n]!, start, input, gradient) };
    });
    const step = device.uniform(64);
    const gpu = new GpuNetworks(networks, { device, rows, rowsPerParticle: 1, step, products });
    gpu.load();
    const { rate, root, decay } = adam.next();
    const record = new Uint32Array(16);
    record.set([0, rows, rows, 0]);
    new Float32Array(record.buffer).set([rate, root, decay], 4);
    device.write(step, record);
    const layers = gpu.layout.networks.map((network) => network.layers);
    const put = (to: GPUBuffer, at: number, pitch: number, values: Float32Array) => {
      const length = values.length / rows;
      for (let row = 0; row < rows; row++) {
        device.write(to, values.slice(row * length, (row + 1) * length), 4 * (at + row * pitch));
      }
    };
    for (const [n, [first, , last]] of (layers as [PackedLayer, PackedLayer, PackedLayer][]).entries()) {
      put(gpu.memory.activations, first.input, first.inputPitch, expected[n]!.input);
      put(gpu.memory.gradients, last.output, last.outputPitch, expected[n]!.gradient);
    }
    const level = (l: number) => layers.map((own) => own[l]!);
    const specsOfStep = [
      ...[0, 1, 2].map((l) => gpu.forward(level(l))),
      ...[2, 1].flatMap((l) => gpu.backward(level(l))),
      gpu.update(),
    ];
    const dispatches = await Promise.all(specsOfStep.map((spec) => device.dispatch(spec)));
    const { activations } = gpu.layout;
    const [values, gradients] = [new Float32Array(activations), new Float32Array(activations)];
    const outputs = gpu.outputs();
    await device.run(dispatches, rows, [
      ...[
        { buffer: gpu.memory.activations, to: values },
        { buffer: gpu.memory.gradients, to: gradients },
      ],
      ...outputs,
    ]);
    gpu.save(outputs);
    for (const [n, own] of layers.entries()) {
      const arrays = networks[n]!.save();
      for (const [l, layer] of own.entries()) {
        const { output, outputPitch, input, inputPitch } = layer;
        const name = `network ${n}, layer ${l}`;
        const { values: value, gradients: gradient, after } = expected[n]!;
        expectClose(`${name}: output`, rowsOf(values, output, layer.outputs, outputPitch), value[l + 1]!);
        if (l > 0)
          expectClose(`${name}: gradient`, rowsOf(gradients, input, layer.inputs, inputPitch), gradient[l]!);
        expectClose(`${name}: weights`, arrays[2 * l]!.data, after[l]!.weights);
        expectClose(`${name}: bias`, arrays[2 * l + 1]!.data, after[l]!.bias);
      }
    }
    gpu.dispose();
    threads.dispose();
    device.dispose();
  },
);

test("products of few rows are divided among many threads; those of many rows have fewer reads for a multiplication", () => {
  assert.deepEqual(tileOf({ rows: 33, columns: 15412, layers: 1 }), { across: 16, down: 8, each: 4 });
  assert.deepEqual(tileOf({ rows: 33, columns: 512, layers: 1 }), { across: 8, down: 8, each: 4 });
  assert.deepEqual(tileOf({ rows: 2048, columns: 512, layers: 1 }), large);
});
