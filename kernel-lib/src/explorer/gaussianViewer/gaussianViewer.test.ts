import assert from "node:assert/strict";
import { connect, disconnect, FakeTransport, type Sent } from "tslab-widgets/testing";
import { afterEach, beforeEach, test } from "vitest";
import { InputError } from "../../errors";
import type { Volume } from "../../maps/volume";
import { modelDensity } from "../../model/density";
import { emptyModel, type GaussianModel } from "../../model/gaussianModel";
import { parseModelPdb } from "../../model/pdb";
import { Random } from "../../random";
import { displayedMap } from "./displayedMap";
import { GaussianViewer } from "./gaussianViewer";
import { gaussiansInShapes } from "./maskShapes";

let transport: FakeTransport;
beforeEach(() => {
  transport = connect(new FakeTransport());
});
afterEach(disconnect);

const COUNT = 60;

function model(shift = 0): GaussianModel {
  const random = new Random(5);
  const made = emptyModel(COUNT, 32, 2);
  for (let i = 0; i < COUNT; i++) {
    for (let axis = 0; axis < 3; axis++) made.params[axis * COUNT + i] = 0.6 * random.uniform() - 0.3;
    made.params[3 * COUNT + i] = 0.5 + random.uniform();
    made.params[4 * COUNT + i] = 0.8 + 0.4 * random.uniform();
    made.params[i]! += shift;
  }
  return made;
}

function ball(size: number, apix: number): Volume {
  const data = new Float32Array(size ** 3);
  const middle = Math.floor(size / 2);
  for (let z = 0, at = 0; z < size; z++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++, at++) {
        const r = Math.hypot(x - middle, y - middle, z - middle);
        data[at] = Math.exp((-r * r) / (2 * (size / 10) ** 2));
      }
    }
  }
  return { data, size: [size, size, size], apix };
}

test("a new model is one message with a buffer of 20 bytes per Gaussian", () => {
  const viewer = new GaussianViewer({ neutral: model() });
  transport.sent.length = 0;
  const moved = model(0.05);
  viewer.show(moved);
  assert.equal(transport.sent.length, 1);
  const [{ data, buffers }] = transport.sent as [Sent];
  assert.deepEqual(data["buffer_paths"], [["gaussians"]]);
  assert.deepEqual(data["state"], {});
  assert.equal(buffers[0]!.byteLength, 20 * COUNT);
  assert.deepEqual(viewer.gaussians, moved.params);
  // The viewer has its own copy
  moved.params.fill(0);
  assert.notEqual(viewer.gaussians[0], 0);
});

test("a model with another pixel size is shown at its positions and widths in Å", () => {
  const viewer = new GaussianViewer({ neutral: model() });
  const finer = { ...model(), boxSize: 64, apix: 1 };
  viewer.show(finer);
  assert.ok(Math.abs(viewer.gaussians[0]! - finer.params[0]!) < 1e-6);
  assert.ok(Math.abs(viewer.gaussians[4 * COUNT]! * 2 - finer.params[4 * COUNT]!) < 1e-6);
});

test("models, flags and maps that do not fit are refused with what was expected", () => {
  const viewer = new GaussianViewer({ neutral: model() });
  const broken = model();
  broken.params[COUNT + 3] = Number.NaN;
  assert.throws(
    () => viewer.show(emptyModel(3, 32, 2)),
    /expected 60 Gaussians like the neutral model, found 3/,
  );
  assert.throws(() => viewer.show({ ...model(), apix: 3 }), InputError);
  assert.throws(() => viewer.show(broken), /Gaussian 4/);
  assert.throws(() => new GaussianViewer({ neutral: emptyModel(0, 32, 2) }), /at least one Gaussian/);
  assert.throws(() => new GaussianViewer({ neutral: model(), free: new Uint8Array(2) }), /60 flags/);
  assert.throws(
    () => viewer.setMap("m", { data: new Float32Array(7), size: [2, 2, 2], apix: 1 }),
    /8 values/,
  );
  assert.throws(() => viewer.setMap("m", ball(8, 1), { colour: "javascript:x" }), /a colour such as/);
  assert.throws(() => {
    viewer.region = new Uint8Array(4);
  }, /expected 60 numbers/);
  assert.deepEqual(viewer.gaussians, model().params);
});

