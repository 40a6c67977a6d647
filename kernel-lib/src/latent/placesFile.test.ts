import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { readPlaces } from "./placesFile";

/** A pickle of protocol 0 of lists and dictionaries: `(dp0\nV…` written by hand. */
const list = (numbers: number[]) => `(${numbers.map((value) => `F${value}\n`).join("")}l`;
const dictionary = (entries: Record<string, string>) =>
  `(${Object.entries(entries)
    .map(([key, value]) => `V${key}\n${value}`)
    .join("")}d`;

describe("places of other programs", () => {
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
    await assert.rejects(readPlaces(file), /z\.pkl: row 1: expected finite numbers, found NaN/);
    writeFileSync(file, "Vtext\n.");
    await assert.rejects(readPlaces(file), /found no array of numbers/);
    await assert.rejects(readPlaces("z.csv", { array: "z" }), /^InputError: array: expected a pickle/);
  });
});
