import assert from "node:assert/strict";
import { test } from "vitest";
import { errorOf, kernelSession, ofType } from "./session";
import { printed, resultText } from "./wireClient";

/** What values look like. */

const session = kernelSession();

for (const [what, code, expected] of [
  ["a BigInt", "10n ** 20n", /^100000000000000000000n$/],
  [
    "a circular object",
    "const circle: any = { name: 'c' }; circle.self = circle; circle",
    /\[Circular \*1\]/,
  ],
  ["a huge array", "Array.from({ length: 1e6 }, (_, i) => i)", /999900 more items/],
  ["a huge string", "'x'.repeat(1e7)", /more characters/],
  ["a rejected promise", "Promise.reject(new Error('refused'))", /^Promise \{\s+<rejected> Error: refused/],
  ["a pending promise", "new Promise(() => {})", /^Promise \{\s+<pending>\s+\}$/],
  ["a typed array", "new Float32Array(3)", /^Float32Array\(3\) \[ 0, 0, 0 \]$/],
  [
    "an object that throws when looked at",
    "({ get [Symbol.toStringTag](): string { throw new Error('shy'); } })",
    /./,
  ],
] as const) {
  test(`${what} shows as text`, async () => {
    const execution = await session.client.execute(code);
    const text = resultText(execution);
    assert.ok(text !== undefined);
    assert.match(text, expected);
    assert.ok(text.length < 200_000);
    assert.equal(printed(execution, "stderr"), "");
    assert.doesNotMatch(text, /async_id|kResourceStore/);
  });
}

test("a tensor prints its type, shape and values", async () => {
  const { published } = await session.client.execute(
    `import * as tf from "@tensorflow/tfjs-core"; import "@tensorflow/tfjs-backend-cpu"; tf.tensor2d([[1, 2], [3, 4]])`,
  );
  const [result] = ofType(published, "execute_result");
  assert.match(result!.content["data"]["text/plain"], /^Tensor float32 \[2, 2\]\n[\s\S]*3, 4/);
});

test("undefined and null results show nothing", async () => {
  const { published } = await session.client.execute("undefined");
  assert.equal(ofType(published, "execute_result").length, 0);
});

test("a value with a Jupyter.display method shows as its bundle, with bytes in base64 and text added where missing", async () => {
  const { published } = await session.client.execute(
    `({ [Symbol.for("Jupyter.display")]() { return { "text/html": "<b>x</b>", "image/png": new Uint8Array([1, 2]) }; } })`,
  );
  const { data } = ofType(published, "execute_result")[0]!.content;
  assert.equal(data["text/html"], "<b>x</b>");
  assert.equal(data["image/png"], "AQI=");
  assert.equal(typeof data["text/plain"], "string");
});

test("a display method that fails is reported, and the value still shows as text", async () => {
  const execution = await session.client.execute(
    `({ left: 1, async [Symbol.for("Jupyter.display")]() { throw new Error("cannot draw"); } })`,
  );
  assert.match(printed(execution, "stderr"), /cannot draw/);
  assert.match(resultText(execution)!, /left: 1/);
});

test("tslab's own display works unchanged, with updates by id", async () => {
  const { published } = await session.client.execute(`
    import * as tslab from "tslab";
    tslab.display.html("<i>one</i>");
    const spot = tslab.newDisplay();
    spot.text("first"); spot.text("second"); spot.png(new Uint8Array([137, 80]));`);
  const shown = ofType(published, "display_data");
  assert.equal(shown[0]!.content["data"]["text/html"], "<i>one</i>");
  const id = shown[1]!.content["transient"]["display_id"];
  assert.equal(typeof id, "string");
  const updates = ofType(published, "update_display_data");
  assert.deepEqual(
    updates.map(({ content }) => [content["transient"]["display_id"], content["data"]]),
    [
      [id, { "text/plain": "second" }],
      [id, { "image/png": "iVA=" }],
    ],
  );
});

test("display and clearOutput are defined in every cell, with types", async () => {
  const { published } = await session.client.execute(
    `await display({ a: 1 }, { id: "spot" }); clearOutput(true); await display("b", { id: "spot", update: true });`,
  );
  assert.deepEqual(
    published.slice(2, -1).map(({ type }) => type),
    ["display_data", "clear_output", "update_display_data"],
  );
  const wrong = await session.client.execute(`clearOutput("now");`);
  assert.match(errorOf(wrong.published).content["evalue"], /TS2345/);
});
