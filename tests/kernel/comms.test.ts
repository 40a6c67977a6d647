import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, test } from "vitest";
import {
  type Content,
  type ExecuteOptions,
  KernelProcess,
  printed,
  resultText,
  type WireClient,
} from "./wireClient";

let kernel: KernelProcess;
let client: WireClient;

beforeAll(async () => {
  kernel = await KernelProcess.start();
  client = await kernel.client();
  await client.execute(`
    import * as w from "e2gmm/widgets";
    const comms = (globalThis as any)[Symbol.for("Jupyter.comms")];
    comms.registerTarget("echo", (comm: any, opening: any) => {
      comm.send({ opened: opening.data });
      comm.onMessage((m: any) => comm.send({ back: m.data, sizes: m.buffers.map((b: Uint8Array) => b.length) }, { buffers: m.buffers }));
    });`);
});
afterAll(() => kernel.stop());

async function run(code: string, options?: ExecuteOptions) {
  const execution = await client.execute(code, options);
  assert.equal(execution.reply.content["status"], "ok", JSON.stringify(execution.reply.content));
  return execution;
}

/** Messages of comms that the kernel sent on behalf of a request. */
function commMessages(id: string): { type: string; content: Content; buffers: Buffer[] }[] {
  return client.publishedFor(id).filter(({ type }) => type.startsWith("comm_"));
}

async function comm(type: string, content: Content, buffers: Uint8Array[] = []) {
  const id = await client.send(client.shell, type, content, { buffers });
  await client.idle(id);
  return {
    id,
    messages: commMessages(id),
    stderr: printed({ published: client.publishedFor(id) }, "stderr"),
  };
}

const update = (id: string, state: Content) =>
  comm("comm_msg", { comm_id: id, data: { method: "update", state, buffer_paths: [] } });

// ---- comms

test("a comm opened by the front end is answered, both ways, with busy and idle around each message", async () => {
  const opened = await comm("comm_open", { comm_id: "c1", target_name: "echo", data: { hello: 1 } });
  assert.deepEqual(opened.messages[0]!.content["data"], { opened: { hello: 1 } });
  const sent = await comm("comm_msg", { comm_id: "c1", data: { n: 2 } });
  assert.deepEqual(sent.messages[0]!.content["data"].back, { n: 2 });
  assert.deepEqual(
    client
      .publishedFor(sent.id)
      .filter(({ type }) => type === "status")
      .map(({ content }) => content["execution_state"]),
    ["busy", "idle"],
  );
});

test("a binary buffer of 16 MB comes back unchanged", async () => {
  const bytes = randomBytes(16 << 20);
  await comm("comm_open", { comm_id: "c16", target_name: "echo", data: {} });
  const { messages } = await comm("comm_msg", { comm_id: "c16", data: {} }, [bytes, randomBytes(3)]);
  assert.deepEqual(messages[0]!.content["data"].sizes, [16 << 20, 3]);
  assert.ok(messages[0]!.buffers[0]!.equals(bytes));
});

test("a comm to an unknown target is closed at once", async () => {
  const { messages } = await comm("comm_open", { comm_id: "lost", target_name: "nobody", data: {} });
  assert.deepEqual(
    messages.map(({ type, content }) => [type, content["comm_id"]]),
    [["comm_close", "lost"]],
  );
});

test("comm_info lists the open comms of a target, with status ok", async () => {
  const { type, content } = await client.request("comm_info_request", { target_name: "echo" });
  assert.equal(type, "comm_info_reply");
  assert.equal(content["status"], "ok");
  assert.deepEqual(content["comms"]["c1"], { target_name: "echo" });
  await comm("comm_close", { comm_id: "c1", data: {} });
  const after = await client.request("comm_info_request", { target_name: "echo" });
  assert.equal(after.content["comms"]["c1"], undefined);
});

test("messages to a comm that is not open and malformed ones are reported, and the kernel lives", async () => {
  const lost = await comm("comm_msg", { comm_id: "never", data: {} });
  assert.match(lost.stderr, /no comm never is open/);
  const broken = await comm("comm_msg", { comm_id: 5 });
  assert.match(broken.stderr, /comm_id is missing/);
  assert.equal(resultText(await run("1 + 1")), "2");
});

