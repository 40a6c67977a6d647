import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { inputOf, until } from "./fileModel.test.helper.js";
import { StarModel } from "./starModel.js";

const star = `data_optics

loop_
_rlnOpticsGroup #1
1

data_particles

loop_
_rlnImageName #1
_rlnDefocusU #2
1@a.mrcs 300
2@a.mrcs 100
3@b.mrcs 200

data_particles
_rlnNote hello
`;

async function opened(text = star, settings = {}) {
  const model = new StarModel(inputOf("a.star", text, settings));
  await model.reload();
  return model;
}

const column = (model: StarModel, index: number) =>
  Array.from({ length: model.table!.rowCount }, (_, row) => model.table!.text(row, index));
const finished = (model: StarModel) => until(() => !/^(Sorting|Filtering)/.test(model.status));

describe("the table of a STAR file", () => {
  test("the largest table is shown, and the others can be chosen", async () => {
    const model = await opened();
    assert.deepEqual(model.sheetNames, ["data_optics", "data_particles", "data_particles (values)"]);
    assert.deepEqual([model.sheetIndex, model.columns], [1, ["rlnImageName", "rlnDefocusU"]]);
    assert.match(model.status, /^3 rows · 2 columns · \d+ bytes$/);
    const shown: (string[] | undefined)[] = [];
    model.tableChanged.connect((_, table) => shown.push(table?.sheet.columns));
    model.chooseSheet(2);
    assert.deepEqual(shown, [["name", "value"]]);
    assert.match(model.status, /^1 row · 2 columns/);
  });

  test("a click on a column sorts upwards, a second one downwards, a third restores the file's order", async () => {
    const model = await opened();
    const orders: string[][] = [];
    for (let click = 0; click < 3; click++) {
      model.sortByClick(1);
      await finished(model);
      orders.push(column(model, 1));
    }
    assert.deepEqual(orders, [
      ["100", "200", "300"],
      ["300", "200", "100"],
      ["300", "100", "200"],
    ]);
    assert.deepEqual([model.sortColumn, model.descending], [undefined, false]);
  });

  test("rows are filtered a moment after typing, and another table starts without a filter", async () => {
    const model = await opened();
    model.filterColumn = 0;
    model.filterText = "A.MRCS";
    await until(() => model.table!.rowCount === 2);
    assert.match(model.status, /^2 of 3 rows/);
    model.filterColumn = 1;
    await until(() => model.table!.rowCount === 0);
    model.chooseSheet(0);
    assert.deepEqual([model.filterText, model.filterColumn, model.table!.rowCount], ["", undefined, 1]);
  });

  test("the status describes the cell at the cursor by its row in the file", async () => {
    const model = await opened();
    model.descending = true;
    model.sortColumn = 1;
    await finished(model);
    model.cursor = { row: 1, column: 0 };
    assert.match(model.status, / · row 3, rlnImageName: 3@b\.mrcs$/);
    model.sortColumn = undefined;
    await finished(model);
    assert.equal(model.cursor, undefined);
  });

  test("cells are copied as lines of values between tabs, as they are shown", async () => {
    const model = await opened();
    const copied: string[] = [];
    const write = async (text: string) => void copied.push(text);
    await model.copy(undefined, write);
    assert.match(model.status, /^Nothing is selected/);
    await model.copy({ r1: 2, r2: 1, c1: 0, c2: 7 }, write);
    assert.deepEqual(copied, ["2@a.mrcs\t100\n3@b.mrcs\t200"]);
    assert.equal(model.status, "4 cells copied.");
    await model.copy({ r1: 0, r2: 0, c1: 0, c2: 0 }, async () => {
      throw new Error("not allowed");
    });
    assert.match(model.status, /does not allow this page to write/);
  });

  test("rows with a wrong number of values are reported, and a broken file is shown up to the problem", async () => {
    const ragged = await opened("data_a\nloop_\n_x\n_y\n1 2\n3\n4\n");
    assert.equal(
      ragged.problem,
      "data_a, row 2 (line 6): expected 2 values, one for each column, found 1 (and 1 other row).",
    );
    const broken = await opened("data_a\nloop_\n_x\n1\n2\n;\ntext\n;\n");
    assert.match(broken.problem!, /^a\.star: line 6: expected one line for each row/);
    assert.match(broken.status, /^2 rows/);
  });

  test("of a file above the limit only the beginning is read", async () => {
    const row = `${"x".repeat(99)}\n`;
    const model = await opened(`data_a\nloop_\n_x\n${row.repeat(30_000)}`);
    assert.equal(model.table!.rowCount, 9999);
    assert.match(model.status, /only the first 1\.00 MB of 3\.00 MB \(a setting\)$/);
  });
});
