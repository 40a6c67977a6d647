import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../random";
import { Adam } from "./adam";
import { type AxisBlock, type AxisRoles, Decoder, type DecoderForm } from "./decoder";
import { GaussianHead } from "./head";
import { NetworkThreads } from "./networkThreads";
import { someModel, someNumbers } from "./testData.test.helper";

const gaussians = 6;
const head = new GaussianHead(someModel(gaussians), ["position", "amplitude", "width"]);
const { outputs, positions } = head;

interface SomeDecoder {
  form?: DecoderForm;
  roles?: AxisRoles;
  latent?: number;
  seed?: number;
}

function someDecoder({ form = "quadratic", roles, latent = 3, seed = 1 }: SomeDecoder): Decoder {
  const spec = { latent, hidden: [12, 12], form, roles };
  return new Decoder(spec, head, new Random(seed), new NetworkThreads(1));
}

/** Raw outputs of all rows, dense. */
function raws(decoder: Decoder, z: Float32Array | Float32Array[], count: number): Float32Array {
  const out = new Float32Array(count * outputs);
  decoder.visit(z, count, (raw, first, rows) => raw.take(out, first, rows));
  return out;
}

/** Weights of the optimizer's step that changes nothing. */
function stillStep(decoder: Decoder) {
  return new Adam(decoder.networks, { learningRate: 0, weightDecay: 0 }).next();
}

/** Raw outputs of positions, and those of amplitudes and widths, at latents that differ along one axis. */
function changed(decoder: Decoder, axis: number): { position: boolean; density: boolean } {
  const z = Float32Array.of(0.4, -0.7, 1.1, 0.4, -0.7, 1.1);
  z[3 + axis]! += 1;
  const raw = raws(decoder, z, 2);
  const differs = (from: number, to: number) =>
    raw.slice(from, to).some((value, i) => value !== raw[outputs + from + i]!);
  return { position: differs(0, positions), density: differs(positions, outputs) };
}

describe.each(["quadratic", "network"] as const)("decoder, %s", (form) => {
  test("positions do not depend on axes of composition, nor densities on axes of conformation", () => {
    const decoder = someDecoder({ form, roles: { position: [0, 2], density: [1, 2] } });
    assert.equal(decoder.partCount, 2);
    assert.deepEqual(changed(decoder, 0), { position: true, density: false });
    assert.deepEqual(changed(decoder, 1), { position: false, density: true });
    assert.deepEqual(changed(decoder, 2), { position: true, density: true });
  });

  test("a kind without axes is the same for all particles, and training changes it", () => {
    const decoder = someDecoder({ form, roles: { position: [], density: [0, 1, 2] } });
    const z = someNumbers(5 * 3, 4);
    const positionsAt = () => {
      const raw = raws(decoder, z, 5);
      return Array.from({ length: 5 }, (_, b) => [...raw.subarray(b * outputs, b * outputs + positions)]);
    };
    assert.ok(positionsAt().every((row) => row.every((value) => value === 0)));
    const adam = new Adam(decoder.networks, { learningRate: 0.01, weightDecay: 0 });
    for (let step = 0; step < 3; step++) {
      const raw = decoder.forward([z, z], 5, new Random(1));
      raw.put(new Float32Array(5 * outputs).fill(1), 0, 5);
      decoder.backward(raw, adam.next());
    }
    const [first, ...others] = positionsAt();
    assert.ok(first!.every((value) => value < -0.01));
    for (const row of others) assert.deepEqual(row, first);
  });

  test.each([undefined, { position: [0, 2], density: [1, 2] }, { position: [], density: [0, 1] }])(
    "the gradient in latents equals finite differences, roles %j",
    (roles) => {
      const count = 3;
      const decoder = someDecoder({ form, ...(roles && { roles }) });
      const z = decoder.networks.map((_, p) => someNumbers(count * 3, 5 + p));
      const weight = someNumbers(count * outputs, 7);
      const raw = decoder.forward(z, count, new Random(1));
      raw.put(weight, 0, count);
      const gradients = decoder.backward(raw, stillStep(decoder));
      const loss = (at: Float32Array[]) =>
        raws(decoder, at, count).reduce((sum, value, i) => sum + value * weight[i]!, 0);
      // A network with ReLU is piecewise linear: a smaller step stays within a piece.
      const step = form === "network" ? 1e-3 : 0.1;
      for (const [p, gradient] of gradients.entries()) {
        for (let i = 0; i < gradient.length; i++) {
          const moved = (by: number) =>
            z.map((own, q) => own.map((x, j) => (p === q && i === j ? x + by : x)));
          const expected = (loss(moved(step)) - loss(moved(-step))) / (2 * step);
          assert.ok(
            Math.abs(gradient[i]! - expected) < 1e-3 * Math.max(1, Math.abs(expected)),
            `network ${p}, latent ${i}: ${gradient[i]}, ${expected}`,
          );
        }
      }
    },
  );

  test("training's forward pass and decoding agree, also where each network reads latents of its own", () => {
    const count = 70;
    const decoder = someDecoder({ form, roles: { position: [0, 1], density: [2] } });
    const z = [someNumbers(count * 3, 1), someNumbers(count * 3, 2)];
    const expected = decoder.forward(z, count, new Random(1)).dense(count);
    const decoded = raws(decoder, z, count);
    for (const [i, value] of expected.entries())
      assert.ok(Math.abs(decoded[i]! - value) < 1e-6, `number ${i}`);
  });

  test("a saved decoder decodes the same after loading, and another architecture is refused", () => {
    const roles = { position: [0], density: [1, 2] };
    const [saved, other] = [1, 2].map((seed) => someDecoder({ form, roles, seed }));
    const z = someNumbers(4 * 3, 6);
    assert.notDeepEqual(raws(other!, z, 4), raws(saved!, z, 4));
    other!.load(saved!.save());
    assert.deepEqual(raws(other!, z, 4), raws(saved!, z, 4));
    const names = saved!.save().map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.throws(
      () => someDecoder({ form, roles: { position: [0, 1], density: [1, 2] } }).load(saved!.save()),
      RangeError,
    );
    assert.throws(() => someDecoder({ form, roles }).load(someDecoder({ form }).save()), RangeError);
  });
});

