import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { InputError } from "../errors";
import { parseStar, readStar } from "./star";
import { writeStarRows } from "./starWriter";

const parse = (text: string) => parseStar(Buffer.from(text), "a.star");
const refuses = (text: string, pattern: RegExp) =>
  assert.throws(
    () => {
      for (const table of parse(text).tables) if (table.count > 0) table.text(table.columns[0]!);
    },
    (error) => error instanceof InputError && pattern.test(error.message),
    pattern.source,
  );

const example = `# version 30001

data_optics

loop_
_rlnOpticsGroup #1
_rlnOpticsGroupName #2
1 one
2 'two words'

# version 30001

data_particles

loop_
_rlnA #1
_rlnName #2
_rlnB #3
1.5 "x y" -2
  -3e2	plain   4.25  # a remark
# a line of its own
+7 it's 1E-3

data_general
_rlnKey   12.5
_rlnText  "some words"
`;

test("blocks, loops, pairs, quotes and comments are distinguished", () => {
  const star = parse(example);
  assert.deepEqual(
    star.tables.map((table) => [table.block, table.columns.length, table.count]),
    [
      ["optics", 2, 2],
      ["particles", 3, 3],
    ],
  );
  assert.deepEqual(star.table("optics")!.text("_rlnOpticsGroupName"), ["one", "two words"]);
  const particles = star.table("particles")!;
  assert.deepEqual(particles.text("rlnName"), ["x y", "plain", "it's"]);
  assert.deepEqual(
    particles.numbers(["_rlnB", "_rlnA"]).map((column) => [...column]),
    [
      [-2, 4.25, 0.001],
      [1.5, -300, 7],
    ],
  );
  assert.deepEqual(
    [...star.pairs.get("general")!],
    [
      ["_rlnKey", "12.5"],
      ["_rlnText", "some words"],
    ],
  );
});

test("CRLF, blank lines, a missing last line end and several loops in a block are accepted", () => {
  const star = parse(example.replaceAll("\n", "\r\n").trimEnd());
  assert.deepEqual(star.table("particles")!.text("_rlnB"), ["-2", "4.25", "1E-3"]);
  assert.equal(star.pairs.get("general")!.get("_rlnText"), "some words");
  const two = parse("data_\nloop_\n_a\n1\n\n2\nloop_\n_b\n3\n_key value\nloop_\n_c\n4");
  assert.deepEqual(
    two.tables.map((table) => table.text(table.columns[0]!)),
    [["1", "2"], ["3"], ["4"]],
  );
  assert.equal(two.pairs.get("")!.get("_key"), "value");
});

test("columns can be requested twice and in any order", () => {
  const table = parse("data_\nloop_\n_a\n_b\n_c\n1 2 3\n4 5 6\n").table("")!;
  for (let pass = 0; pass < 2; pass++) {
    const columns = table.numbers(["_c", "_a", "_c"]).map((column) => [...column]);
    assert.deepEqual(columns, [
      [3, 6],
      [1, 4],
      [3, 6],
    ]);
  }
});

test("numbers are parsed exactly as by JavaScript", () => {
  const texts = [
    "0",
    "-0",
    "1",
    "-158.603756",
    "1e22",
    "1e23",
    "123456789012345678",
    "0.1",
    "4.35",
    "2.5e-10",
  ];
  texts.push(
    "000012.50",
    ".5",
    "5.",
    "1.7976931348623157e308",
    "5e-324",
    "9007199254740993",
    "0.000001234567890123",
  );
  const table = parse(`data_\nloop_\n_a\n${texts.join("\n")}\n`).table("")!;
  const [values] = table.numbers(["_a"]);
  for (const [i, text] of texts.entries()) assert.ok(Object.is(values![i], Number(text)), text);
});

test("text instead of a number is refused with row, line and column", () => {
  for (const wrong of ["abc", "1.2.3", "12a", "-", ".", "1e", "nan", "inf", "0x10", "1,5"]) {
    const table = parse(`data_\n\nloop_\n_a #1\n_b #2\n1 2\n3 ${wrong}\n`).table("")!;
    assert.throws(() => table.numbers(["_b"]), {
      name: "InputError",
      message: `a.star: row 2 (line 7), column _b: expected a number, found "${wrong}"`,
    });
  }
});

