import assert from "node:assert/strict";
import { test } from "vitest";
import { History } from "./history";

const history = new History();
["const a = 1;", "a + 1", "print[x]", "a + 1"].forEach((code, i) => {
  history.add(i + 1, code);
});
history.setOutput(4, "2");
const inputs = (request: object) => history.query(request).map((item) => item[2]);

test("tail gives the last n, and all without n", () => {
  assert.deepEqual(inputs({ hist_access_type: "tail", n: 2 }), ["print[x]", "a + 1"]);
  assert.equal(inputs({ hist_access_type: "tail" }).length, 4);
});

test("range excludes its stop, and knows only this session", () => {
  assert.deepEqual(inputs({ hist_access_type: "range", session: 0, start: 2, stop: 4 }), [
    "a + 1",
    "print[x]",
  ]);
  assert.deepEqual(inputs({ hist_access_type: "range", session: -1, start: 0 }), []);
});

test("search takes other characters of file-name patterns literally, and unique keeps the latest", () => {
  assert.deepEqual(inputs({ hist_access_type: "search", pattern: "a + ?" }), ["a + 1", "a + 1"]);
  assert.deepEqual(history.query({ hist_access_type: "search", pattern: "a*", unique: true }), [
    [0, 4, "a + 1"],
  ]);
  assert.deepEqual(inputs({ hist_access_type: "search", pattern: "*[[]x]" }), ["print[x]"]);
});

test("output is included on request", () => {
  assert.deepEqual(history.query({ hist_access_type: "tail", n: 1, output: true }), [[0, 4, ["a + 1", "2"]]]);
});
