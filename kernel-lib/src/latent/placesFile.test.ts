import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { type Field, npy } from "../particles/metadata/cryosparc.test.helper";
import { placeColumns } from "./placeColumns";
import { readPlaces } from "./placesFile";

/** A pickle of protocol 0 of lists and dictionaries: `(dp0\nV…` written by hand. */
const list = (numbers: number[]) => `(${numbers.map((value) => `F${value}\n`).join("")}l`;
const dictionary = (entries: Record<string, string>) =>
  `(${Object.entries(entries)
    .map(([key, value]) => `V${key}\n${value}`)
    .join("")}d`;

describe("places of other programs", () => {
  test("are read from a .cs file of 3D Variability, components in the order of their numbers", async (t) => {
    const file = path.join(temporaryFolder(t), "particles.cs");
    const value = (k: number, values: number[]): Field => [`components_mode_${k}/value`, "<f4", values];
    const uid: Field = ["uid", "<u8", [1n, 2n]];
    writeFileSync(file, npy([uid, value(10, [5, 6]), value(0, [1, 2]), value(1, [3, 4])]));
    assert.deepEqual(await readPlaces(file), {
      latent: 3,
      places: Float64Array.of(1, 3, 5, 2, 4, 6),
      names: { column: "uid", values: ["1", "2"] },
    });
    writeFileSync(file, npy([uid]));
    await assert.rejects(readPlaces(file), /expected fields components_mode_0\/value/);
    writeFileSync(file, npy([uid, value(0, [1, Number.NaN])]));
    await assert.rejects(readPlaces(file), /particles\.cs: row 2: expected finite numbers/);
  });

  test("are columns for the explorer, one for each axis", () => {
    const places = { latent: 2, places: Float64Array.of(1, 2, 3, 4) };
    assert.deepEqual(placeColumns(places, 2, "cryoDRGN "), [
      { name: "cryoDRGN 1", values: Float64Array.of(1, 3) },
      { name: "cryoDRGN 2", values: Float64Array.of(2, 4) },
    ]);
    assert.throws(() => placeColumns(places, 3), /expected those of 3 particles, found 2/);
  });

  test("are read from a table with or without header, in the order of its column index", async (t) => {
    const file = path.join(temporaryFolder(t), "z.csv");
    const expected = { latent: 2, places: Float64Array.of(1, 2, 3, 4) };
    for (const text of ["1,2\n3,4\n", "a b\n1 2\n3 4\n", "index,z1,z2\n1,3,4\n0,1,2\n"]) {
      writeFileSync(file, text);
      assert.deepEqual(await readPlaces(file), expected);
    }
  });

  test("of this program are the coordinates alone, the refined ones where there are", async (t) => {
    const file = path.join(temporaryFolder(t), "latents.csv");
    const expected = { latent: 2, places: Float64Array.of(1, 2) };
    for (const text of [
      "index,z1,z2,z1_refined,z1_deviation,z2_refined,z2_deviation,z1_observability,z2_observability\n0,8,9,1,0.1,2,0.2,0.9,0.8\n",
      "index,z1,z1_deviation,z2,z2_deviation\n0,1,0.1,2,0.2\n",
      "index,conformation1_A,conformation1_A_deviation,conformation1_observability,composition1_density\n0,1,0.1,0.9,2\n",
    ]) {
      writeFileSync(file, text);
      assert.deepEqual(await readPlaces(file), expected);
    }
  });

  test("are read from a pickle, by name if it has several arrays", async (t) => {
    const file = path.join(temporaryFolder(t), "z.pkl");
    writeFileSync(file, `${list([1, 2.5, -3])}.`);
    assert.deepEqual(await readPlaces(file), { latent: 1, places: Float64Array.of(1, 2.5, -3) });
    writeFileSync(
      file,
      `${dictionary({ zs: dictionary({ "4": list([1, 2]), "10": list([3, 4]) }), note: "Vtext\n" })}.`,
    );
    assert.deepEqual(await readPlaces(file, { array: "zs/10" }), {
      latent: 1,
      places: Float64Array.of(3, 4),
    });
    await assert.rejects(readPlaces(file), /z\.pkl: expected one array .*, found zs\/4 \(2\), zs\/10 \(2\)$/);
    await assert.rejects(readPlaces(file, { array: "zs/5" }), /expected an array zs\/5, found zs\/4/);
  });

  test("that are not numbers are refused", async (t) => {
    const file = path.join(temporaryFolder(t), "z.pkl");
    writeFileSync(file, `${list([1, Number.NaN])}.`);
    await assert.rejects(readPlaces(file), /z\.pkl: row 2: expected finite numbers, found NaN/);
    writeFileSync(file, "Vtext\n.");
    await assert.rejects(readPlaces(file), /found no array of numbers/);
    await assert.rejects(readPlaces("z.csv", { array: "z" }), /^InputError: array: expected a pickle/);
  });
});
