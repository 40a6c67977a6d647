import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as e2 from "e2gmm";
import { createStack } from "e2gmm/dist/formats/mrc";
import { starNumber } from "e2gmm/dist/formats/relionStar";
import { RunFolder } from "e2gmm/dist/training/runs/run";
import { describe, test } from "vitest";
import { temporaryFolder } from "../testing";

/** Numbers that are not finite are never written: an existing file stays unchanged, and no temporary file is left. */

const wrong = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

function model(change: (model: e2.model.GaussianModel) => void): e2.model.GaussianModel {
  const made: e2.model.GaussianModel = {
    count: 2,
    params: Float32Array.of(0, 0.1, 0, 0.1, 0, 0.1, 1, 2, 1.5, 1.5),
    boxSize: 16,
    apix: 2,
    origin: [1, 2, 3],
  };
  change(made);
  return made;
}

const volume = () => ({
  data: new Float32Array(4 ** 3),
  size: [4, 4, 4] as [number, number, number],
  apix: 2,
});

/** Name, function that writes a wrong value, and what the error must name. */
const cases: [name: string, write: (file: string, value: number) => Promise<unknown>, what: RegExp][] = [
  ...["x", "y", "z", "the amplitude", "sigma"].flatMap((name, row): typeof cases => {
    const broken = (value: number) => model(({ params }) => params.fill(value, 2 * row + 1, 2 * row + 2));
    const what = new RegExp(`for ${name} of Gaussian 2$`);
    return [
      [`model as text, ${name}`, (file, value) => e2.model.writeText(file, broken(value)), what],
      [
        `model as PDB, ${name}`,
        (file, value) => e2.model.writePdb(file, [model(() => {}), broken(value)]),
        what,
      ],
    ];
  }),
  [
    "model as text, pixel size",
    (file, value) =>
      e2.model.writeText(
        file,
        model((m) => {
          m.apix = value;
        }),
      ),
    /the pixel size/,
  ],
  [
    "model as PDB, origin",
    (file, value) =>
      e2.model.writePdb(
        file,
        model((m) => {
          m.origin = [0, value, 0];
        }),
      ),
    /the origin/,
  ],
  [
    "map, a voxel",
    (file, value) => e2.maps.write(file, { ...volume(), data: volume().data.fill(value, 27, 28) }),
    /for the pixel 3, 2 of section 2$/,
  ],
  [
    "map, the last voxel",
    (file, value) => e2.maps.write(file, { ...volume(), data: volume().data.fill(value, 63) }),
    /for the pixel 3, 3 of section 4$/,
  ],
  [
    "map, the pixel size",
    (file, value) => e2.maps.write(file, { ...volume(), apix: value }),
    /the pixel size or the origin/,
  ],
  [
    "map, the origin",
    (file, value) => e2.maps.write(file, { ...volume(), origin: [0, value, 0] }),
    /the pixel size or the origin/,
  ],
  [
    "map of a model",
    (file, value) => e2.maps.write(file, e2.model.density(model(({ params }) => params.fill(value, 6, 7)))),
    /for the pixel/,
  ],
  [
    "stack, the second part",
    async (file, value) => {
      const stack = await createStack(file, { size: [4, 4], apix: 2 });
      try {
        await stack.append(new Float32Array(32));
        await stack.append(new Float32Array(32).fill(value, 20, 21));
        await stack.close();
      } finally {
        await stack.abort();
      }
    },
    /for the pixel 0, 1 of section 4$/,
  ],
];

for (const [name, write, what] of cases) {
  test(name, async (t) => {
    const folder = temporaryFolder(t);
    const file = path.join(folder, "out.file");
    writeFileSync(file, "before");
    for (const value of wrong) {
      await assert.rejects(write(file, value), (error) => {
        assert.ok(error instanceof e2.InputError, String(error));
        assert.match(
          error.message,
          /out\.file: expected only finite numbers to be written, found (NaN|-?Infinity)/,
        );
        assert.match(error.message, what);
        return true;
      });
    }
    assert.deepEqual(readdirSync(folder), ["out.file"]);
    assert.equal(readFileSync(file, "utf8"), "before");
  });
}

describe("tables", () => {
  test("latents.csv: latents and standard deviations", async (t) => {
    const folder = temporaryFolder(t);
    const run = new RunFolder(folder);
    for (const value of wrong) {
      const good = () => new Float32Array(6);
      const bad = good().fill(value, 3, 4);
      for (const [encoder, mean, standardDeviation] of [
        [bad, good(), good()],
        [good(), bad, good()],
        [good(), good(), bad],
      ] as const) {
        await assert.rejects(
          run.writeLatents({ latent: 2, encoder, posterior: { mean, standardDeviation }, copies: 1 }),
          /latents\.csv: expected only finite numbers to be written, found .* for z2 of particle 1$/,
        );
      }
    }
    assert.deepEqual(readdirSync(folder), []);
  });

  test("FSC tables and numbers of a STAR file", () => {
    const curve = {
      shell: Int32Array.of(0),
      frequency: new Float64Array(1),
      resolution: new Float64Array(1),
    };
    for (const value of wrong) {
      assert.throws(
        () => e2.reconstruction.formatFsc({ ...curve, fsc: Float64Array.of(value) }, "fsc.txt"),
        /fsc\.txt: .*shell 0/,
      );
      assert.throws(() => starNumber(value), /expected a finite number/);
    }
  });

  test("the truth of simulated particles", async (t) => {
    const folder = temporaryFolder(t);
    const made = e2.simulate.fromModels([model(() => {})], {
      folder,
      particlesPerState: 2,
      truth: { angle: [Number.NaN] },
    } as Parameters<typeof e2.simulate.fromModels>[1]);
    await assert.rejects(made, e2.InputError);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name === "truth.csv" || name.endsWith(".part")),
      [],
    );
  });
});

test("an error names the target file, not the temporary one", async (t) => {
  const folder = temporaryFolder(t);
  const passing = path.join(folder, "out.mrc.0123abcd.part");
  await assert.rejects(
    e2.maps.write(passing, { ...volume(), apix: Number.NaN }),
    /\/out\.mrc: expected only finite/,
  );
  assert.deepEqual(readdirSync(folder), []);
});
