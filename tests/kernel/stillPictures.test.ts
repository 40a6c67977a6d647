import assert from "node:assert/strict";
import { test } from "vitest";
import { KernelProcess } from "./kernelProcess";
import { type Content, printed, resultText } from "./wireClient";

/** Widgets in a kernel whose client only records outputs, as nbclient does. */

// nbclient answers output that it is asked to move on the socket where it waits for the reply, and then may miss that.
test("without a live front end, an Output widget captures output itself and sends no request to move it", async () => {
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

test("without a live front end, saved pictures follow the state; with one, views are not replaced", async () => {
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