test("rows with too few or too many values are refused for any requested column", () => {
  refuses(
    "data_\nloop_\n_a\n_b\n1 2\n3\n",
    /a\.star: row 2 \(line 6\): expected 2 values, one for each column, found 1/,
  );
  refuses(
    "data_\nloop_\n_a\n_b\n1 2 3\n",
    /row 1 \(line 5\): expected 2 values, one for each column, found more/,
  );
  refuses('data_\nloop_\n_a\n_b\n1 "2 3\n', /row 1 \(line 5\): a closing "/);
});

test("a missing column is reported with the existing ones", () => {
  const table = parse("data_x\nloop_\n_a\n_b\n1 2\n").table("x")!;
  assert.throws(() => table.text("_c"), {
    message: "a.star: data_x: expected a column _c, found columns _a _b",
  });
});

test("other formats are refused by name", () => {
  refuses(
    "<!DOCTYPE html>\n<html><body>Not found</body></html>\n",
    /a STAR file, found HTML or XML beginning with "<!D/,
  );
  refuses("\n\n  <html>", /HTML or XML/);
  refuses("\ufeff<?xml version='1.0'?>", /HTML or XML/);
  refuses("a,b,c\n1,2,3\n", /a\.star: line 1: expected a STAR file, which begins with data_…, found "a,b,c"/);
  refuses("", /expected a STAR file, found an empty file/);
  refuses("\n # only a comment\n", /found only blanks/);
  refuses("data_\n\0\0\0", /found binary data/);
  refuses("data_\n1 2 3\n", /line 2: expected data_…, loop_ or a name that begins with _, found "1 2 3"/);
  refuses("data_\nloop_\n1 2 3\n", /line 3: expected data_…, loop_ or a name/);
  refuses("data_\nloop_\n_a\n_a\n1 2\n", /line 4: expected each column once, found a second _a/);
  refuses(
    "data_\nloop_\n_a\n_b\n;\nlong text\n;\n",
    /expected one line for each row, found a text of several lines/,
  );
});

test("chosen rows are copied byte for byte, in the requested order, with all other blocks", async (t) => {
  const folder = temporaryFolder(t);
  const source = path.join(folder, "a.star");
  writeFileSync(source, example);
  const star = await readStar(source);
  const table = star.table("particles")!;
  const written = async (rows: number[]) => {
    const target = path.join(folder, "b.star");
    await writeStarRows(target, { star, table, rows });
    return readFileSync(target, "utf8");
  };
  assert.equal(await written([0, 1, 2]), example);
  assert.equal(
    await written([0, 2]),
    example.replace("  -3e2\tplain   4.25  # a remark\n", ""),
    "a comment stays with the row below it",
  );
  assert.equal(
    await written([1, 0]),
    example.replace(/1\.5 "x y" -2\n(.*\n)# a line of its own\n.*\n/, '$11.5 "x y" -2\n'),
  );
  assert.deepEqual(readdirSync(folder).sort(), ["a.star", "b.star"]);
  assert.equal(readFileSync(source, "utf8"), example);
});

test("a last row without a line end gets one if another row follows", async (t) => {
  const folder = temporaryFolder(t);
  const source = path.join(folder, "a.star");
  writeFileSync(source, "data_\nloop_\n_a\n1\n2");
  const star = await readStar(source);
  await writeStarRows(path.join(folder, "b.star"), { star, table: star.table("")!, rows: [1, 0] });
  assert.equal(readFileSync(path.join(folder, "b.star"), "utf8"), "data_\nloop_\n_a\n2\n1\n");
});

test("the file itself is never overwritten, and a failed write leaves nothing behind", async (t) => {
  const folder = temporaryFolder(t);
  const source = path.join(folder, "a.star");
  writeFileSync(source, example);
  const star = await readStar(source);
  const table = star.table("particles")!;
  await assert.rejects(writeStarRows(source, { star, table, rows: [0] }), /another file than the one/);
  await assert.rejects(
    writeStarRows(path.join(folder, ".", "x", "..", "a.star"), { star, table, rows: [0] }),
    InputError,
  );
  await assert.rejects(writeStarRows(path.join(folder, "none", "b.star"), { star, table, rows: [0] }), {
    name: "InputError",
    message: /none.b\.star: no such file or folder$/,
  });
  assert.deepEqual(readdirSync(folder), ["a.star"]);
  assert.equal(readFileSync(source, "utf8"), example);
});

test("a compressed STAR file is read", async (t) => {
  const file = path.join(temporaryFolder(t), "a.star.gz");
  writeFileSync(file, gzipSync(example));
  assert.equal((await readStar(file)).table("particles")!.count, 3);
});

test("rows of a table are returned as text, within its range", () => {
  const table = parse("data_\nloop_\n_a\n_b\n1 'x y'\n# between\n2 z\n3 w\n").tables[0]!;
  assert.deepEqual(table.rows(0, 2), [
    ["1", "x y"],
    ["2", "z"],
  ]);
  assert.deepEqual(table.rows(2, 9), [["3", "w"]]);
  assert.deepEqual(table.rows(5, 9), []);
});
