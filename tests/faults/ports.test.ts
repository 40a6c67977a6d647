import type net from "node:net";
import { afterAll, test } from "vitest";
import { attackedKernel, below, bytes, kernel, pick, stillAlive } from "./attackedKernel";
import { Flag, frame, greeting, openConnection, ready, throwBytes } from "./zmtp";

/** Any process on the machine can reach the five ports of a kernel. Nothing sent there may end it or change its state. */

attackedKernel();

const ports = ["shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"] as const;
const perPort = 40;
const open: net.Socket[] = [];
afterAll(() => {
  for (const socket of open) socket.destroy();
});

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

test(`${perPort * 5} connections with random bytes or another protocol`, async () => {
  const first = [0x00, 0x01, 0x7f, 0xff];
  await attackEach(perPort, (port, n) => {
    const text = Buffer.from(texts[n] ?? "", "latin1");
    const junk = bytes(below(2000));
    if (n % 2) junk[0] = pick(first);
    return throwBytes(port, text.length > 0 ? text : junk);
  });
});

test(`${perPort * 5} connections as ZMTP 1.0 and 2.0 with valid and invalid frames`, async () => {
  await attackEach(perPort, (port) => {
    const old = (body: Buffer, flags: number) => Buffer.concat([Buffer.from([body.length + 1, flags]), body]);
    const parts = Array.from({ length: below(6) }, () => old(bytes(below(50)), pick([0, 0, 1, below(256)])));
    const head = pick([
      old(bytes(below(10)), 0),
      Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, below(12), 0, 0]),
    ]);
    return throwBytes(port, head, ...parts, bytes(below(20)));
  });
});

test(`${perPort * 5} connections abandoned in the middle of a greeting`, async () => {
  await attackEach(perPort, async (port, n) => {
    const socket = await openConnection(port);
    socket.write(greeting().subarray(0, Math.floor((64 * n) / (perPort - 1))));
    open.push(socket);
  });
});

test(`${perPort * 5} valid greetings followed by garbage`, async () => {
  await attackEach(perPort, (port) =>
    throwBytes(
      port,
      greeting(pick(["NULL", "NULL", "PLAIN", "CURVE", "GSSAPI", "\x01\x02"]), pick([3, 3, 0, 2, 255])),
      bytes(below(300)),
      bytes(below(300)),
    ),
  );
});

test(`${perPort * 5} handshakes with frames of random flags and lengths`, async () => {
  await attackEach(perPort, (port) => {
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

test("10 messages of 200,000 frames, every second one unfinished", async () => {
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

test("200 random subscriptions, and messages to the publish-only port", async () => {
  const { iopub_port } = kernel.connection;
  for (let n = 0; n < 10; n++) {
    const subscriptions = Array.from({ length: 20 }, () =>
      frame(Buffer.concat([Buffer.from([below(4)]), bytes(below(60))])),
    );
    await throwBytes(iopub_port, greeting(), ready("XSUB"), ...subscriptions, frame(bytes(70_000)));
  }
  await stillAlive("subscriptions");
});
