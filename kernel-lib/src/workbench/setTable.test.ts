import assert from "node:assert/strict";
import { test } from "vitest";
import { SetTable } from "./setTable";

const rowsOf = (table: SetTable) => Object.fromEntries([...table].map(({ name, rows }) => [name, [...rows]]));

test("sets have sorted unique rows, unique names and colours, and report changes", () => {
  const table = new SetTable(10);
  let changes = 0;
  const end = table.onChange(() => changes++);
  const first = table.add([7, 3, 3, 1]);
  const second = table.add([2], { name: "closed", colour: "#ABCDEF" });
  assert.deepEqual(rowsOf(table), { "set 1": [1, 3, 7], closed: [2] });
  assert.equal(second.colour, "#abcdef");
  assert.notEqual(table.add([0]).colour, first.colour);
  assert.equal(table.add([5], { name: "closed" }).name, "closed (2)");
  assert.equal(table.add([5], { name: "closed" }).name, "closed (3)");
  assert.equal(changes, 5);
  end();
  table.remove(["closed", first.id]);
  assert.equal(changes, 5);
  assert.equal(table.size, 3);
  assert.throws(
    () => table.get("closed"),
    /no set "closed"; there are "set 3", "closed \(2\)", "closed \(3\)"/,
  );
});

test("union, intersection, difference and complement, in the order given", () => {
  const table = new SetTable(6);
  table.add([0, 1, 2], { name: "a" });
  table.add([1, 2, 3], { name: "b" });
  table.add([2, 3, 4], { name: "c" });
  assert.deepEqual([...table.combine("union", ["a", "b", "c"]).rows], [0, 1, 2, 3, 4]);
  assert.deepEqual([...table.combine("intersect", ["a", "b", "c"]).rows], [2]);
  assert.deepEqual([...table.combine("difference", ["a", "b", "c"]).rows], [0]);
  assert.deepEqual([...table.combine("difference", ["c", "a"], "late").rows], [3, 4]);
  assert.deepEqual([...table.complement("a").rows], [3, 4, 5]);
  assert.deepEqual(
    [...table].slice(3).map(({ name }) => name),
    ["a ∪ b ∪ c", "a ∩ b ∩ c", "a − b − c", "late", "not a"],
  );
});

test("invalid sets are refused with a message, and nothing changes", () => {
  const table = new SetTable(4);
  table.add([0, 1], { name: "a" });
  table.add([2], { name: "b" });
  const before = rowsOf(table);
  assert.throws(() => table.add([]), /no particles in the selection/);
  assert.throws(() => table.add([4]), /a row from 0 to 3, found 4/);
  assert.throws(() => table.add([1], { name: " \n " }), /A set needs a name/);
  assert.throws(() => table.add([1], { name: "x".repeat(201) }), /may have 200 characters; this one has 201/);
  assert.throws(() => table.add([1], { colour: "red;background:url(x)" }), /six hexadecimal digits/);
  assert.throws(() => table.rename("a", "b"), /Another set is already called “b”/);
  assert.throws(() => table.recolour("a", "blue"), /six hexadecimal digits/);
  assert.throws(() => table.combine("union", ["a"]), /two sets or more/);
  assert.throws(() => table.combine("intersect", ["a", "b"]), /no particles in “a ∩ b”/);
  assert.throws(() => table.addAll([{ rows: [1] }, { rows: [] }]), /no particles/);
  assert.throws(() => table.remove(["a", "nothing"]), /no set "nothing"/);
  assert.deepEqual(rowsOf(table), before);
});

test("names are text: kept except for control characters, and never used as properties", () => {
  const table = new SetTable(3);
  for (const name of ["<img src=x onerror=alert(1)>", "../etc/passwd", "__proto__", "constructor", "💥"]) {
    const { id } = table.add([1], { name });
    assert.equal(table.get(id).name, name);
    assert.equal(table.get(name).id, id);
  }
  assert.equal(table.add([1], { name: "a\r\n\u0000b\u001b[31m" }).name, "a b [31m");
  table.rename("__proto__", "toString");
  assert.deepEqual([...table.get("toString").rows], [1]);
  const long = table.add([1], { name: "n".repeat(200) });
  assert.equal(table.add([1], { name: long.name }).name.length, 200);
  assert.equal(table.combine("union", [long.id, "toString"]).name.length, 200);
});
