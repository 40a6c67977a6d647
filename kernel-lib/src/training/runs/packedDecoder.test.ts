import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { GaussianHead, type Varied } from "../../network/head";
import { LatentModel } from "../../network/latentModel";
import { pointGroup } from "../../optics/symmetry";
import { packValues, unpackValues } from "../../packedValues";
import { Random } from "../../random";
import { UnitAssembly } from "../units/unitAssembly";
import { type PackedDecoder, packDecoder, unpackDecoder } from "./packedDecoder";
import { RunDecoder } from "./runDecoder";

const { Module } = (globalThis as unknown as { WebAssembly: { Module: new (bytes: Uint8Array) => object } })
  .WebAssembly;
const wasm = new Module(readFileSync(path.join(__dirname, "../../../dist/wasm/networks.wasm")));
const random = new Random(5);

function neutralOf(count: number) {
  const params = Float32Array.from({ length: 5 * count }, (_, i) => {
    const row = Math.floor(i / count);
    return row < 3 ? 0.6 * (random.uniform() - 0.5) : 1 + random.uniform();
  });
  return { count, boxSize: 128, apix: 2, params };
}

interface Design {
  form: "network" | "quadratic";
  vary?: readonly Varied[];
  symmetry?: string;
  bodies?: boolean;
  roles?: boolean;
  gaussians?: number;
  hidden?: number[];
  parent?: RunDecoder;
}

/** A decoder with random weights that moves Gaussians by several Å. */
function decoderOf(design: Design): RunDecoder {
  const { form, vary = ["position", "amplitude", "width"], symmetry, gaussians = 60 } = design;
  const units = new UnitAssembly(symmetry === undefined ? undefined : pointGroup(symmetry));
  const neutral = design.parent?.parts.neutral ?? neutralOf(gaussians);
  const unit = units.first(neutral);
  const bodies = design.bodies ? Uint8Array.from({ length: unit.count }, (_, i) => i % 3) : undefined;
  const head = new GaussianHead(unit, vary, bodies ? { bodies } : {});
  const roles = design.roles ? { position: [0, 1], density: [2] } : undefined;
  const latent = 3;
  const { hidden = [32, 32] } = design;
  const spec = { latent, featureSize: 4, hidden, dropout: 0, form, ...(roles && { roles }) };
  const model = new LatentModel(spec, head, new Random(3), 1);
  const arrays = model.save().map((array) => {
    const last = /decoder\.(part\d\.)?weight/.test(array.name) && array.shape.at(-1)! > 32;
    return last ? { ...array, data: array.data.map((w) => 60 * w) } : array;
  });
  model.load(arrays);
  return new RunDecoder({ neutral, free: undefined, model, units, parent: design.parent });
}

const places = Float32Array.from({ length: 7 * 3 }, () => 1.5 * random.normal());

/** Largest distance in Å, and largest relative change of amplitudes and widths, between two sets of models. */
function differences(
  a: Float32Array,
  b: Float32Array,
  { count, boxSize, apix }: ReturnType<typeof neutralOf>,
) {
  let [moved, changed] = [0, 0];
  a.forEach((value, i) => {
    if (i % (5 * count) < 3 * count) moved = Math.max(moved, Math.abs(value - b[i]!) * boxSize * apix);
    else changed = Math.max(changed, Math.abs(value - b[i]!) / Math.abs(value));
  });
  return { moved, changed };
}

test.for<[string, Design]>([
  ["a network", { form: "network" }],
  ["a quadratic map", { form: "quadratic" }],
  ["a network of positions and one of amplitudes", { form: "network", roles: true }],
  ["a first unit of a symmetric molecule", { form: "network", symmetry: "C3" }],
  ["rigid bodies", { form: "quadratic", vary: ["position"], bodies: true }],
])("the decoder of a page equals that of the kernel to 0.01 Å: %s", ([, design]) => {
  compare(decoderOf(design));
});

test("the decoder of a page equals that of the kernel to 0.01 Å: a second round with fixed axes", () => {
  const parent = decoderOf({ form: "quadratic" });
  const decoder = decoderOf({ form: "network", parent });
  assert.equal(decoder.latent, 6);
  compare(decoder, Float32Array.from([...places, ...places]));
});

function compare(decoder: RunDecoder, at = places): void {
  const bytes = packValues(packDecoder(decoder));
  const page = unpackDecoder(unpackValues(bytes) as PackedDecoder, wasm);
  const expected = decoder.decodeMany(at);
  const { neutral } = decoder.parts as { neutral: ReturnType<typeof neutralOf> };
  const still = Float32Array.from(
    { length: expected.length },
    (_, i) => neutral.params[i % neutral.params.length]!,
  );
  assert.ok(differences(expected, still, neutral).moved > 3, "the test moves nothing");
  const { moved, changed } = differences(expected, page.decodeMany(at), neutral);
  assert.ok(moved < 0.01, `${moved} Å`);
  assert.ok(changed < 1e-3, `${changed}`);
  decoder.close();
}

test("packed values return as they were", () => {
  const value = {
    text: "a </script> ü",
    none: null,
    list: [Float32Array.of(1, -2.5), Uint16Array.of(65535), { deep: Int16Array.of(-3) }],
    bytes: Uint8Array.of(1, 2, 3),
  };
  assert.deepEqual(unpackValues(packValues(value)), value);
  assert.throws(() => unpackValues(packValues(value).subarray(0, -6)), RangeError);
});
