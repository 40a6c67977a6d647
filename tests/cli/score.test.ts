import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";
import { afterAll, beforeAll, describe, test } from "vitest";
import { neutralModel, refuses, simulatedProject, succeed, words } from "./command";

/** `score` on a small simulated set of three states, whose true maps are reconstructed from the particles of each. */

let folder: string;
const at = (...parts: string[]) => path.join(folder, ...parts);
const common = ["--truth", "sim/truth.csv", "--volumes", "truth/state_*.mrc"];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-score-"));
  simulatedProject(folder, "--snr", "20");
  neutralModel(folder);
  const training = words("--latent 1 --epochs 3 --vary position --hidden 16,16 --backend cpu");
  succeed(
    folder,
    "train",
    "--particles",
    "sim/particles.star",
    "--model",
    "model.txt",
    ...training,
    "--out",
    "run",
  );
  mkdirSync(at("truth"));
  const states = readFileSync(at("sim/truth.csv"), "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((row) => row.split(",")[1]);
  const set = await e2.particles.open(at("sim/particles.star"));
  for (const state of ["0", "1", "2"]) {
    const indices = states.flatMap((own, i) => (own === state ? [i] : []));
    const { map } = await e2.reconstruct(set, { indices, halves: "none" });
    await e2.maps.write(at("truth", `state_${state}.mrc`), map);
  }
  await set.close();
  const map = await e2.maps.read(at("truth", "state_1.mrc"));
  await e2.maps.write(at("mask.mrc"), e2.maps.densityMask(map));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The formulas of the papers in NumPy, for the files of the test that runs it. */
const published = `
import json
import numpy as np

def volume(name):
    return np.frombuffer(open(name, "rb").read()[1024:], "<f4").reshape(32, 32, 32).astype(float)

def area(a, b):
    n = len(a)
    a, b = (np.fft.fftshift(np.fft.fftn(v)) for v in (a, b))
    k = np.arange(n) - n // 2
    radius = np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + k**2)
    fsc = [1.0]
    for shell in range(1, n // 2):
        inside = (radius >= shell - 1) & (radius < shell)
        power = np.sum(abs(a[inside]) ** 2) * np.sum(abs(b[inside]) ** 2)
        fsc.append(np.sum(a[inside] * b[inside].conj()).real / np.sqrt(power))
    fsc = np.clip(fsc, 0, 1)
    return float(np.sum((fsc[1:] + fsc[:-1]) / 2) / n)

def ranks(points):
    distance = np.sum((points[:, None] - points[None]) ** 2, -1)
    return np.argsort(np.argsort(distance, axis=1), axis=1)

mask = volume("mask.mrc")
maps = [volume(f"truth/state_{i}.mrc") for i in range(3)]
areas = [[area(a, b), area(a * mask, b * mask)] for a, b in [(maps[i], maps[(i + 1) % 3]) for i in range(3)]]
truth = np.loadtxt("plane.csv", delimiter=",", skiprows=1)[:, 2:]
places = np.loadtxt("near.csv", delimiter=",")
matches = {}
for k in range(1, 12):
    means = [np.mean(np.sum((ranks(truth[s::5]) <= k) & (ranks(places[s::5]) <= k), axis=1)) for s in range(5)]
    matches[k] = [np.mean(means), np.std(means)]
a, b = ranks(truth), ranks(places)
imbalance = {}
for k in (1, 3):
    near = lambda x, y: float(2 / len(x) * np.mean(y[(x >= 1) & (x <= k)]))
    imbalance[k] = [near(a, b), near(b, a)]
print(json.dumps({"areas": areas, "matches": matches, "imbalance": imbalance}))
`;

const result = (name: string) => JSON.parse(readFileSync(at(name), "utf8"));

describe("score", () => {
  test("scores places and decoded volumes of a run, and tells masked from unmasked", () => {
    const more = ["--mask", "mask.mrc", "--per-image", "6", "--out", "score.json"];
    const printed = succeed(folder, "score", "run", ...common, ...more);
    assert.match(printed, /^neighbourhood similarity: /m);
    assert.match(
      printed,
      /^state: 3 classes, whose numbers are no coordinates .* adjusted Rand index .* -?[01]\.\d{3}$/m,
    );
    assert.match(printed, /^information imbalance, nearest neighbour: /m);
    assert.match(
      printed,
      /^per image: area under the FSC .*, masked .* over 6 volumes \(perfect: 0\.469\)$/m,
    );
    const { perImage, perConformation, neighbourhoods, imbalance, classes } = result("score.json");
    assert.equal(classes.state.classes, 3);
    assert.equal(perImage.each.length, 6);
    assert.deepEqual(
      perImage.each.map(({ particle }: { particle: number }) => particle),
      [0, 10, 20, 30, 40, 50],
    );
    assert.equal(perConformation.volumes, 3);
    assert.equal(perConformation.states.length, 3);
    assert.ok(neighbourhoods.length > 0 && imbalance.length === 2);
    for (const { unmasked, masked } of perImage.each) {
      assert.ok(unmasked > 0.1 && unmasked < 0.469 && masked > 0.1 && masked < 0.469 && masked !== unmasked);
    }
  });

  test("scores reconstructions of the nearest particles, of all of them the map of the whole set", () => {
    succeed(
      folder,
      "score",
      "run",
      ...common,
      "--reconstruct",
      "60",
      "--per-image",
      "3",
      "--out",
      "near.json",
    );
    const { perImage } = result("near.json");
    assert.equal(perImage.volumes, 3);
    assert.ok(perImage.unmasked.mean > 0.3);
  });

  test("scores places and volumes of another program; true volumes are perfect", () => {
    const truth = readFileSync(at("sim/truth.csv"), "utf8")
      .trim()
      .split("\n")
      .map((row) => row.split(","));
    writeFileSync(at("places.csv"), truth.map((row) => `${row[0]},${row[1]}\n`).join(""));
    // Of the particles 3 and 50, the volumes of their own states.
    const pairs = [3, 50].map((i) => `${i},${truth[i + 1]![1]}`);
    writeFileSync(at("assignment.csv"), `index,volume\n${pairs.join("\n")}\n`);
    const volumes = [
      "--scored",
      "truth/state_*.mrc",
      "--assignment",
      "assignment.csv",
      "--out",
      "other.json",
    ];
    succeed(folder, "score", ...common, "--places", "places.csv", "--coordinates", "state", ...volumes);
    const { perImage, perConformation } = result("other.json");
    assert.equal(perConformation, undefined);
    assert.equal(perImage.volumes, 2);
    assert.ok(Math.abs(perImage.unmasked.mean - (0.5 - 1 / 32)) < 1e-6);
  });

  test("reads what other programs write: places without header, a folder of volumes, headers without voxel size", async () => {
    mkdirSync(at("volumes"));
    const names = [3, 50].map((_, i) => `vol_00${i}.mrc`);
    for (const name of names) {
      await e2.maps.write(at("volumes", name), { ...(await e2.maps.read(at("truth/state_1.mrc"))), apix: 1 });
    }
    const places = Array.from({ length: 60 }, (_, i) => `${i / 60} ${Math.sin(i)}\n`).join("");
    writeFileSync(at("z.txt"), places);
    writeFileSync(at("z.csv"), places.replaceAll(" ", ","));
    const options = [...common, "--coordinates", "displacement", "--seed", "2"];
    const texts = ["z.txt", "z.csv"].map((file) => succeed(folder, "score", ...options, "--places", file));
    assert.equal(texts[0], texts[1]);
    assert.match(texts[0]!, /^neighbourhood similarity: .* neighbours \(by chance \d+\.\d ± \d+\.\d %\)$/m);
    assert.match(texts[0]!, /truth to places .* \(by chance [01]\.\d+ ± 0\.\d+\), places to truth/);
    const given = ["score", ...common, "--scored", "volumes"];
    refuses(folder, given, /vol_000\.mrc: expected 32 × 32 × 32 voxels of 4 Å, as the truth/);
    const printed = succeed(folder, ...given, "--apix", "4", "--out", "folder.json");
    assert.match(printed, /^ {2}FSC of shells 1 to 10, 128\.0 to 12\.8 Å: (1\.000|0\.\d+) /m);
    const { perImage } = result("folder.json");
    assert.deepEqual(
      perImage.each.map(({ particle }: { particle: number }) => particle),
      [0, 30],
    );
    assert.equal(perImage.unmasked.fsc.length, 16);
    assert.ok(Math.abs(perImage.resolutions[8] - (32 * 4) / 8) < 1e-6);
  });

  test("numbers are those of the published formulas in NumPy", () => {
    const python = path.resolve(__dirname, "../../../.venv/bin/python");
    assert.ok(existsSync(python), "the set-up installs Python with NumPy");
    const random = new e2.Random(3);
    const truth = Array.from(
      { length: 60 },
      (_, i) => `${i},${i % 3},${random.uniform()},${random.uniform()}`,
    );
    writeFileSync(at("plane.csv"), `index,state,a,b\n${truth.join("\n")}\n`);
    const near = truth.map((row) => {
      const [, , a, b] = row.split(",").map(Number);
      return `${a! + 0.1 * random.normal()},${b! ** 2 + 0.1 * random.normal()},${random.normal()}`;
    });
    writeFileSync(at("near.csv"), `${near.join("\n")}\n`);
    const volumes = ["--volumes", "truth/state_*.mrc", "--mask", "mask.mrc", "--scored", "truth/state_*.mrc"];
    // Particles 0, 1, 2 are in the states 0, 1, 2 and get the volumes 1, 2, 0.
    writeFileSync(at("turned.csv"), "index,volume\n0,1\n1,2\n2,0\n");
    const places = ["--truth", "plane.csv", "--coordinates", "a", "b", "--places", "near.csv"];
    succeed(folder, "score", ...places, ...volumes, "--assignment", "turned.csv", "--out", "numpy.json");
    const { perImage, neighbourhoods, imbalance } = result("numpy.json");
    const stated = spawnSync(python, ["-c", published], { cwd: folder, encoding: "utf8" });
    assert.equal(stated.status, 0, stated.stderr);
    const expected = JSON.parse(stated.stdout);
    const equal = (found: number, of: number, what: string) =>
      assert.ok(Math.abs(found - of) < 1e-5, `${what}: ${found}, NumPy ${of}`);
    for (const [i, { unmasked, masked }] of perImage.each.entries()) {
      equal(unmasked, expected.areas[i][0], `area of ${i}`);
      equal(masked, expected.areas[i][1], `masked area of ${i}`);
    }
    for (const { k, matches, deviation } of neighbourhoods) {
      equal(matches, expected.matches[k][0], `matches among ${k}`);
      equal(deviation, expected.matches[k][1], `deviation among ${k}`);
    }
    for (const { k, truthToPlaces, placesToTruth } of imbalance) {
      equal(truthToPlaces, expected.imbalance[k][0], `truth to places, ${k}`);
      equal(placesToTruth, expected.imbalance[k][1], `places to truth, ${k}`);
    }
  });

  test("wrong input is refused by the name of the option or file", () => {
    refuses(folder, ["score", ...common], /a run, --places or --scored/);
    refuses(folder, ["score", "run", ...common, "--state", "no"], /truth\.csv: expected the column no/);
    refuses(folder, ["score", "run", "--truth", "sim/truth.csv", "--mask", "mask.mrc"], /--mask/);
    refuses(folder, ["score", "run", "--truth", "sim/truth.csv", "--volumes", "none/*.mrc"], /none/);
    writeFileSync(at("short.csv"), "index,state\n0,1\n1,1\n");
    refuses(
      folder,
      ["score", "run", "--truth", "short.csv"],
      /expected 2 particles, as in short\.csv, found 60/,
    );
  });
});
