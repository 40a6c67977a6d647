import assert from "node:assert/strict";
import { test } from "vitest";
import { CommMessages } from "./commMessages";
import { kernelSession } from "./session";
import { printed, resultText } from "./wireClient";

/** Widgets in a running kernel, seen from a live front end. */

const session = kernelSession(`import * as w from "e2gmm/widgets";`);
const comms = new CommMessages(session);

test("a widget opens with its complete state, children first, and shows as a view with text and picture", async () => {
  const { id, published } = await comms.run(
    `const size = new w.IntSlider({ description: "Size", max: 20, value: 3 }); size`,
  );
  const opened = comms.sentFor(id).filter(({ type }) => type === "comm_open");
  assert.deepEqual(
    opened.map(({ content }) => content["data"].state._model_name),
    ["LayoutModel", "SliderStyleModel", "IntSliderModel"],
  );
  const slider = opened[2]!.content;
  assert.equal(slider["target_name"], "jupyter.widget");
  const { state } = slider["data"];
  assert.equal(state.value, 3);
  assert.equal(state.layout, `IPY_MODEL_${opened[0]!.content["comm_id"]}`);
  assert.equal(state._view_module, "@jupyter-widgets/controls");
  const open = session.client
    .publishedFor(id)
    .find(({ content }) => content["comm_id"] === slider["comm_id"])!;
  assert.equal(open.metadata["version"], "2.1.0");
  const { data } = published.find(({ type }) => type === "execute_result")!.content;
  assert.equal(data["application/vnd.jupyter.widget-view+json"].model_id, slider["comm_id"]);
  assert.match(data["text/plain"], /Size 3/);
  assert.match(data["text/html"], /<input type="range"/);
});

test("an update from the front end is echoed, observed, and its output belongs to the message", async () => {
  const id = resultText(await comms.run("size.id"))!.replaceAll("'", "");
  await comms.run(`size.observe("value", (value, before) => console.log(before, "->", value));`);
  const { messages, id: request } = await comms.update(id, { value: 7 });
  assert.deepEqual(
    messages.map(({ content }) => [content["data"].method, content["data"].state]),
    [["echo_update", { value: 7 }]],
  );
  assert.equal(printed({ published: session.client.publishedFor(request) }), "3 -> 7\n");
  assert.equal(resultText(await comms.run("size.value")), "7");
});

test("wrong types and unknown keys from the front end are refused with an error, and the view is corrected", async () => {
  const id = resultText(await comms.run("size.id"))!.replaceAll("'", "");
  const wrong = await comms.update(id, { value: "seven" });
  assert.match(wrong.stderr, /IntSlider\.value: expected a whole number, found 'seven'/);
  assert.deepEqual(
    wrong.messages.map(({ content }) => content["data"].state),
    [{ value: 7 }],
  );
  const unknown = await comms.update(id, { volume: 11, value: 8 });
  assert.match(unknown.stderr, /there is no 'volume'/);
  assert.equal(resultText(await comms.run("size.value")), "8");
  const method = await comms.send("comm_msg", { comm_id: id, data: { method: "explode" } });
  assert.match(method.stderr, /unknown message method 'explode'/);
  const hostile = await comms.send("comm_msg", {
    comm_id: id,
    data: { method: "update", state: {}, buffer_paths: [["a", "b"]] },
  });
  assert.match(hostile.stderr, /leads nowhere/);
});

test("a value out of bounds is clamped, in the kernel and in the view", async () => {
  const id = resultText(await comms.run("size.id"))!.replaceAll("'", "");
  const { messages } = await comms.update(id, { value: 99 });
  assert.equal(messages.at(-1)!.content["data"].method, "update");
  assert.deepEqual(messages.at(-1)!.content["data"].state, { value: 20 });
});

test("one set sends one update, and none where nothing changes", async () => {
  const { id } = await comms.run("size.set({ value: 4, max: 10 }); size.value = 4;");
  assert.deepEqual(
    comms.sentFor(id).map(({ content }) => content["data"].state),
    [{ value: 4, max: 10 }],
  );
});

test("custom messages work in both directions: a click reaches the button's handler", async () => {
  const { id } = await comms.run(
    `const go = new w.Button({ description: "Go" }); go.onClick(() => { console.log("clicked"); go.send({ done: true }); });`,
  );
  const button = comms
    .sentFor(id)
    .find(({ content }) => content["data"].state._model_name === "ButtonModel")!;
  const click = await comms.send("comm_msg", {
    comm_id: button.content["comm_id"],
    data: { method: "custom", content: { event: "click" } },
  });
  assert.equal(printed({ published: session.client.publishedFor(click.id) }), "clicked\n");
  assert.deepEqual(click.messages[0]!.content["data"], { method: "custom", content: { done: true } });
});

