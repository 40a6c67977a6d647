import assert from "node:assert/strict";
import { test } from "vitest";
import { type CheckedColumn, checkMetadata } from "./metadataChecks";
import { quantities } from "./quantities";

const column = (
  quantity: CheckedColumn["quantity"],
  values: number[],
  more: Partial<CheckedColumn> = {},
): CheckedColumn => ({
  quantity,
  values,
  where: (row) => `a.star: row ${row + 1}, column x`,
  ...more,
});

const refused = (checked: CheckedColumn, message: string) =>
  assert.throws(() => checkMetadata([checked]), { name: "InputError", message: `a.star: ${message}` });

test("limits are inclusive", () => {
  for (const [name, { least, most }] of Object.entries(quantities)) {
    checkMetadata([column(name as CheckedColumn["quantity"], [least, most])]);
  }
});

test("errors name row, limits, unit and value, and the likely mistake", () => {
  refused(
    column("voltage", [300, 300, 0]),
    "row 3, column x: expected a voltage of 10 to 1,000 kV, found 0 (0 is what programs write for an unknown value)",
  );
  refused(
    column("boxSize", [8.5]),
    "row 1, column x: expected an image size of 2 to 32,768 pixels, a whole number, found 8.5",
  );
  refused(column("bFactor", [Number.NaN]), "row 1, column x: expected a finite number, found NaN");
});

test("rows with several numbers are counted correctly", () => {
  refused(
    column("rotationVector", [0, 1, 2, 3, 4, Number.POSITIVE_INFINITY], { width: 3 }),
    "row 2, column x: expected a finite number, found Infinity",
  );
});

test("limits and value are reported in the unit of the file", () => {
  const degree = Math.PI / 180;
  refused(
    column("phaseShift", [720], { unit: "rad", inFile: (x) => x * degree }),
    "row 1, column x: expected a phase shift of -6.28319 to 6.28319 rad, found 12.5664",
  );
});

test("a phase plate has its own defocus limits, row by row", () => {
  checkMetadata([column("defocus", [15000, -500], { phaseShift: [0, 90] })]);
  refused(
    column("defocus", [-500, -500], { phaseShift: [90, 0] }),
    "row 2, column x: expected a defocus of 20 to 200,000 Å, found -500 (underfocus is positive)",
  );
});
