import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { openParticles } from "../particles/particleSet";
import { randomPoses, writeStar } from "../reconstruction/relionStar.test.helper";
import { matchPlaces } from "./matchPlaces";
import { readPlaces } from "./placesFile";

/** Four particles of one stack, and a file beside them. */
async function opened(t: TestContext, name: string, text: string) {
  const folder = temporaryFolder(t);
  const star = path.join(folder, "particles.star");
  writeStar(star, randomPoses(4, 1), "Extract/job004/stack.mrcs", { apix: 1, size: 8 });
  const set = await openParticles(star);
  t.onTestFinished(() => set.close());
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return { set, file };
}

test("rows without names are the particles of the set, or those of the whole file", async (t) => {
  const { set, file } = await opened(t, "z.csv", "z1,z2\n1,2\n3,4\n5,6\n7,8\n");
  const places = await readPlaces(file);
  assert.deepEqual([...matchPlaces(places, set)], [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual([...matchPlaces(places, set.select([3, 0]))], [7, 8, 1, 2]);
  const three = { latent: 1, places: Float64Array.of(1, 2, 3) };
  assert.throws(
    () => matchPlaces(three, set, "z.csv"),
    /z\.csv: expected a row for each of the 4 particles .*, found 3/,
  );
});

test("rows with the name of the image are found in any order, by the folder too where it is the same", async (t) => {
  const rows = [
    "4@stack.mrcs\t40",
    "000002@other/place/stack.mrcs\t20",
    "1@stack.mrcs\t10",
    "3@stack.mrcs\t30",
    "9@stack.mrcs\t90",
  ];
  const { set, file } = await opened(t, "z.tsv", `_rlnImageName\tz1\n${rows.join("\n")}\n`);
  assert.deepEqual([...matchPlaces(await readPlaces(file), set)], [10, 20, 30, 40]);
  writeFileSync(file, `image z1\n${rows.slice(1).join("\n").replaceAll("\t", " ")}\n`);
  const missing = await readPlaces(file);
  assert.throws(
    () => matchPlaces(missing, set, file),
    /expected one row with the image 4@Extract\/job004\/stack\.mrcs, .*found none/,
  );
  writeFileSync(file, `image,z1\n${[...rows, rows[0]].join("\n").replaceAll("\t", ",")}\n`);
  const twice = await readPlaces(file);
  assert.throws(() => matchPlaces(twice, set, file), /one row with the image/);
  writeFileSync(file, "image,z1\n1@stack.mrcs,much\n");
  await assert.rejects(readPlaces(file), /z\.tsv: line 2: expected an image and 1 numbers/);
});