test("100 comm messages during a running awaited cell are all handled while it runs", async () => {
  await comm("comm_open", { comm_id: "busy", target_name: "echo", data: {} });
  const cell = await client.startExecute("await new Promise((r) => setTimeout(r, 60_000));");
  await client.until(() => client.publishedFor(cell).find(({ type }) => type === "execute_input"), "start");
  const ids: string[] = [];
  for (let i = 0; i < 100; i++) {
    ids.push(await client.send(client.shell, "comm_msg", { comm_id: "busy", data: { i } }));
  }
  for (const id of ids) await client.idle(id);
  const answers = ids.map((id) => commMessages(id)[0]!.content["data"].back.i);
  assert.deepEqual(
    answers,
    Array.from({ length: 100 }, (_, i) => i),
  );
  await client.until(() => {
    const last = client.published.at(-1)!;
    return last.parent["msg_id"] === cell && last.content["execution_state"] === "busy" ? last : undefined;
  }, "sign that the cell still runs");
  await client.interrupt();
  await client.finished(cell);
});

test("a message to a comm that a queued cell opens waits for that cell", async () => {
  const slow = await client.startExecute("await new Promise((r) => setTimeout(r, 300));");
  const opening = await client.startExecute(
    `comms.registerTarget("later", (c: any) => c.send({ late: true }));`,
  );
  const { messages } = await comm("comm_open", { comm_id: "l1", target_name: "later", data: {} });
  assert.deepEqual(messages[0]!.content["data"], { late: true });
  await client.finished(slow);
  await client.finished(opening);
});

// ---- widgets

test("a widget opens with its complete state, children first, and shows as a view with text and picture", async () => {
  const { id, published } = await run(
    `const size = new w.IntSlider({ description: "Size", max: 20, value: 3 }); size`,
  );
  const opened = commMessages(id).filter(({ type }) => type === "comm_open");
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
  const open = client.publishedFor(id).find(({ content }) => content["comm_id"] === slider["comm_id"])!;
  assert.equal(open.metadata["version"], "2.1.0");
  const { data } = published.find(({ type }) => type === "execute_result")!.content;
  assert.equal(data["application/vnd.jupyter.widget-view+json"].model_id, slider["comm_id"]);
  assert.match(data["text/plain"], /Size 3/);
  assert.match(data["text/html"], /<input type="range"/);
});

test("an update from the front end is echoed, observed, and its output belongs to the message", async () => {
  const id = resultText(await run("size.id"))!.replaceAll("'", "");
  await run(`size.observe("value", (value, before) => console.log(before, "->", value));`);
  const { messages, id: request } = await update(id, { value: 7 });
  assert.deepEqual(
    messages.map(({ content }) => [content["data"].method, content["data"].state]),
    [["echo_update", { value: 7 }]],
  );
  assert.equal(printed({ published: client.publishedFor(request) }), "3 -> 7\n");
  assert.equal(resultText(await run("size.value")), "7");
});

test("wrong types and unknown keys from the front end are refused in words, and the view is put right", async () => {
  const id = resultText(await run("size.id"))!.replaceAll("'", "");
  const wrong = await update(id, { value: "seven" });
  assert.match(wrong.stderr, /IntSlider\.value: expected a whole number, found 'seven'/);
  assert.deepEqual(
    wrong.messages.map(({ content }) => content["data"].state),
    [{ value: 7 }],
  );
  const unknown = await update(id, { volume: 11, value: 8 });
  assert.match(unknown.stderr, /there is no 'volume'/);
  assert.equal(resultText(await run("size.value")), "8");
  const method = await comm("comm_msg", { comm_id: id, data: { method: "explode" } });
  assert.match(method.stderr, /unknown message method 'explode'/);
  const hostile = await comm("comm_msg", {
    comm_id: id,
    data: { method: "update", state: {}, buffer_paths: [["a", "b"]] },
  });
  assert.match(hostile.stderr, /leads nowhere/);
});

test("a value outside its bounds is brought back, in the kernel and in the view", async () => {
  const id = resultText(await run("size.id"))!.replaceAll("'", "");
  const { messages } = await update(id, { value: 99 });
  assert.equal(messages.at(-1)!.content["data"].method, "update");
  assert.deepEqual(messages.at(-1)!.content["data"].state, { value: 20 });
});

