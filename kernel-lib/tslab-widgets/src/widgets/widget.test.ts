import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "vitest";
import { Button, Dropdown, HBox, Image, IntRangeSlider, IntSlider, Layout, Output, Tab, Text } from "..";
import { displaySymbol, formsOf } from "../display/displayable";
import { connect, disconnect, FakeTransport } from "./fakeTransport";

let transport: FakeTransport;
beforeEach(() => {
  transport = connect(new FakeTransport());
});
afterEach(disconnect);

test("without a kernel a widget keeps its state and shows as a picture", () => {
  connect(undefined);
  const slider = new IntSlider({ value: 4, max: 10 });
  slider.value = 5;
  const shown = formsOf(slider[displaySymbol]());
  assert.deepEqual(Object.keys(shown), ["text/plain", "text/html"]);
  assert.match(shown["text/plain"], /^5 /);
});

test("a layout can be given as an object, is shared by reference and changed in place", () => {
  const slider = new IntSlider({ layout: { width: "10em" } });
  assert.ok(slider.layout instanceof Layout);
  slider.layout.width = "20em";
  assert.deepEqual(transport.sent.at(-1)!.data["state"], { width: "20em" });
  assert.equal(transport.sent.at(-1)!.id, slider.layout.id);
});

test("the layouts of two widgets are two layouts", () => {
  assert.notEqual(new IntSlider().layout, new IntSlider().layout);
});

test("a set with a wrong entry changes nothing", () => {
  const slider = new IntSlider({ value: 5 });
  assert.throws(
    () => slider.set({ value: 6, step: 0.5 }),
    /IntSlider\.step: expected a whole number, found 0\.5/,
  );
  assert.throws(() => slider.set({ min: 200 }), /min 200 is above max 100/);
  assert.throws(() => slider.set({ valeu: 3 } as never), /there is no 'valeu'/);
  assert.deepEqual([slider.value, slider.step, slider.min], [5, 1, 0]);
  assert.equal(transport.sent.length, 0);
});

test("observers are called once for changes from either side, and not after they have ended", () => {
  const slider = new IntSlider({ value: 1 });
  const heard: number[][] = [];
  const end = slider.observe("value", (value, previous) => heard.push([previous, value]));
  slider.value = 2;
  slider.value = 2;
  transport.update(slider.id, { value: 3 });
  end();
  slider.value = 4;
  assert.deepEqual(heard, [
    [1, 2],
    [2, 3],
  ]);
});

test("a front end's change is echoed before what handlers change in turn", () => {
  const a = new IntSlider();
  const b = new IntSlider();
  a.observe("value", (value) => b.set({ value: value + 1 }));
  transport.update(a.id, { value: 7 });
  assert.deepEqual(
    transport.sent.map(({ id, data }) => [id, data["method"], data["state"]]),
    [
      [a.id, "echo_update", { value: 7 }],
      [b.id, "update", { value: 8 }],
    ],
  );
});

test("of several entries from a front end, valid ones are applied and each invalid one is named", () => {
  const slider = new IntSlider();
  assert.throws(
    () => transport.update(slider.id, { value: 9, step: "x", nonsense: 1 }),
    (error: Error) => /IntSlider\.step/.test(error.message) && /nonsense/.test(error.message),
  );
  assert.equal(slider.value, 9);
});

test("a state that is invalid as a whole is restored", () => {
  const slider = new IntSlider({ min: 0, max: 10 });
  assert.throws(() => transport.update(slider.id, { min: 20 }), /min 20 is above max 10/);
  assert.equal(slider.min, 0);
  assert.deepEqual(transport.sent.at(-1)!.data, { method: "update", state: { min: 0 }, buffer_paths: [] });
});

test("children are sent as references, and a box can be created from an array", () => {
  const one = new IntSlider();
  const box = new HBox([one, new Button({ description: "b" })]);
  const state = transport.opened.at(-1)!.data["state"] as { children: string[]; _model_name: string };
  assert.equal(state._model_name, "HBoxModel");
  assert.equal(state.children[0], `IPY_MODEL_${one.id}`);
  assert.equal(box.children[0], one);
  assert.throws(() => box.set({ children: [5 as never] }), /HBox\.children: expected a widget, found 5/);
});

test("bytes are moved from the JSON to buffers and back", () => {
  const image = new Image({ value: new Uint8Array([1, 2]) });
  const { data, buffers } = transport.opened.at(-1)!;
  assert.equal((data["state"] as Record<string, unknown>)["value"], undefined);
  assert.deepEqual(data["buffer_paths"], [["value"]]);
  assert.deepEqual(buffers, [image.value]);
  transport.receive(image.id, { method: "update", state: {}, buffer_paths: [["value"]] }, [
    new Uint8Array([3]),
  ]);
  assert.deepEqual([...image.value], [3]);
});