test("a mask from a view returns the Gaussians in it and notifies observers", () => {
  const viewer = new GaussianViewer({ neutral: model() });
  const heard: number[] = [];
  viewer.observe("region", (region) => heard.push(region.reduce((sum, flag) => sum + flag, 0)));
  viewer.show(model(0.2));
  const sphere = { kind: "sphere", mode: "add", centre: [0, 0, 0], radius: 18 };
  const box = { kind: "box", mode: "subtract", centre: [10, 0, 0], size: [20, 64, 64] };
  transport.update(viewer.id, { shapes: [sphere, box] });
  const { params } = model();
  const expected = Array.from({ length: COUNT }, (_, i) => {
    const [x, y, z] = [0, 1, 2].map((axis) => 64 * params[axis * COUNT + i]!) as [number, number, number];
    return Math.hypot(x, y, z) <= 18 && !(x >= 0 && x <= 20) ? 1 : 0;
  });
  assert.ok(expected.includes(1));
  assert.deepEqual([...viewer.region], expected);
  assert.deepEqual(heard, [expected.filter((flag) => flag === 1).length]);
  const back = transport.sent.filter(({ data }) => JSON.stringify(data["buffer_paths"]) === '[["region"]]');
  assert.equal(back.length, 1);
});

test("invalid shapes are refused, and the mask stays", () => {
  const viewer = new GaussianViewer({ neutral: model() });
  const bad = [{ kind: "sphere", mode: "add", centre: [0, 0], radius: 5 }];
  assert.throws(() => transport.update(viewer.id, { shapes: bad }));
  assert.deepEqual(viewer.shapes, []);
  assert.equal(gaussiansInShapes(model(), [])[0], 0);
});

test("a map that is replaced keeps its look; a removed one is closed", () => {
  const viewer = new GaussianViewer({ neutral: model() });
  const name = "<b>set 1</b> ../../x";
  viewer.setMap(name, ball(32, 2), { colour: "#123456" });
  viewer.setMap("other", ball(32, 2));
  const [map] = viewer.maps;
  assert.equal(map!.name, name);
  map!.level = map!.mean + 5 * map!.sigma;
  const doubled = ball(32, 2);
  doubled.data.forEach((value, i) => {
    doubled.data[i] = 2 * value;
  });
  viewer.setMap(name, doubled);
  assert.equal(viewer.maps[0], map);
  assert.equal(map!.colour, "#123456");
  assert.ok(Math.abs((map!.level - map!.mean) / map!.sigma - 5) < 1e-6);
  viewer.setMap(name, null);
  assert.deepEqual(
    viewer.maps.map((one) => one.name),
    ["other"],
  );
  assert.ok(map!.closed);
});

test("a large map is sent with at most 128 voxels along an edge and the same values at the same positions in Å", () => {
  const shown = displayedMap(ball(150, 1), "map", { boxSize: 150, apix: 1 });
  assert.deepEqual(shown.size, [128, 128, 128]);
  assert.ok(shown.data.byteLength < 5e6);
  assert.match(
    shown.note,
    /^drawn with 128 × 128 × 128 of its 150 × 150 × 150 voxels \(1\.17 Å instead of 1\.00 Å\)$/,
  );
  const value = (x: number) => {
    const at = 64 + x + 128 * (64 + 128 * 64);
    return shown.low + (shown.data[at]! * (shown.high - shown.low)) / 65535;
  };
  for (const x of [0, 10, -17]) {
    const r = x * shown.apix;
    assert.ok(Math.abs(value(x) - Math.exp((-r * r) / (2 * 15 * 15))) < 1e-3);
    assert.ok(Math.abs(shown.origin[0] + (64 + x) * shown.apix - r) < 1e-9);
  }
});

test("Fourier cropping of a cube agrees with trigonometric interpolation, also for odd sizes", () => {
  const random = new Random(3);
  const volume = {
    data: new Float32Array(131 ** 3),
    size: [131, 131, 131] as [number, number, number],
    apix: 1,
  };
  // Nothing at the frequencies that are cropped
  for (let k = 0; k < 6; k++) {
    const [a, b, c] = [random.integer(9), random.integer(9), random.integer(9)];
    for (let z = 0, at = 0; z < 131; z++) {
      for (let y = 0; y < 131; y++) {
        for (let x = 0; x < 131; x++, at++) {
          volume.data[at]! += Math.cos((2 * Math.PI * (a * x + b * y - c * z)) / 131 + k);
        }
      }
    }
  }
  const shown = displayedMap(volume, "map");
  const step = (shown.high - shown.low) / 65535;
  for (let k = 0; k < 6; k++) {
    const at = [random.integer(128), random.integer(128), random.integer(128)] as const;
    const value = shown.low + step * shown.data[at[0] + 128 * (at[1] + 128 * at[2])]!;
    const expected = interpolated(
      volume,
      at.map((i) => ((i - 64) * 131) / 128 + 65) as [number, number, number],
    );
    assert.ok(Math.abs(value - expected) < 1e-3, `${value} is not ${expected}`);
  }
});

