import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { GaussianHead, type Varied } from "./head";
import { HeadLayer } from "./headLayer";
import { NetworkThreads } from "./networkThreads";
import { Rows } from "./rows";
import { someModel, someNumbers } from "./testData.test.helper";

const threads = new NetworkThreads(1);

/** The formulas of the head in float64: each varied parameter of one set from its raw output. */
function decodeExactly(head: GaussianHead, raw: ArrayLike<number>): Float64Array {
  const { count: n, params } = head.neutral;
  const model = Float64Array.from(params);
  for (const [j, slot] of head.slots.entries()) {
    const sigmoid = 1 / (1 + Math.exp(-raw[j]!));
    if (slot < 3 * n) model[slot] = params[slot]! + 0.3 * Math.tanh(raw[j]! / 3);
    else model[slot] = params[slot]! * (slot < 4 * n ? 2 * sigmoid : 0.5 + sigmoid);
  }
  return model;
}

describe("head", () => {
  const neutral = someModel(6);
  const rowsOf = (head: GaussianHead, values: Float32Array): [rows: Rows, count: number] => {
    const count = values.length / head.outputs;
    const rows = new Rows(threads, 4 * Math.ceil(count / 4), head.outputs);
    rows.put(values, 0, count);
    return [rows, count];
  };
  const decode = (head: GaussianHead, values: Float32Array) =>
    new HeadLayer(threads, head).decode(...rowsOf(head, values));

  test("raw outputs of zero give the neutral model, and fixed Gaussians never leave it", () => {
    const free = Uint8Array.of(1, 0, 1, 1, 0, 1);
    const head = new GaussianHead(neutral, ["position", "width"], { free });
    assert.equal(head.outputs, 4 * 4);
    assert.deepEqual([...decode(head, new Float32Array(16))], [...neutral.params]);
    const moved = decode(head, someNumbers(16, 1));
    for (const fixed of [1, 4]) {
      for (let row = 0; row < 5; row++) assert.equal(moved[row * 6 + fixed], neutral.params[row * 6 + fixed]);
    }
    for (let i = 0; i < 6; i++)
      assert.equal(moved[18 + i], neutral.params[18 + i], "amplitude is not varied");
  });

  // 1,500 Gaussians are several chunks of a row, 7 are not a multiple of a vector.
  for (const [count, vary, some] of [
    [7, ["position", "amplitude", "width"], false],
    [1500, ["position", "amplitude", "width"], false],
    [1501, ["position", "width"], true],
    [1499, ["amplitude"], true],
  ] as [number, Varied[], boolean][]) {
    test(`${count} Gaussians${some ? ", some of them fixed," : ""} with ${vary.join(", ")} varied follow the formulas`, () => {
      const free = some ? Uint8Array.from({ length: count }, (_, i) => Number(i % 3 !== 1)) : undefined;
      const head = new GaussianHead(someModel(count), vary, { free });
      const raw = someNumbers(3 * head.outputs, 5).map((x, i) => (i % 50 === 0 ? 200 * x : 3 * x));
      const found = decode(head, raw);
      for (let b = 0; b < 3; b++) {
        const exact = decodeExactly(head, raw.subarray(b * head.outputs, (b + 1) * head.outputs));
        for (let i = 0; i < 5 * count; i++) {
          const error = Math.abs(found[b * 5 * count + i]! - exact[i]!);
          assert.ok(error < 3e-7 * (1 + Math.abs(exact[i]!)), `parameter ${i} of ${b}: ${error}`);
        }
      }
    });

    test(`the gradient through ${count} Gaussians with ${vary.join(", ")} varied agrees with finite differences`, () => {
      const free = some ? Uint8Array.from({ length: count }, (_, i) => Number(i % 3 !== 1)) : undefined;
      const head = new GaussianHead(someModel(count), vary, { free });
      head.neutral.params[3 * count] = 0;
      const { outputs, slots } = head;
      const { params } = head.neutral;
      const raw = someNumbers(2 * outputs, 6);
      const direction = someNumbers(2 * 5 * count, 7);
      const scaling = { scale: -0.7, penalty: 0.3 };
      const layer = new HeadLayer(threads, head);
      const [rows] = rowsOf(head, raw);
      layer.decode(rows, 2, true);
      layer.backward(rows, 2, direction, scaling);
      const found = rows.dense(2);
      // A parameter depends on its own raw output only, so that each difference is of one term of the loss.
      const term = (b: number, j: number, by: number) => {
        const own = raw.slice(b * outputs, (b + 1) * outputs);
        own[j]! += by;
        const slot = slots[j]!;
        const value = decodeExactly(head, own)[slot]!;
        const deviation = slot < 3 * count || params[slot] === 0 ? 0 : value / params[slot]! - 1;
        return (
          scaling.scale * direction[b * 5 * count + slot]! * value +
          (scaling.penalty * deviation ** 2) / count
        );
      };
      for (const b of [0, 1]) {
        for (let j = 0; j < outputs; j += 1 + Math.floor(outputs / 40)) {
          const difference = (term(b, j, 1 / 64) - term(b, j, -1 / 64)) * 32;
          const error = Math.abs(found[b * outputs + j]! - difference);
          assert.ok(error < 1e-4 * (1 + Math.abs(difference)), `raw output ${j} of ${b}: ${error}`);
        }
      }
    });
  }

  test("Gaussians in a body decode to a rigid motion, and the gradient through it agrees with finite differences", () => {
    const n = 20;
    const bodies = Uint8Array.from({ length: n }, (_, i) => Number(i < 12));
    const free = Uint8Array.from({ length: n }, (_, i) => Number(i !== 3 && i !== 15));
    const head = new GaussianHead(someModel(n), ["position", "amplitude"], { free, bodies });
    const { outputs, neutral: model } = head;
    const raw = someNumbers(2 * outputs, 6);
    const direction = someNumbers(2 * 5 * n, 7);
    const shape = someNumbers(3 * 11, 8);
    const exactly = (own: ArrayLike<number>, ownShape = Float64Array.from(shape)) => {
      const params = decodeExactly(head, own);
      head.bodies!.apply(
        params,
        ownShape.map((x) => 0.1 * x),
      );
      return params;
    };
    const layer = new HeadLayer(threads, head);
    const [rows] = rowsOf(head, raw);
    const decoded = layer.decode(rows, 2, true, shape).slice();
    for (const b of [0, 1]) {
      const exact = exactly(raw.subarray(b * outputs, (b + 1) * outputs));
      for (let i = 0; i < 5 * n; i++) assert.ok(Math.abs(decoded[b * 5 * n + i]! - exact[i]!) < 1e-6);
      for (const i of [3, 15]) assert.equal(decoded[b * 5 * n + i], model.params[i]);
    }
    const inShape = layer.backward(rows, 2, direction, { scale: -0.7, penalty: 0 })!;
    const found = rows.dense(2);
    for (let j = 0; j < shape.length; j++) {
      const loss = (by: number) => {
        const own = Float64Array.from(shape, (x, k) => (k === j ? x + by : x));
        const all = [0, 1].flatMap((b) => [...exactly(raw.subarray(b * outputs, (b + 1) * outputs), own)]);
        return all.reduce((sum, x, i) => sum - 0.7 * direction[i]! * x, 0);
      };
      const difference = (loss(1e-5) - loss(-1e-5)) / 2e-5;
      assert.ok(Math.abs(inShape[j]! - difference) < 1e-5 * (1 + Math.abs(difference)), `shape ${j}`);
    }
    for (const b of [0, 1]) {
      const loss = (j: number, by: number) => {
        const own = Float64Array.from(raw.subarray(b * outputs, (b + 1) * outputs));
        own[j]! += by;
        return exactly(own).reduce((sum, x, i) => sum - 0.7 * direction[b * 5 * n + i]! * x, 0);
      };
      for (let j = 0; j < outputs; j++) {
        const difference = (loss(j, 1e-5) - loss(j, -1e-5)) / 2e-5;
        const error = Math.abs(found[b * outputs + j]! - difference);
        assert.ok(error < 1e-5 * (1 + Math.abs(difference)), `raw output ${j} of ${b}: ${error}`);
      }
    }
  });

  test("raw outputs that are not finite give a model of NaN", () => {
    const head = new GaussianHead(neutral, ["position", "amplitude", "width"]);
    for (const broken of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const models = decode(head, new Float32Array(head.outputs).fill(broken));
      assert.ok(models.every(Number.isNaN), `${broken}`);
    }
  });
});
