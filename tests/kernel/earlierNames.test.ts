import assert from "node:assert/strict";
import path from "node:path";
import { test } from "vitest";
import { errorOf, kernelSession, traceback } from "./session";
import { resultText } from "./wireClient";

/** Names of earlier cells when a property and a variable share a name. */

const session = kernelSession();

const earlierCells = async () => {
  const { reply } = await session.client.execute(`
    import { sep } from "node:path";
    import * as nodePath from "node:path";
    interface Size { radius: number; count: number }
    const radius = 5;
    let count = 2;
    let size: Size = { radius: 7, count: 8 };
    function twice(n: number): number { return 2 * n; }`);
  assert.equal(reply.content["status"], "ok");
};

for (const [what, code, expected] of [
  ["a const", "JSON.stringify({ radius, a: 1 })", '{"radius":5,"a":1}'],
  ["an argument", "JSON.stringify(Object.entries({ radius }))", '[["radius",5]]'],
  ["imported names", "({ sep }).sep + ({ nodePath }).nodePath.posix.sep", `${path.sep}/`],
  ["a function", "String(({ twice }).twice(4))", "8"],
  [
    "nested objects",
    "JSON.stringify({ deep: { radius, list: [{ count }] } })",
    '{"deep":{"radius":5,"list":[{"count":2}]}}',
  ],
  ["an arrow function's body", "const make = () => ({ radius }); JSON.stringify(make())", '{"radius":5}'],
  ["a parameter's default", "((all = { radius }) => JSON.stringify(all))()", '{"radius":5}'],
  ["a spread's neighbour", "JSON.stringify({ ...size, radius })", '{"radius":5,"count":8}'],
  [
    "a scope that declares the name itself",
    "((radius: number) => { const count = 9; return JSON.stringify({ radius, count }); })(1)",
    '{"radius":1,"count":9}',
  ],
] as const) {
  test(`a shorthand property of ${what} has the value of the variable`, async () => {
    await earlierCells();
    assert.equal(resultText(await session.client.execute(code)), `'${expected}'`);
  });
}

test("destructuring assigns to an earlier let, with defaults, in nested patterns and in loops", async () => {
  await earlierCells();
  const assigned = await session.client.execute(
    "const seen: number[] = [];\n({ count } = { count: 3 }); seen.push(count);\n" +
      "({ count = radius } = {} as { count?: number }); seen.push(count);\n" +
      "({ inner: [{ count }] } = { inner: [{ count: 4 }] }); seen.push(count);\n" +
      "for ({ count } of [{ count: 6 }]) seen.push(count);\nseen.join()",
  );
  assert.equal(resultText(assigned), "'3,5,4,6'");
  assert.equal(resultText(await session.client.execute("count")), "6", "later cells see it");
  const { published } = await session.client.execute("({ radius } = { radius: 3 })");
  assert.match(errorOf(published).content["evalue"], /^TS2588: Cannot assign to 'radius'/);
});

test("a destructured property can be renamed where an earlier cell declared its type", async () => {
  await earlierCells();
  const renamed = await session.client.execute(
    "const { radius: wide, count: many = radius } = size;\n" +
      "(({ radius: inner }: Size) => [wide, many, inner].join())(size)",
  );
  assert.equal(resultText(renamed), "'7,8,7'");
});

test("positions of errors are right beside shorthand properties", async () => {
  await earlierCells();
  await session.client.execute("function refuse(): never { throw new Error('refused'); }");
  const { published, reply } = await session.client.execute(
    "const kept = { radius,\n  // how many\n  count };\nObject.keys({ radius, count, no: refuse() });",
  );
  const place = `cell ${reply.content["execution_count"]}, line 4:34`;
  assert.ok(traceback(errorOf(published)).includes(place), traceback(errorOf(published)));
});
