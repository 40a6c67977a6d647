import assert from "node:assert/strict";
import { test } from "vitest";
import { withoutAsyncProperties } from "./rendering";
import { reportThrown } from "./traceback";

function thrownAt(place: string, message: string): Error {
  const error = new Error(message);
  error.stack = `Error: ${message}\n    at f (${place}, line 2:3)\n    at ${place}, line 1:1`;
  return error;
}

test("the line named by a frame is shown with a mark, for any message", () => {
  const { traceback } = reportThrown(thrownAt("cell 4", "as in cell 9, line 1:1"), (place) =>
    place === "cell 4" ? "one\n  two" : undefined,
  );
  assert.ok(traceback.includes("> 2 |   two"), traceback.join("\n"));
});

test("an error that is marked as one of the user's input shows frames of cells alone", () => {
  const error = thrownAt("cell 4", "p.star: expected a column");
  error.stack += "\n    at readStar (/packages/library/star.js:10:3)";
  assert.match(reportThrown(error).traceback.join("\n"), /star\.js/);
  Object.assign(error, { [Symbol.for("Jupyter.userError")]: true });
  const { traceback } = reportThrown(error);
  assert.doesNotMatch(traceback.join("\n"), /star\.js/);
  assert.match(traceback.join("\n"), /at f \(cell 4, line 2:3\)/);
});

for (const [what, message] of [
  ["one long word", "x".repeat(1e6)],
  ["a million blanks", " ".repeat(1e6)],
  ["lines that look like frames", `${"\n    at ".repeat(1e4)}${"x".repeat(1e5)}`],
] as const) {
  test(`a message of ${what} is reported`, () => {
    const { ename, evalue } = reportThrown(new Error(message));
    assert.equal(ename, "Error");
    assert.ok(evalue.length <= 2000);
  });
}

test("a hundred thousand blanks before text like an async property are kept", () => {
  const text = `${" ".repeat(1e5)}[Symbol(other)]: 1`;
  assert.equal(withoutAsyncProperties(text), text);
});
