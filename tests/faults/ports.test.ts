import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import type net from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import * as e2 from "e2gmm";
import { afterAll, beforeAll, test } from "vitest";
import { Dealer, Subscriber } from "zeromq";
import { type Connection, KernelProcess, resultText, type WireClient } from "../kernel/wireClient";
import { Flag, frame, greeting, openConnection, ready, throwBytes } from "./zmtp";

/** Anybody on the machine can reach a kernel's five ports. No byte that comes in there may end it or change a thing. */

const ports = ["shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"] as const;
const PER_PORT = 40;
const DELIMITER = "<IDS|MSG>";

let kernel: KernelProcess;
let client: WireClient;
const random = new e2.Random(11);
const open: net.Socket[] = [];

beforeAll(async () => {
  kernel = await KernelProcess.start();
  client = await kernel.client();
  await client.execute("let kept = 40; let changed = 0;");
});
afterAll(async () => {
  for (const socket of open) socket.destroy();
  await kernel.stop();
});

const below = (n: number) => Math.floor(random.uniform() * n);
const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
const bytes = (length: number) => Buffer.from(Array.from({ length }, () => below(256)));

/** Alive is: the process, its heartbeat, its variables, and a cell that computes. */
async function stillAlive(what: string): Promise<void> {
  const { exitCode, signalCode } = kernel.process;
  assert.equal(exitCode ?? signalCode, null, `${what} ended the kernel: ${kernel.log.slice(-2000)}`);
  const late = pause(20_000, undefined, { ref: false });
  await Promise.race([client.heartbeat(), late.then(() => assert.fail(`${what}: no heartbeat`))]);
  for (let tries = 0; ; tries++) {
    const execution = await client.execute("kept + 2 + changed");
    // Cells and interrupts of a message before may still abort what waits behind them.
    const { status, ename } = execution.reply.content;
    if ((status === "aborted" || ename === "Interrupted") && tries < 50) continue;
    assert.equal(resultText(execution), "42", what);
    return;
  }
}

/** The same number of attacks on each port, several at a time. */
async function attackEach(
  count: number,
  attack: (port: number, n: number) => Promise<unknown>,
): Promise<void> {
  for (const name of ports) {
    for (let n = 0; n < count; n += 10) {
      const some = Array.from({ length: Math.min(10, count - n) }, (_, i) => n + i);
      await Promise.all(some.map((i) => attack(kernel.connection[name], i)));
    }
    await stillAlive(`${name}`);
  }
}

const socketTypes = ["DEALER", "REQ", "ROUTER", "SUB", "XSUB", "PUB", "REP", "PAIR", "PUSH", "NONE"];
const texts = ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "SSH-2.0-x\r\n", "\x16\x03\x01\x02\x00\x01", "hello\n"];

test(`${PER_PORT * 5} connections of random bytes and of other protocols`, async () => {
  const first = [0x00, 0x01, 0x7f, 0xff];
  await attackEach(PER_PORT, (port, n) => {
    const text = Buffer.from(texts[n] ?? "", "latin1");
    const junk = bytes(below(2000));
    if (n % 2) junk[0] = pick(first);
    return throwBytes(port, text.length > 0 ? text : junk);
  });
});

test(`${PER_PORT * 5} connections as ZMTP 1.0 and 2.0 with valid and invalid frames`, async () => {
  await attackEach(PER_PORT, (port) => {
    const old = (body: Buffer, flags: number) => Buffer.concat([Buffer.from([body.length + 1, flags]), body]);
    const parts = Array.from({ length: below(6) }, () => old(bytes(below(50)), pick([0, 0, 1, below(256)])));
    const head = pick([
      old(bytes(below(10)), 0),
      Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, below(12), 0, 0]),
    ]);
    return throwBytes(port, head, ...parts, bytes(below(20)));
  });
});

test(`${PER_PORT * 5} connections left half open in the middle of a greeting`, async () => {
  await attackEach(PER_PORT, async (port, n) => {
    const socket = await openConnection(port);
    socket.write(greeting().subarray(0, Math.floor((64 * n) / (PER_PORT - 1))));
    open.push(socket);
  });
});

