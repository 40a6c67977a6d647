import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { createStack } from "../../kernel-lib/src/formats/mrc";
import { Random } from "../../kernel-lib/src/random";
import { randomPoses, writeStar } from "../../kernel-lib/src/reconstruction/relionStar.test.helper";
import { temporaryFolder } from "../testing";
import { e2gmm, succeed, words } from "./command";

const [count, size, apix] = [60, 16, 4];

/** Images of noise, and a table that names them in another order with places 0 … 59. */
async function data(t: TestContext): Promise<string> {
  const folder = temporaryFolder(t);
  const random = new Random(1);
  const stack = await createStack(path.join(folder, "noise.mrcs"), { size: [size, size], apix });
  await stack.append(Float32Array.from({ length: count * size * size }, () => random.normal()));
  await stack.close();
  writeStar(path.join(folder, "particles.star"), randomPoses(count, 2), "noise.mrcs", { apix, size });
  const rows = Array.from({ length: count }, (_, i) => `${count - i}@noise.mrcs,${count - 1 - i}`);
  writeFileSync(path.join(folder, "z.csv"), `image,z1\n${rows.join("\n")}\n`);
  return folder;
}

test("states of another program's places are written, resumed, and chosen in one way only", async (t) => {
  const folder = await data(t);
  const given = ["states", "--particles", "particles.star", "--places", "z.csv", "--nearest", "10"];
  const grid = succeed(folder, ...given, "--grid", "3", "--out", "grid");
  assert.match(grid, /^grid\/state_01\.mrc: state 3 from \d+ particles \(/m);
  assert.match(grid, /^grid\/states\.csv: images read once, /m);
  const table = readFileSync(path.join(folder, "grid/states.csv"), "utf8").split("\n");
  assert.deepEqual(
    table.slice(1, 4).map((row) => row.split(",")[2]),
    ["3.0000", "29.5000", "56.0000"],
  );
  assert.ok(existsSync(path.join(folder, "grid/state_03_half2_unfil.mrc")));
  assert.match(
    succeed(folder, ...given, "--grid", "3", "--out", "grid", "--resume"),
    /read 0 times, 3 states of before/,
  );
  // Parts in any order, then their sums.
  for (const part of ["2/2", "1/2"]) {
    const told = succeed(folder, ...given, "--grid", "3", "--part", part, "--out", "parts");
    assert.match(
      told,
      new RegExp(`^parts: sums of part ${part[0]} of 2, .*--resume instead of --part makes the states`),
    );
  }
  assert.match(
    succeed(folder, ...given, "--grid", "3", "--out", "parts", "--resume"),
    /^parts\/states\.csv: images read 0 times, /m,
  );
  assert.equal(
    readFileSync(path.join(folder, "parts/states.csv"), "utf8").split("\n")[2]!.split(",")[3],
    "10",
  );
  // The same as an array of queued tasks.
  const queued = [...given, ...words("--grid 3 --out queued --queue local --queue-parts 2")];
  assert.match(
    succeed(folder, ...queued, "--queue-preview"),
    /--part 1\/2 --quiet|--quiet --part 1\/2[\s\S]*--part 2\/2[\s\S]*--quiet --resume$/m,
  );
  assert.match(succeed(folder, ...queued), /^sums: process \d+, 2 tasks$/m);
  succeed(folder, "jobs", "wait", "queued");
  const mapOf = (out: string) => readFileSync(path.join(folder, out, "state_02.mrc")).subarray(1024);
  assert.ok(mapOf("queued").equals(mapOf("parts")), "of the same parts the same maps, bit for bit");
  const fails = (expected: RegExp, ...args: string[]) => {
    const { code, err } = e2gmm(folder, ...given, ...args);
    assert.equal(code, 1);
    assert.match(err, expected);
  };
  fails(
    /^e2gmm: states: expected --z or --path, --clusters, or --grid, found several/,
    "--grid",
    "3",
    "--z",
    "1",
    "--out",
    "new",
  );
  fails(/^e2gmm: --part: expected a part and the number of all, such as 2\/8, found "3\/2"/, "--part", "3/2");
  fails(/^e2gmm: grid: expected/, "--z", "1", "--out", "grid");
  fails(/--z 1,2: expected 1 numbers/, "--z", "1,2", "--out", "new");
  assert.ok(!existsSync(path.join(folder, "new/states.csv")));
});
