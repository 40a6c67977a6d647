import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";
import type { ImageSource } from "e2gmm/dist/reconstruction/imageSource";
import { reconstruct } from "e2gmm/dist/reconstruction/reconstruct";
import { afterAll, beforeAll, describe, test } from "vitest";
import { simulatedProject, succeed } from "../cli/command";
import { correlation, readStack } from "../cli/mrc";

/** Constant images, ones on another scale and ones with a hot pixel are left out of reconstructions and listed. */

const random = new e2.Random(6);
const noise = (count: number, deviation = 1, mean = 0) =>
  Array.from({ length: count }, () => mean + deviation * random.normal());

describe("images that would dominate a sum", () => {
  const edge = 16;
  const pixels = edge * edge;
  const group = { boxSize: edge, apix: 2, phaseFlipped: false, ctfPremultiplied: false };
  const bright = { ...group };
  type Images = Float32Array[];
  const pixel = (image: Float32Array, i: number, value: number) => {
    image[i] = value;
    return image;
  };
  const set = (count: number, deviation = 1): Images =>
    Array.from({ length: count }, () => Float32Array.from(noise(pixels, deviation, 3)));

  function source(images: Images, groupOf = (_: number) => group): ImageSource {
    return {
      count: images.length,
      boxSize: edge,
      apix: 2,
      opticsGroup: groupOf,
      rotations: () => Float32Array.from(images.flatMap(() => [1, 0, 0, 0, 1, 0, 0, 0, 1])),
      shifts: () => new Float32Array(2 * images.length),
      ctf: () => undefined,
      readGroupImages: async (indices) =>
        Float32Array.from(Array.from(indices, (i) => [...images[i]!]).flat()),
    };
  }

  const cases: [name: string, image: (good: Float32Array) => Float32Array, reason: RegExp | undefined][] = [
    ["a pixel of 1e9", (good) => pixel(good, 7, 1e9), /standard deviation is .* times the median/],
    [
      "a pixel at a thousand standard deviations",
      (good) => pixel(good, 7, 1000),
      /standard deviation is .* times the median/,
    ],
    [
      "a pixel at −130 standard deviations",
      (good) => pixel(good, 7, -130),
      /a pixel is 133 standard deviations from its mean/,
    ],
    ["a pixel at 20 standard deviations, as of gold beads", (good) => pixel(good, 7, 20), undefined],
    ["a scale of 1e4", (good) => good.map((v) => 1e4 * v), /standard deviation is .* times the median/],
    ["a scale of 1e-4", (good) => good.map((v) => 1e-4 * v), /standard deviation is 1\/.* of the median/],
    ["a scale of 30", (good) => good.map((v) => 30 * v), /standard deviation is \d\d times/],
    ["a scale of 3", (good) => good.map((v) => 3 * v), undefined],
    ["inverted contrast", (good) => good.map((v) => -v), undefined],
    ["all pixels 0", (good) => good.fill(0), /all its pixels are 0/],
    ["all pixels 4.2", (good) => good.fill(4.2), /all its pixels are 4\.2/],
    ["a bright offset", (good) => good.map((v) => v + 1000), undefined],
  ];
  for (const [name, change, reason] of cases) {
    test(`${name}: ${reason?.source ?? "used"}`, async () => {
      const images = set(40);
      images[7] = change(images[7]!.slice());
      const { leftOut, map } = await reconstruct(source(images), { halves: "none" });
      if (!reason) {
        assert.deepEqual(leftOut, []);
        return;
      }
      assert.deepEqual(
        leftOut.map(({ index }) => index),
        [7],
      );
      assert.match(leftOut[0]!.reason, reason);
      const without = images.filter((_, i) => i !== 7);
      assert.deepEqual(map.data, (await reconstruct(source(without), { halves: "none" })).map.data);
      const kept = await reconstruct(source(images), { halves: "none", keepOutliers: true });
      assert.deepEqual(kept.leftOut, []);
      assert.notDeepEqual(kept.map.data, map.data);
    });
  }

  test("several outliers are found in any order", async () => {
    const images = set(300);
    const wrong = [0, 3, 150, 298, 299];
    for (const [k, i] of wrong.entries()) images[i] = images[i]!.map((v) => (k % 2 === 0 ? 1e6 * v : 0));
    const { leftOut } = await reconstruct(source(images), { halves: "none" });
    assert.deepEqual(
      leftOut.map(({ index }) => index),
      wrong,
    );
  });

  test("each optics group is judged by its own scale", async () => {
    const images = [...set(30, 1), ...set(30, 500)];
    images[40] = images[40]!.map((v) => v * 100);
    const groupOf = (i: number) => (i < 30 ? group : bright);
    const { leftOut } = await reconstruct(source(images, groupOf), { halves: "none" });
    assert.deepEqual(
      leftOut.map(({ index }) => index),
      [40],
    );
  });

  test("noise-free images with sharp peaks are not outliers", async () => {
    const images = Array.from({ length: 40 }, (_, i) => pixel(new Float32Array(pixels), i, 1 + i / 20));
    assert.deepEqual((await reconstruct(source(images), { halves: "none" })).leftOut, []);
  });

  test("a set of constant images is refused", async () => {
    const images = set(5).map((image) => image.fill(1));
    await assert.rejects(reconstruct(source(images)), /expected images that vary, found 5 constant ones/);
  });
});

describe("the command", () => {
  let folder: string;
  const at = (name: string) => path.join(folder, name);
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "e2gmm-hot-"));
    simulatedProject(folder, "--snr", "4");
    const star = readFileSync(at("sim/particles.star"), "utf8");
    writeFileSync(at("sim/hot.star"), star.replaceAll("particles.mrcs", "hot.mrcs"));
    const hot = readFileSync(at("sim/particles.mrcs"));
    hot.writeFloatLE(1e9, 1024 + 4 * (7 * 1024 + 500));
    writeFileSync(at("sim/hot.mrcs"), hot);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const reconstructed = (...args: string[]) => {
    const printed = succeed(folder, "reconstruct", "--out", "map.mrc", "--particles", ...args);
    return { printed, map: readStack(at("map.mrc")).data };
  };

  test("an image with a hot pixel is listed and left out, unless it is kept by an option", () => {
    const { printed, map } = reconstructed("sim/hot.star");
    assert.match(printed, /note: sim\/hot\.star: 1 of 60 images is unlike the others and left out \(row 8: /);
    assert.match(printed, /map\.mrc: 59 particles/);
    writeFileSync(at("others.txt"), Array.from({ length: 60 }, (_, i) => (i === 7 ? "" : `${i}\n`)).join(""));
    const others = reconstructed("sim/particles.star", "--select", "others.txt").map;
    assert.ok(correlation(others, map) > 0.9999);
    const kept = reconstructed("sim/hot.star", "--keep-outliers");
    assert.doesNotMatch(kept.printed, /note/);
    assert.ok(correlation(kept.map, map) < 0.5);
  });
});