test(`${PER_PORT * 5} valid greetings with garbage after`, async () => {
  await attackEach(PER_PORT, (port) =>
    throwBytes(
      port,
      greeting(pick(["NULL", "NULL", "PLAIN", "CURVE", "GSSAPI", "\x01\x02"]), pick([3, 3, 0, 2, 255])),
      bytes(below(300)),
      bytes(below(300)),
    ),
  );
});

test(`${PER_PORT * 5} handshakes with frames of random flags and lengths`, async () => {
  await attackEach(PER_PORT, (port) => {
    const frames = Array.from({ length: 1 + below(12) }, () =>
      frame(bytes(below(400)), pick([0, 0, Flag.more, Flag.command, below(256)])),
    );
    const identity = bytes(below(255)).toString("latin1");
    return throwBytes(port, greeting(), ready(pick(socketTypes), identity), ...frames);
  });
});

test("50 frames that announce up to 2⁶⁴ − 1 bytes", async () => {
  const lengths = [1n << 20n, 1n << 31n, 1n << 40n, (1n << 63n) - 1n, (1n << 64n) - 1n];
  await attackEach(2 * lengths.length, (port, n) => {
    const announced = frame(bytes(1000), n % 2 ? Flag.more : 0, lengths[n >> 1]);
    return throwBytes(port, greeting(), ready("DEALER"), announced, bytes(1000));
  });
});

test("10 messages of 200,000 frames, every second one without an end", async () => {
  const many = Buffer.alloc(2 * 200_000).fill(Buffer.from([Flag.more, 0]));
  await attackEach(2, (port, n) =>
    throwBytes(
      port,
      greeting(),
      ready(pick(["DEALER", "SUB"])),
      many,
      n % 2 ? frame(Buffer.alloc(0)) : Buffer.alloc(0),
    ),
  );
});

test("200 subscriptions of random bytes, and messages to the port that only publishes", async () => {
  const { iopub_port } = kernel.connection;
  for (let n = 0; n < 10; n++) {
    const subscriptions = Array.from({ length: 20 }, () =>
      frame(Buffer.concat([Buffer.from([below(4)]), bytes(below(60))])),
    );
    await throwBytes(iopub_port, greeting(), ready("XSUB"), ...subscriptions, frame(bytes(70_000)));
  }
  await stillAlive("subscriptions");
});

// ---- whole messages, some of them with the right signature, as of a front end that has gone wrong

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

/** Sends messages to the three ports that take requests, and looks whether the kernel lives. */
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

test("300 messages that are unsigned, wrongly signed or incomplete run nothing", async () => {
  await sendEach(100, (n) => {
    const parts = request();
    const wrong = ["", "0".repeat(64), sign({ key: "guess" }, parts), sign({ key: "" }, parts), bytes(64)][
      n % 5
    ]!;
    const whole = [DELIMITER, wrong, ...parts];
    return n % 4 === 3 ? whole.slice(below(3), 1 + below(whole.length)) : whole;
  });
});

test("300 signed messages whose frames are no JSON, or JSON of another kind", async () => {
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
    return [DELIMITER, sign({ key }, parts), ...parts];
  });
});

test("300 signed messages whose header has other types, or what is no text", async () => {
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
    return [DELIMITER, sign({ key }, parts), ...parts];
  });
});

test("900 signed requests of every type with content of other types", async () => {
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
      DELIMITER,
      sign({ key }, parts),
      ...parts,
      ...Array.from({ length: below(3) }, () => bytes(below(300))),
    ];
  });
});

// ---- messages that are signed, by somebody else

/** Every message that a front end sends and the kernel publishes, as whoever sees the traffic has it. */
function signed(parts: string[]): (string | Uint8Array)[] {
  return [DELIMITER, sign(kernel.connection, parts), ...parts];
}

test("300 replays of one signed cell on three ports run it once", async () => {
  await client.execute("let runs = 0;");
  const recorded = signed(json(header("execute_request"), {}, {}, { code: "runs++;" }));
  await sendEach(100, () => recorded);
  assert.equal(resultText(await client.execute("runs")), "1");
});

test("of 200 cells with the same code, each with an id of its own, none is dropped", async () => {
  await client.execute("let sum = 0;");
  const ids: string[] = [];
  for (let n = 0; n < 200; n++) ids.push(await client.startExecute("sum++;"));
  await client.finished(ids.at(-1)!, 120_000);
  assert.equal(resultText(await client.execute("sum")), "200");
});

test("what the kernel itself has signed and published is not taken back", async () => {
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