test("invalid buffer paths are rejected", () => {
  const image = new Image();
  for (const path of [["__proto__"], ["__proto__", "b"], ["constructor", "b"], ["a", "b"], []]) {
    assert.throws(
      () =>
        transport.receive(image.id, { method: "update", state: {}, buffer_paths: [path] }, [
          new Uint8Array(1),
        ]),
      /leads nowhere|there is no/,
    );
  }
  assert.equal(({} as Record<string, unknown>)["b"], undefined);
});

test("ranges are ordered and kept within their bounds", () => {
  const range = new IntRangeSlider({ min: 0, max: 10, value: [8, 2] });
  assert.deepEqual(range.value, [2, 8]);
  range.value = [-5, 50];
  assert.deepEqual(range.value, [0, 10]);
  assert.throws(() => range.set({ value: [1] }), /expected an array of 2/);
});

test("a selection starts with its first option, and refuses values that are not options", () => {
  const pick = new Dropdown<string | number>({ options: ["a", ["B", 2]] });
  assert.equal(pick.value, "a");
  pick.value = 2;
  assert.equal(pick.label, "B");
  assert.equal(pick.index, 1);
  assert.throws(() => {
    pick.value = "c";
  }, /c is not among the options/);
  pick.options = ["x", "y", "z"];
  assert.equal(pick.value, "x");
  assert.equal(new Dropdown({ options: [] }).value, null);
});

test("submit and click reach their handlers, other messages do not", () => {
  const field = new Text({ value: "hello" });
  const button = new Button();
  const heard: string[] = [];
  field.onSubmit((value) => heard.push(value));
  button.onClick(() => heard.push("click"));
  transport.receive(field.id, { method: "custom", content: { event: "submit" } });
  transport.receive(button.id, { method: "custom", content: { event: "click" } });
  transport.receive(button.id, { method: "custom", content: null });
  assert.deepEqual(heard, ["hello", "click"]);
});

test("captured output is sent to the widget while the function runs, also when it fails", async () => {
  const output = new Output();
  await assert.rejects(
    output.capture(() => {
      assert.equal(output.msg_id, "cell-1");
      throw new Error("inside");
    }),
    /inside/,
  );
  assert.equal(output.msg_id, "");
});

test("the picture of an output area shows the richest form of each output, and escapes text", () => {
  const output = new Output({
    outputs: [
      { output_type: "stream", name: "stdout", text: ["<a>\n", "b\n"] },
      { output_type: "display_data", data: { "text/plain": "a figure", "text/html": "<b>figure</b>" } },
      { output_type: "display_data", data: { "text/plain": "an image", "image/png": "iVBORw==" } },
      { output_type: "error", ename: "Error", evalue: "no <good>" },
    ],
  });
  const { text, html } = output.picture();
  assert.equal(text, "<a>\nb\na figure\nan image\nno <good>");
  assert.equal(
    html,
    '<pre>&lt;a&gt;\nb\n</pre><b>figure</b><img src="data:image/png;base64,iVBORw=="><pre>no &lt;good&gt;</pre>',
  );
});

test("tabs have a title for every child", () => {
  assert.deepEqual(new Tab({ children: [new IntSlider(), new IntSlider()], titles: ["one"] }).titles, [
    "one",
    "",
  ]);
});

test("pictures escape text", () => {
  const field = new Text({ description: "<b>", value: "<script>alert(1)</script>" });
  assert.doesNotMatch(field.picture().html, /<script>|<b>/);
});

test("the state that a page asks for includes the class names", () => {
  const slider = new IntSlider({ value: 7 });
  transport.receive(slider.id, { method: "request_state" });
  const { state } = transport.sent.at(-1)!.data as { state: Record<string, unknown> };
  assert.deepEqual(
    [state["_model_name"], state["_model_module"], state["_view_name"], state["value"]],
    ["IntSliderModel", "@jupyter-widgets/controls", "IntSliderView", 7],
  );
});

test("a model that a page closes is closed in the kernel", () => {
  let closedByPage = () => {};
  const closed: string[] = [];
  transport.comm = (id) => ({
    id,
    send: () => {},
    close: () => void closed.push(id),
    onMessage: () => {},
    onClose: (handler) => {
      closedByPage = () => void handler({ data: {}, metadata: {}, buffers: [] });
    },
  });
  class Watched extends IntSlider {
    ended = 0;
    override close(): void {
      this.ended++;
      super.close();
    }
  }
  const layout = new Layout();
  // The comm that is opened last is the slider's
  const slider = new Watched({ value: 7, layout });
  closedByPage();
  assert.deepEqual([slider.ended, slider.closed, closed], [1, true, []]);
});
