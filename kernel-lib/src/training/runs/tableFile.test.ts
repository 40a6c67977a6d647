import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { writeRows } from "../../writeRows";
import { readLatentsTable, writeLatentsTable } from "./latentsTable";
import { readTable } from "./tableFile";

function written(t: TestContext, content: string | Buffer): string {
  const file = path.join(temporaryFolder(t), "table.csv");
  writeFileSync(file, content);
  return file;
}

const read = async (file: string) => {
  const rows: number[][] = [];
  await readTable(file, ["b", "a"], (row) => rows.push(Array.from(row)));
  return rows;
};

test("a table of several blocks is read with every row whole, whatever its line ends", async (t) => {
  const count = 200_000;
  for (const end of ["\n", "\r\n"]) {
    const lines = Array.from({ length: count }, (_, i) => `${i},x,${-i / 8}`.replace("x", "7"));
    const file = written(t, `a,c,b${end}${lines.join(end)}${end}${end}`);
    let next = 0;
    const found = await readTable(file, ["b", "a"], ([b, a], i, where) => {
      assert.ok(i === next && a === i && b === -i / 8, where());
      next++;
    });
    assert.equal(found, count);
  }
});

test("tables that are no whole tables of numbers are refused with the line", async (t) => {
  for (const [content, message] of [
    ["", /line 1: expected the columns b,a, found nothing/],
    ["a,c\n1,2\n", /line 1: expected the columns b,a, found a,c/],
    ["a,b,a\n1,2,3\n", /line 1: expected the columns b,a/],
    ["a,b\n1,2\n3\n", /line 3: expected 2 numbers, found "3"/],
    ["a,b\n1,2\n3,x\n", /line 3: expected 2 numbers, found "3,x"/],
    ["a,b\n1,2\n\n3,4\n", /line 3: expected 2 numbers, found ""/],
    ["a,b\n1,2\n3,4", /expected a line end after the last row, found "3,4"/],
    [Buffer.from([97, 44, 98, 10, 0xff, 0xfe, 10]), /expected text, found 7 bytes that are not UTF-8/],
  ] as const) {
    await assert.rejects(read(written(t, content)), message);
  }
  await assert.rejects(read(path.join(temporaryFolder(t), "none.csv")), /none\.csv/);
});

test("a row that cannot be written leaves the file as it was", async (t) => {
  const file = written(t, "before");
  const row = (i: number) => {
    if (i === 99_999) throw new Error("refused");
    return String(i);
  };
  await assert.rejects(writeRows(file, "a", 100_000, row), /refused/);
  assert.equal(readFileSync(file, "utf8"), "before");
  assert.deepEqual(readdirSync(path.dirname(file)), ["table.csv"]);
});

test("latents.csv says what was written of it, which is what is read again", async (t) => {
  const [count, latent] = [30_000, 2];
  const numbers = (scale: number) =>
    Float32Array.from({ length: count * latent }, (_, i) => scale * (1 + Math.sin(i)));
  const posterior = { mean: numbers(0.7), standardDeviation: numbers(0.1) };
  const file = path.join(temporaryFolder(t), "latents.csv");
  const { encoder, ...written } = await writeLatentsTable(file, {
    ...{ latent, encoder: numbers(3), posterior, copies: 2 },
  });
  const { observability, ...again } = await readLatentsTable(file, { particles: count, latent });
  assert.deepEqual(again, { encoder, ...written });
  assert.ok(Math.abs(again.refined[17]! - posterior.mean[17]!) < 1e-6 && observability[17]! > 0);
  const lines = readFileSync(file, "utf8").split("\n");
  assert.match(lines[0]!, /^index,z1,z2,z1_refined,.*,particle,copy$/);
  assert.match(lines[8]!, /^7,.*,3,1$/);
});
