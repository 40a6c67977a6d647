import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "vitest";
import { Dealer, Subscriber } from "zeromq";
import { type Connection, resultText } from "../kernel/wireClient";
import { attackedKernel, below, bytes, client, kernel, pick, stillAlive } from "./attackedKernel";

/** Complete messages with wrong signatures, wrong content, or replayed signatures. */

attackedKernel();

const delimiter = "<IDS|MSG>";

const header = (type: unknown, more: object = {}) => ({
  msg_id: randomUUID(),
  msg_type: type,
  session: "fuzz",
  username: "u",
  date: new Date().toISOString(),
  version: "5.3",
  ...more,
});

function sign({ key }: Pick<Connection, "key">, parts: readonly (string | Uint8Array)[]): string {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest("hex");
}

const dealerChannels = ["shell", "control", "stdin"] as const;

/** Sends messages to the three ports that take requests, and checks the kernel. */
async function sendEach(
  count: number,
  make: (n: number, key: string) => (string | Uint8Array)[],
): Promise<void> {
  for (const name of dealerChannels) {
    const socket = new Dealer({ linger: 500, sendHighWaterMark: 0, receiveHighWaterMark: 0 });
    socket.connect(`tcp://127.0.0.1:${kernel.connection[`${name}_port`]}`);
    for (let n = 0; n < count; n++) await socket.send(make(n, kernel.connection.key));
    await pause(100);
    await stillAlive(name);
    socket.close();
  }
}

const json = (...parts: unknown[]) =>
  parts.map((part) => (typeof part === "string" ? part : JSON.stringify(part)));
const attackerCell = { code: "changed = 1", silent: false };
const request = () => json(header("execute_request"), {}, {}, attackerCell);

test("300 messages that are unsigned, wrongly signed or incomplete run no cell", async () => {
  await sendEach(100, (n) => {
    const parts = request();
    const wrong = ["", "0".repeat(64), sign({ key: "guess" }, parts), sign({ key: "" }, parts), bytes(64)][
      n % 5
    ]!;
    const whole = [delimiter, wrong, ...parts];
    return n % 4 === 3 ? whole.slice(below(3), 1 + below(whole.length)) : whole;
  });
});

test("300 signed messages whose frames are not JSON or not JSON objects", async () => {
  const instead = [
    "",
    "{",
    "null",
    "5",
    '"text"',
    "[]",
    "[1,2]",
    "\x00\xff",
    '{"a":',
    "{}",
    "nul",
    "[".repeat(100_000),
    '{"a":'.repeat(50_000),
  ];
  await sendEach(100, (n, key) => {
    const parts = json(header("kernel_info_request"), {}, {}, {});
    parts[n % 4] = pick(instead);
    return [delimiter, sign({ key }, parts), ...parts];
  });
});

test("300 signed messages whose header has fields of other types", async () => {
  const values: unknown[] = [
    null,
    5,
    true,
    [],
    {},
    ["x"],
    "",
    "\u0000",
    "x".repeat(1e6),
    { a: { b: [] } },
    "__proto__",
  ];
  const fields = [
    "msg_id",
    "msg_type",
    "session",
    "username",
    "date",
    "version",
    "__proto__",
    "toString",
    "length",
  ];
  await sendEach(100, (n, key) => {
    const parts = json(
      header("kernel_info_request", { [fields[n % fields.length]!]: pick(values) }),
      {},
      {},
      {},
    );
    return [delimiter, sign({ key }, parts), ...parts];
  });
});

test("900 signed requests of every type with content of the wrong types", async () => {
  const types = "execute complete inspect is_complete history comm_info kernel_info interrupt connect debug"
    .split(" ")
    .map((type) => `${type}_request`)
    .concat(
      "comm_open",
      "comm_msg",
      "comm_close",
      "input_reply",
      "status",
      "execute_reply",
      "",
      "constructor",
    );
  const fields =
    "code silent store_history user_expressions allow_stdin stop_on_error cursor_pos detail_level hist_access_type pattern n start stop session raw output unique target_name comm_id data value".split(
      " ",
    );
  const values: unknown[] = [
    null,
    -1,
    1e308,
    0.5,
    true,
    [],
    {},
    ["x"],
    "",
    "*[",
    "x".repeat(1e5),
    { a: 1 },
    "__proto__",
    '"',
  ];
  await sendEach(300, (n, key) => {
    const content = Object.fromEntries(
      Array.from({ length: 1 + below(5) }, () => [pick(fields), pick(values)]),
    );
    const parts = json(
      header(types[n % types.length]),
      pick([{}, { a: 1 }]),
      pick([{}, { cellId: 5 }]),
      content,
    );
    return [
      delimiter,
      sign({ key }, parts),
      ...parts,
      ...Array.from({ length: below(3) }, () => bytes(below(300))),
    ];
  });
});

/** A correctly signed message, as recorded from the traffic. */
function signed(parts: string[]): (string | Uint8Array)[] {
  return [delimiter, sign(kernel.connection, parts), ...parts];
}

test("300 replays of one signed cell on three ports run it once", async () => {
  await client.execute("let runs = 0;");
  const recorded = signed(json(header("execute_request"), {}, {}, { code: "runs++;" }));
  await sendEach(100, () => recorded);
  assert.equal(resultText(await client.execute("runs")), "1");
});

test("200 cells with the same code and different ids all run", async () => {
  await client.execute("let sum = 0;");
  const ids: string[] = [];
  for (let n = 0; n < 200; n++) ids.push(await client.startExecute("sum++;"));
  await client.finished(ids.at(-1)!, 120_000);
  assert.equal(resultText(await client.execute("sum")), "200");
});

test("messages signed and published by the kernel itself are rejected", async () => {
  await client.execute(`let heard = 0;
    const line = (globalThis as any)[Symbol.for("Jupyter.comms")].open("here", { id: "own" });
    line.onMessage(() => heard++); line.onClose(() => heard++);`);
  const listener = new Subscriber();
  listener.connect(`tcp://127.0.0.1:${kernel.connection.iopub_port}`);
  listener.subscribe();
  await pause(300);
  await client.execute("for (let i = 0; i < 20; i++) line.send({ i });");
  const overheard: Buffer[][] = [];
  for await (const [, ...frames] of listener) {
    if (frames.some((part) => part.includes('"comm_msg"'))) overheard.push(frames);
    if (overheard.length === 20) break;
  }
  listener.close();
  await sendEach(20, (n) => overheard[n]!);
  assert.equal(resultText(await client.execute("heard")), "0");
});
