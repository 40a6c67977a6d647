import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "vitest";
import { CommMessages } from "./commMessages";
import { kernelSession } from "./session";
import { resultText } from "./wireClient";

/** Comms in a running kernel. */

const session = kernelSession(`
  import * as w from "e2gmm/widgets";
  const comms = (globalThis as any)[Symbol.for("Jupyter.comms")];
  comms.registerTarget("echo", (comm: any, opening: any) => {
    comm.send({ opened: opening.data });
    comm.onMessage((m: any) => comm.send({ back: m.data, sizes: m.buffers.map((b: Uint8Array) => b.length) }, { buffers: m.buffers }));
  });`);
const comms = new CommMessages(session);

test("a comm opened by the front end works in both directions, with busy and idle around each message", async () => {
  const opened = await comms.send("comm_open", { comm_id: "c1", target_name: "echo", data: { hello: 1 } });
  assert.deepEqual(opened.messages[0]!.content["data"], { opened: { hello: 1 } });
  const sent = await comms.send("comm_msg", { comm_id: "c1", data: { n: 2 } });
  assert.deepEqual(sent.messages[0]!.content["data"].back, { n: 2 });
  assert.deepEqual(
    session.client
      .publishedFor(sent.id)
      .filter(({ type }) => type === "status")
      .map(({ content }) => content["execution_state"]),
    ["busy", "idle"],
  );
});

test("a binary buffer of 16 MB comes back unchanged", async () => {
  const bytes = randomBytes(16 << 20);
  await comms.send("comm_open", { comm_id: "c16", target_name: "echo", data: {} });
  const { messages } = await comms.send("comm_msg", { comm_id: "c16", data: {} }, [bytes, randomBytes(3)]);
  assert.deepEqual(messages[0]!.content["data"].sizes, [16 << 20, 3]);
  assert.ok(messages[0]!.buffers[0]!.equals(bytes));
});

test("a comm to an unknown target is closed at once", async () => {
  const { messages } = await comms.send("comm_open", { comm_id: "lost", target_name: "nobody", data: {} });
  assert.deepEqual(
    messages.map(({ type, content }) => [type, content["comm_id"]]),
    [["comm_close", "lost"]],
  );
});

test("comm_info lists the open comms of a target, with status ok", async () => {
  const { type, content } = await session.client.request("comm_info_request", { target_name: "echo" });
  assert.equal(type, "comm_info_reply");
  assert.equal(content["status"], "ok");
  assert.deepEqual(content["comms"]["c1"], { target_name: "echo" });
  await comms.send("comm_close", { comm_id: "c1", data: {} });
  const after = await session.client.request("comm_info_request", { target_name: "echo" });
  assert.equal(after.content["comms"]["c1"], undefined);
});

test("messages to a comm that is not open and malformed messages are reported", async () => {
  const lost = await comms.send("comm_msg", { comm_id: "never", data: {} });
  assert.match(lost.stderr, /no comm never is open/);
  const broken = await comms.send("comm_msg", { comm_id: 5 });
  assert.match(broken.stderr, /comm_id is missing/);
  assert.equal(resultText(await comms.run("1 + 1")), "2");
});

test("100 comm messages are handled while a cell awaits something", async () => {
  await comms.send("comm_open", { comm_id: "busy", target_name: "echo", data: {} });
  const cell = await session.client.startExecute("await new Promise((r) => setTimeout(r, 60_000));");
  await session.client.until(
    () => session.client.publishedFor(cell).find(({ type }) => type === "execute_input"),
    "start",
  );
  const ids: string[] = [];
  for (let i = 0; i < 100; i++) {
    ids.push(await session.client.send(session.client.shell, "comm_msg", { comm_id: "busy", data: { i } }));
  }
  for (const id of ids) await session.client.idle(id);
  const answers = ids.map((id) => comms.sentFor(id)[0]!.content["data"].back.i);
  assert.deepEqual(
    answers,
    Array.from({ length: 100 }, (_, i) => i),
  );
  await session.client.until(() => {
    const last = session.client.published.at(-1)!;
    return last.parent["msg_id"] === cell && last.content["execution_state"] === "busy" ? last : undefined;
  }, "sign that the cell is still running");
  await session.client.interrupt();
  await session.client.finished(cell);
});

test("a message to a comm that a queued cell opens waits for that cell", async () => {
  const slow = await session.client.startExecute("await new Promise((r) => setTimeout(r, 300));");
  const opening = await session.client.startExecute(
    `comms.registerTarget("later", (c: any) => c.send({ late: true }));`,
  );
  const { messages } = await comms.send("comm_open", { comm_id: "l1", target_name: "later", data: {} });
  assert.deepEqual(messages[0]!.content["data"], { late: true });
  await session.client.finished(slow);
  await session.client.finished(opening);
});