test("a run of an earlier version, with one network, has the same names of its arrays", () => {
  const names = someDecoder({ form: "network" })
    .save()
    .map(({ name }) => name);
  assert.ok(names.every((name) => !name.startsWith("part")));
});

test("varied kinds of one sort need one network, whatever the roles", () => {
  const only = new GaussianHead(someModel(gaussians), ["amplitude"]);
  const spec = { latent: 2, hidden: [8], form: "network" as const, roles: { position: [0], density: [1] } };
  const decoder = new Decoder(spec, only, new Random(1), new NetworkThreads(1));
  assert.equal(decoder.partCount, 1);
});

describe("blocks of axes", () => {
  const { count } = head.neutral;
  /** The first moves Gaussians 0 to 2, the second changes all of 2 to 4. */
  const slotsOf = (from: number, to: number, rows: number[]) =>
    Int32Array.from(
      rows.flatMap((row) => Array.from({ length: to - from }, (_, i) => row * count + from + i)),
    );
  const first: AxisBlock = { latent: 2, form: "quadratic", slots: slotsOf(0, 3, [0, 1, 2]) };
  const second: AxisBlock = {
    ...{ latent: 2, form: "network", slots: slotsOf(2, 5, [0, 1, 2, 3, 4]) },
    roles: { position: [0], density: [1] },
  };
  const withBlocks = (blocks: AxisBlock[], seed: number, of = head) => {
    const latent = blocks.reduce((sum, block) => sum + block.latent, 0);
    const spec = { latent, hidden: [12, 12], form: "network" as const, blocks };
    return new Decoder(spec, of, new Random(seed), new NetworkThreads(1));
  };

  test("change their own parameters only, and add up where both change one", () => {
    const decoder = withBlocks([first, second], 3);
    const z = someNumbers(3 * 4, 5);
    const own = (kept: number[]) =>
      raws(
        decoder,
        z.map((x, i) => (kept.includes(i % 4) ? x : 0)),
        3,
      );
    const [both, none] = [own([0, 1, 2, 3]), own([])];
    const [one, other] = [own([0, 1]), own([2, 3])];
    for (let i = 0; i < both.length; i++) {
      const slot = head.slots[i % outputs]!;
      const inFirst = first.slots.includes(slot);
      const inSecond = second.slots.includes(slot);
      if (!inFirst) assert.equal(one[i], none[i]);
      if (!inSecond) assert.equal(other[i], none[i]);
      if (!inFirst && !inSecond) assert.equal(both[i], 0);
      assert.ok(Math.abs(both[i]! - none[i]! - (one[i]! - none[i]!) - (other[i]! - none[i]!)) < 1e-6);
    }
    assert.ok(one.some((value, i) => value !== none[i]) && other.some((value, i) => value !== none[i]));
  });

  test("have the gradient of finite differences in the latents", () => {
    const decoder = withBlocks([first, second], 3);
    const z = someNumbers(2 * 4, 8);
    const slope = someNumbers(2 * outputs, 9);
    const value = (at: Float32Array) => raws(decoder, at, 2).reduce((sum, x, i) => sum + x * slope[i]!, 0);
    const raw = decoder.forward(
      decoder.networks.map(() => z),
      2,
      new Random(1),
    );
    raw.put(slope, 0, 2);
    const gradients = decoder.backward(raw, stillStep(decoder));
    for (let i = 0; i < z.length; i++) {
      const [more, less] = [z.slice(), z.slice()];
      more[i]! += 0.01;
      less[i]! -= 0.01;
      const found = gradients.reduce((sum, own) => sum + own[i]!, 0);
      const expected = (value(more) - value(less)) / (more[i]! - less[i]!);
      assert.ok(Math.abs(found - expected) < 2e-3, `latent ${i}: ${found}, expected ${expected}`);
    }
  });

  test("go on from those of an earlier decoder on another scale", () => {
    const free = Uint8Array.from({ length: count }, (_, i) => (i < 3 ? 1 : 0));
    const before = withBlocks([first], 4, new GaussianHead(head.neutral, ["position"], { free }));
    const decoder = withBlocks([first, { ...second, slots: slotsOf(3, 5, [0, 1, 2, 3, 4]) }], 3);
    const [gain, offset] = [
      [0.8, 1.2, 1, 1],
      [0.3, -0.1, 0, 0],
    ];
    decoder.loadEarlier(before.save(), { gain, offset });
    const z = someNumbers(3 * 4, 5);
    const q = Float32Array.from({ length: 6 }, (_, k) => {
      const [row, d] = [Math.floor(k / 2), k % 2];
      return gain[d]! * z[4 * row + d]! + offset[d]!;
    });
    const now = raws(decoder, z, 3);
    const size = first.slots.length;
    const old = new Float32Array(3 * size);
    before.visit(q, 3, (raw, at, rows) => raw.take(old, at, rows));
    for (let i = 0; i < old.length; i++) {
      const column = head.slots.indexOf(first.slots[i % size]!);
      const value = now[Math.floor(i / size) * outputs + column]!;
      assert.ok(Math.abs(value - old[i]!) < 1e-5, `output ${i}: ${value}, expected ${old[i]}`);
    }
  });
});