test("code sends one update for one set, and none where nothing changes", async () => {
  const { id } = await run("size.set({ value: 4, max: 10 }); size.value = 4;");
  assert.deepEqual(
    commMessages(id).map(({ content }) => content["data"].state),
    [{ value: 4, max: 10 }],
  );
});

test("custom messages go both ways: a button's click reaches its handler", async () => {
  const { id } = await run(
    `const go = new w.Button({ description: "Go" }); go.onClick(() => { console.log("clicked"); go.send({ done: true }); });`,
  );
  const button = commMessages(id).find(({ content }) => content["data"].state._model_name === "ButtonModel")!;
  const click = await comm("comm_msg", {
    comm_id: button.content["comm_id"],
    data: { method: "custom", content: { event: "click" } },
  });
  assert.equal(printed({ published: client.publishedFor(click.id) }), "clicked\n");
  assert.deepEqual(click.messages[0]!.content["data"], { method: "custom", content: { done: true } });
});

test("the control comm gives a reloaded page the state of every widget, buffers with their paths", async () => {
  await run(`const picture = new w.Image({ value: new Uint8Array([1, 2, 3]), format: "png" });`);
  await comm("comm_open", { comm_id: "ctl", target_name: "jupyter.widget.control", data: {} });
  const { messages } = await comm("comm_msg", { comm_id: "ctl", data: { method: "request_states" } });
  const [{ content, buffers }] = messages as [(typeof messages)[0]];
  const { states, buffer_paths, method } = content["data"];
  assert.equal(method, "update_states");
  const id = resultText(await run("picture.id"))!.replaceAll("'", "");
  assert.equal(states[id].model_name, "ImageModel");
  assert.equal(states[id].model_module, "@jupyter-widgets/controls");
  const at = buffer_paths.findIndex((p: string[]) => p[0] === id);
  assert.deepEqual(buffer_paths[at], [id, "state", "value"]);
  assert.deepEqual([...buffers[at]!], [1, 2, 3]);
  const single = await comm("comm_msg", { comm_id: id, data: { method: "request_state" } });
  assert.equal(single.messages[0]!.content["data"].method, "update");
  assert.deepEqual(single.messages[0]!.content["data"].buffer_paths, [["value"]]);
});

test("state with typed arrays changed by the front end keeps bytes as they were", async () => {
  await run(`
    const raw = new (w.widgetClass({
      modelName: "RawModel", modelModule: "m", modelModuleVersion: "1", viewName: "RawView", viewModule: "m", viewModuleVersion: "1",
      traits: { points: w.traits.numbers(Float32Array) } }))();`);
  const id = resultText(await run("raw.id"))!.replaceAll("'", "");
  const points = new Float32Array([1.5, -2, 3]);
  const bytes = new Uint8Array(points.buffer);
  await comm("comm_msg", { comm_id: id, data: { method: "update", state: {}, buffer_paths: [["points"]] } }, [
    bytes,
  ]);
  assert.equal(resultText(await run("raw.points")), "Float32Array(3) [ 1.5, -2, 3 ]");
});

test("a selection keeps any values behind its labels", async () => {
  await run(
    `const pick = new w.Dropdown({ description: "Mode", options: [["none", null], ["many", { n: 5 }]] as const, value: null });
     pick.onChoice((value) => console.log("chose", value));`,
  );
  const id = resultText(await run("pick.id"))!.replaceAll("'", "");
  const { id: request } = await update(id, { index: 1 });
  assert.equal(printed({ published: client.publishedFor(request) }), "chose { n: 5 }\n");
  const bad = await update(id, { index: 9 });
  assert.match(bad.stderr, /there is no option 9/);
});

test("closing a widget closes its comm, and closing the comm ends the widget", async () => {
  const { id } = await run("go.close(); go.closed");
  assert.equal(commMessages(id)[0]!.type, "comm_close");
  const slider = resultText(await run("size.id"))!.replaceAll("'", "");
  await comm("comm_close", { comm_id: slider, data: {} });
  assert.equal(resultText(await run("size.closed")), "true");
  await run("size.value = 5;");
});

test("what an Output widget captures is announced to a live front end before it is printed", async () => {
  await client.request("comm_info_request", { target_name: "jupyter.widget" });
  const { id } = await run(
    `const area = new w.Output(); await area.capture(() => { console.log("inside"); }); console.log("outside");`,
  );
  const order = client
    .publishedFor(id)
    .filter(({ type }) => type === "stream" || type === "comm_msg")
    .map(({ content }) => content["text"] ?? content["data"].state.msg_id);
  assert.deepEqual(order, [id, "inside\n", "", "outside\n"]);
});

