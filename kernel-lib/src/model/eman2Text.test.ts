import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { halfWidth } from "../fourier/fft";
import { rotationFromEuler } from "../optics/pose";
import { Random } from "../random";
import { readEman2Text, writeEman2Text } from "./eman2Text";
import { emptyModel } from "./gaussianModel";
import { projectionTransform } from "./projectionTransform";

const size = 16;

/** A model of a few Gaussians. */
function model() {
  const random = new Random(3);
  const made = emptyModel(5, size, 2.5);
  for (let i = 0; i < 5; i++) {
    for (let row = 0; row < 3; row++) made.params[row * 5 + i] = 0.6 * random.uniform() - 0.3;
    made.params[15 + i] = 0.5 + random.uniform();
    made.params[20 + i] = 1 + random.uniform();
  }
  return made;
}

/**
 * The projection of a text file by the formulas of EMAN2's programs/e2gmm_refine_new.py (make_matrix, xf2pts, pts2img_one_sig), for
 * az, alt, phi in degrees, tx and ty in units of the box.
 */
function eman2Sample(text: string, angles: number[], [kx, ky]: [number, number]): [number, number] {
  const [az, alt, phi, tx, ty] = angles as [number, number, number, number, number];
  const degree = Math.PI / 180;
  const [a, t, p] = [-az * degree, alt * degree, -phi * degree];
  const x = [
    Math.cos(p) * Math.cos(a) - Math.cos(t) * Math.sin(a) * Math.sin(p),
    Math.cos(p) * Math.sin(a) + Math.cos(t) * Math.cos(a) * Math.sin(p),
    Math.sin(t) * Math.sin(p),
  ];
  const y = [
    -Math.sin(p) * Math.cos(a) - Math.cos(t) * Math.sin(a) * Math.cos(p),
    -Math.sin(p) * Math.sin(a) + Math.cos(t) * Math.cos(a) * Math.cos(p),
    Math.sin(t) * Math.cos(p),
  ];
  let [re, im] = [0, 0];
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [px, py, pz, amplitude, sigma] = line.split(" ").map(Number) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const dot = (row: number[]) => row[0]! * px + row[1]! * py + row[2]! * pz;
    const turn = -2 * Math.PI * (kx * (dot(x) + tx) + ky * (-dot(y) + ty));
    const weight = amplitude * Math.exp(-(kx * kx + ky * ky) * sigma * 1e-3);
    re += weight * Math.cos(turn);
    im += weight * Math.sin(turn);
  }
  return [re, im];
}

test("EMAN2's e2gmm projects the written text as this program projects the model, but for one factor", async (t) => {
  const file = path.join(temporaryFolder(t), "model.txt");
  const ours = model();
  await writeEman2Text(file, ours);
  const text = readFileSync(file, "utf8");
  const scale = Number(/amplitude_scale (\S+)/.exec(text)![1]);
  const [rot, tilt, psi, tx, ty] = [35, 70, -110, 0.04, -0.03];
  const half = new Float64Array(2 * halfWidth(size) * size);
  projectionTransform(ours, { rotation: rotationFromEuler([rot, tilt, psi]), shift: [tx, ty] }, half);
  for (const [kx, ky] of [
    [0, 0],
    [3, 1],
    [2, -4],
    [0, 5],
  ] as const) {
    const at = 2 * (kx + halfWidth(size) * ((ky + size) % size));
    const [re, im] = eman2Sample(text, [rot + 90, tilt, psi - 90, tx, ty], [kx, ky]);
    const largest = scale * Math.abs(half[0]!);
    assert.ok(Math.abs(re - scale * half[at]!) < 2e-6 * largest, `${kx} ${ky}: ${re}`);
    assert.ok(Math.abs(im - scale * half[at + 1]!) < 2e-6 * largest, `${kx} ${ky}: ${im}`);
  }
});

test("a model comes back from EMAN2's text as it was, and one of EMAN2 as it stands there", async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "model.txt");
  const ours = model();
  await writeEman2Text(file, ours);
  const back = await readEman2Text(file, { boxSize: size, apix: 2.5 });
  for (const [i, value] of ours.params.entries()) {
    assert.ok(Math.abs(back.params[i]! - value) < 1e-5 * Math.max(1, Math.abs(value)), `${i}`);
  }
  // As numpy.savetxt writes it
  writeFileSync(file, "1.0e-01 2.0e-01 -3.0e-01 5.0e-01 1.0e+00\n");
  const { params } = await readEman2Text(file, { boxSize: 64, apix: 1.5 });
  assert.deepEqual(
    Array.from(params.subarray(0, 3), (x) => Number(x.toFixed(6))),
    [0.1, -0.2, 0.3],
  );
  assert.ok(Math.abs(params[4]! - 64 * Math.sqrt(1e-3 / (2 * Math.PI ** 2))) < 1e-6);
  writeFileSync(file, "1 2 3\n");
  await assert.rejects(
    readEman2Text(file, { boxSize: 64, apix: 1.5 }),
    /model\.txt: line 1: expected five numbers/,
  );
});