test("the control comm sends a reloaded page the state of every widget, with buffers and their paths", async () => {
  await comms.run(`const picture = new w.Image({ value: new Uint8Array([1, 2, 3]), format: "png" });`);
  await comms.send("comm_open", { comm_id: "ctl", target_name: "jupyter.widget.control", data: {} });
  const { messages } = await comms.send("comm_msg", { comm_id: "ctl", data: { method: "request_states" } });
  const [{ content, buffers }] = messages as [(typeof messages)[0]];
  const { states, buffer_paths, method } = content["data"];
  assert.equal(method, "update_states");
  const id = resultText(await comms.run("picture.id"))!.replaceAll("'", "");
  assert.equal(states[id].model_name, "ImageModel");
  assert.equal(states[id].model_module, "@jupyter-widgets/controls");
  const at = buffer_paths.findIndex((p: string[]) => p[0] === id);
  assert.deepEqual(buffer_paths[at], [id, "state", "value"]);
  assert.deepEqual([...buffers[at]!], [1, 2, 3]);
  const single = await comms.send("comm_msg", { comm_id: id, data: { method: "request_state" } });
  assert.equal(single.messages[0]!.content["data"].method, "update");
  assert.deepEqual(single.messages[0]!.content["data"].buffer_paths, [["value"]]);
});

test("typed arrays that the front end sends arrive unchanged", async () => {
  await comms.run(`
    const raw = new (w.widgetClass({
      modelName: "RawModel", modelModule: "m", modelModuleVersion: "1", viewName: "RawView", viewModule: "m", viewModuleVersion: "1",
      traits: { points: w.traits.numbers(Float32Array) } }))();`);
  const id = resultText(await comms.run("raw.id"))!.replaceAll("'", "");
  const points = new Float32Array([1.5, -2, 3]);
  const bytes = new Uint8Array(points.buffer);
  await comms.send(
    "comm_msg",
    { comm_id: id, data: { method: "update", state: {}, buffer_paths: [["points"]] } },
    [bytes],
  );
  assert.equal(resultText(await comms.run("raw.points")), "Float32Array(3) [ 1.5, -2, 3 ]");
});

test("the options of a selection can have values of any kind", async () => {
  await comms.run(
    `const pick = new w.Dropdown({ description: "Mode", options: [["none", null], ["many", { n: 5 }]] as const, value: null });
     pick.onChoice((value) => console.log("chose", value));`,
  );
  const id = resultText(await comms.run("pick.id"))!.replaceAll("'", "");
  const { id: request } = await comms.update(id, { index: 1 });
  assert.equal(printed({ published: session.client.publishedFor(request) }), "chose { n: 5 }\n");
  const bad = await comms.update(id, { index: 9 });
  assert.match(bad.stderr, /there is no option 9/);
});

test("closing a widget closes its comm, and closing the comm closes the widget", async () => {
  const { id } = await comms.run("go.close(); go.closed");
  assert.equal(comms.sentFor(id)[0]!.type, "comm_close");
  const slider = resultText(await comms.run("size.id"))!.replaceAll("'", "");
  await comms.send("comm_close", { comm_id: slider, data: {} });
  assert.equal(resultText(await comms.run("size.closed")), "true");
  await comms.run("size.value = 5;");
});

test("a live front end learns which output to move before that output is printed", async () => {
  await session.client.request("comm_info_request", { target_name: "jupyter.widget" });
  const { id } = await comms.run(
    `const area = new w.Output(); await area.capture(() => { console.log("inside"); }); console.log("outside");`,
  );
  const order = session.client
    .publishedFor(id)
    .filter(({ type }) => type === "stream" || type === "comm_msg")
    .map(({ content }) => content["text"] ?? content["data"].state.msg_id);
  assert.deepEqual(order, [id, "inside\n", "", "outside\n"]);
});

test("a panel with every kind of control compiles in a cell", async () => {
  const { published } = await comms.run(`
    const tab = new w.Tab({ titles: ["numbers", "choices"], children: [
      new w.VBox([new w.IntSlider(), new w.FloatSlider(), new w.FloatLogSlider(), new w.IntRangeSlider(), new w.FloatRangeSlider(),
        new w.HBox([new w.IntText(), new w.FloatText(), new w.BoundedIntText(), new w.BoundedFloatText(), new w.IntProgress(), new w.FloatProgress()])]),
      new w.GridBox({ children: [new w.Dropdown({ options: [1, 2] }), new w.RadioButtons({ options: ["a"] }), new w.Select({ options: ["a"] }),
        new w.SelectMultiple({ options: ["a", "b"], value: ["b"] }), new w.ToggleButtons({ options: ["a"] }), new w.SelectionSlider({ options: [1, 2, 3], value: 2 }),
        new w.Box([new w.Checkbox(), new w.ToggleButton(), new w.Valid(), new w.Button(), new w.Text(), new w.Textarea(), new w.Label(), new w.HTML(), new w.Image()])],
        layout: { grid_template_columns: "1fr 1fr" } }),
      new w.Accordion({ children: [new w.Output()] })] });
    tab`);
  const { data } = published.find(({ type }) => type === "execute_result")!.content;
  assert.ok(data["application/vnd.jupyter.widget-view+json"]);
});

test("wrong properties of a control are type errors of the cell", async () => {
  const { reply } = await session.client.execute(`new w.IntSlider({ value: "a" })`);
  assert.match(reply.content["evalue"], /TS2322: Type 'string' is not assignable to type 'number'/);
});