test("a panel of every kind of control type checks in a cell", async () => {
  const { published } = await run(`
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
  const { reply } = await client.execute(`new w.IntSlider({ value: "a" })`);
  assert.match(reply.content["evalue"], /TS2322: Type 'string' is not assignable to type 'number'/);
});

// nbclient answers output that it is asked to move on the socket where it waits for the reply, and then may miss that.
test("without a live front end, an Output widget takes what is captured by itself and asks nobody", async () => {
  const own = await KernelProcess.start();
  const recorder = await own.client();
  await recorder.execute(`import * as w from "e2gmm/widgets"; const area = new w.Output();`);
  const { published } = await recorder.execute(`
    const inner = new w.Output();
    const result = await area.capture(async () => {
      console.log("one"); console.log("two"); console.error("three");
      await display("step 1", { id: "step" });
      await inner.capture(() => console.log("nested"));
      await new Promise((resolve) => setTimeout(resolve, 50));
      await display("step 2", { id: "step", update: true });
      await display("elsewhere", { id: "unknown", update: true });
      setTimeout(() => console.log("late"), 1);
      return 5;
    });
    console.log("outside", result);
    await new Promise((resolve) => setTimeout(resolve, 100));
    area`);
  const states = published
    .filter(({ type }) => type === "comm_msg")
    .map(({ content }) => [content["comm_id"], content["data"].state] as const);
  assert.ok(
    states.every(([, state]) => !("msg_id" in state)),
    "no request to move output",
  );
  const [first] = states.filter(([, { outputs }]) => outputs.length > 1);
  const outputs = states.filter(([id]) => id === first![0]).at(-1)![1]["outputs"] as Content[];
  assert.deepEqual(
    outputs.map(({ output_type, name, text, data }) => [output_type, name, text ?? data["text/plain"]]),
    [
      ["stream", "stdout", "one\ntwo\n"],
      ["stream", "stderr", "three\n"],
      ["display_data", undefined, "'step 2'"],
      ["stream", "stdout", "late\n"],
    ],
  );
  assert.deepEqual(states.find(([id]) => id !== first![0])![1]["outputs"][0].text, "nested\n");
  assert.equal(printed({ published }), "outside 5\n");
  const updates = published
    .filter(({ type }) => type === "update_display_data")
    .map(({ content }) => content);
  assert.equal(
    updates.find(({ transient }) => transient.display_id === "unknown")!["data"]["text/plain"],
    "'elsewhere'",
  );
  const shown = published.find(({ type }) => type === "execute_result")!.content["data"];
  assert.match(shown["text/plain"], /^one\ntwo\nthree\n'step 2'\nlate\n$/);

  const failed = await recorder.execute(
    `await area.capture(() => { clearOutput(); console.log("last words"); throw new Error("inside"); });`,
  );
  assert.match(failed.published.find(({ type }) => type === "error")!.content["evalue"], /inside/);
  assert.equal(resultText(await recorder.execute("area.outputs.map((o) => o.text)")), "[ 'last words\\n' ]");
  await own.stop();
});

test("without a live front end, saved pictures follow the state; with one, views are left alone", async () => {
  const own = await KernelProcess.start();
  const recorder = await own.client();
  await recorder.execute(`import * as w from "e2gmm/widgets"; const s = new w.IntSlider({ value: 1 });`);
  const shown = await recorder.execute("s");
  const display = shown.published.find(({ type }) => type === "execute_result")!.content["transient"][
    "display_id"
  ];
  const changed = await recorder.execute("s.value = 42;");
  const picture = changed.published.find(({ type }) => type === "update_display_data")!.content;
  assert.equal(picture["transient"]["display_id"], display);
  assert.match(picture["data"]["text/plain"], /^42/);
  assert.equal(picture["data"]["application/vnd.jupyter.widget-view+json"], undefined);
  await recorder.request("comm_info_request", { target_name: "jupyter.widget" });
  const live = await recorder.execute("s.value = 43; s");
  assert.ok(!live.published.some(({ type }) => type === "update_display_data"));
  await own.stop();
});