/** Trigonometric interpolation: the sum over the voxels of a cube with the Dirichlet kernel. */
function interpolated({ data, size: [n] }: Volume, place: [number, number, number]): number {
  const weights = place.map((p) =>
    Float64Array.from({ length: n }, (_, q) => {
      const sin = Math.sin((Math.PI * (p - q)) / n);
      return Math.abs(sin) < 1e-12 ? 1 : Math.sin(Math.PI * (p - q)) / (n * sin);
    }),
  );
  let sum = 0;
  for (let z = 0, at = 0; z < n; z++) {
    for (let y = 0; y < n; y++) {
      const weight = weights[2]![z]! * weights[1]![y]!;
      for (let x = 0; x < n; x++, at++) sum += weight * weights[0]![x]! * data[at]!;
    }
  }
  return sum;
}

test("a map with a box of another length is reported", () => {
  assert.match(
    displayedMap(ball(20, 2), "map", { boxSize: 32, apix: 2 }).note,
    /its box \(40 × 40 × 40 Å\) differs from the model's \(64 Å\)/,
  );
  assert.equal(displayedMap(ball(20, 3.2), "map", { boxSize: 32, apix: 2 }).note, "");
});

test("the density of the model is computed when a view shows it", () => {
  const viewer = new GaussianViewer({ neutral: model() });
  viewer.show(model(0.1));
  assert.equal(viewer.density.data.length, 0);
  transport.update(viewer.density.id, { visible: true });
  const { data, low, high, size } = viewer.density;
  assert.deepEqual([...size], [64, 64, 64]);
  const expected = modelDensity(model(0.1), { boxSize: 64 }).data;
  const step = (high - low) / 65535;
  assert.ok(data.every((value, i) => Math.abs(low + step * value - expected[i]!) <= step));
  assert.ok(viewer.density.level > 0);
});

test("a motion is sent as frames of 16 bits and saved as models of a PDB file", () => {
  const viewer = new GaussianViewer({ neutral: model() });
  const path = [0, 0.03, 0.06].map(model);
  viewer.play(path, { name: "closing" });
  assert.equal(viewer.frameCount, 3);
  const [low, high] = [viewer.frameLow[0]!, viewer.frameHigh[0]!];
  const x = low + ((high - low) * viewer.frames[2 * 5 * COUNT]!) / 65535;
  assert.ok(Math.abs(x - path[2]!.params[0]!) < 1e-5);
  transport.sent.length = 0;
  transport.receive(viewer.id, { method: "custom", content: { kind: "pdb", id: "7" } });
  const [{ data, buffers }] = transport.sent as [Sent];
  assert.deepEqual(data["content"], { kind: "answer", id: "7", name: "closing.pdb", part: 0, parts: 1 });
  const saved = parseModelPdb(Buffer.from(buffers[0] as Uint8Array).toString("utf8"), "closing.pdb");
  assert.equal(saved.length, 3);
  assert.ok(Math.abs(saved[1]!.params[5]! - path[1]!.params[5]!) * 64 < 1e-3);
  viewer.play([]);
  transport.sent.length = 0;
  transport.receive(viewer.id, { method: "custom", content: { kind: "pdb", id: "8" } });
  assert.deepEqual(transport.sent[0]!.data["content"], {
    kind: "problem",
    id: "8",
    text: "There is no path to save.",
  });
});

test("a motion that is too long for a message loses frames evenly and reports it", () => {
  const count = 20_000;
  const large = emptyModel(count, 32, 2);
  const viewer = new GaussianViewer({ neutral: large });
  const path = Array.from({ length: 51 }, (_, i) => {
    const made = emptyModel(count, 32, 2);
    made.params[0] = i / 100;
    return made;
  });
  viewer.play(path);
  assert.ok(viewer.frames.byteLength <= 5e6);
  assert.equal(viewer.frameCount, 25);
  assert.equal(viewer.frames[24 * 5 * count], 65535);
  assert.equal(viewer.notice, "The path has 51 frames; 25 are shown.");
});

test("without a kernel it is a picture, in which the title is never markup", () => {
  const viewer = new GaussianViewer({ neutral: model(), title: "<script>alert(1)</script>" });
  viewer.show(model(0.1));
  const { html, text, png } = viewer.picture();
  assert.ok(png && png.length > 1000);
  assert.ok(html.includes("&lt;script&gt;") && !html.includes("<script>"));
  assert.match(text, /60 Gaussians in a box of 64 Å, at most 6\.4 Å from the neutral model/);
});

test("closing the viewer closes its maps", () => {
  const viewer = new GaussianViewer({ neutral: model() });
  viewer.setMap("map", ball(16, 4));
  const maps = [viewer.density, ...viewer.maps];
  viewer.close();
  assert.ok(viewer.closed && maps.every((map) => map.closed));
});
