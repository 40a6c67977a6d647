import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { test } from "vitest";
import { Router } from "zeromq";
import { KernelProcess, kernelArgv } from "./kernelProcess";
import { errorOf, kernelSession, ofType } from "./session";
import { resultText } from "./wireClient";

/** Input, malformed messages, start and end of the kernel. */

const session = kernelSession();

test("input() asks the front end that runs the cell, and returns its answer", async () => {
  const id = await session.client.startExecute(
    `const name = await input("Name? ", { password: true }); name`,
    {
      allow_stdin: true,
    },
  );
  const asked = await session.client.until(() => session.client.inputRequests.at(-1), "input_request");
  assert.deepEqual(asked.content, { prompt: "Name? ", password: true });
  assert.equal(asked.parent["msg_id"], id);
  await session.client.send(session.client.stdin, "input_reply", { value: "Ada" });
  assert.equal(resultText(await session.client.finished(id)), "'Ada'");
  const refused = await session.client.execute(`await input("?")`);
  assert.match(errorOf(refused.published).content["evalue"], /takes no input/);
});

test("the heartbeat answers while a cell computes", async () => {
  const id = await session.client.startExecute("const end = Date.now() + 3000; while (Date.now() < end);");
  await session.client.until(() => ofType(session.client.publishedFor(id), "execute_input")[0], "start");
  await session.client.heartbeat();
  assert.equal(
    session.client.publishedFor(id).filter(({ content }) => content["execution_state"] === "idle").length,
    0,
    "the cell was still computing when the answer came",
  );
  await session.client.finished(id);
});

test("a message with a wrong signature is dropped", async () => {
  const id = await session.client.send(
    session.client.shell,
    "execute_request",
    { code: "1" },
    { signature: "0".repeat(64) },
  );
  const short = await session.client.send(
    session.client.shell,
    "execute_request",
    { code: "1" },
    { signature: "" },
  );
  assert.equal(resultText(await session.client.execute("'lives'")), "'lives'");
  assert.equal(session.client.publishedFor(id).length + session.client.publishedFor(short).length, 0);
  assert.match(session.kernel.log, /signature is wrong/);
});

test("malformed frames are dropped", async () => {
  await session.client.shell.send(["no delimiter at all"]);
  await session.client.shell.send([Buffer.from("<IDS|MSG>"), "signature", "{}"]);
  assert.equal((await session.client.request("kernel_info_request")).content["status"], "ok");
});

test("an unknown message type and content of the wrong type are answered with an error", async () => {
  const unknown = await session.client.request("make_coffee_request");
  assert.equal(unknown.type, "make_coffee_reply");
  assert.equal(unknown.content["status"], "error");
  assert.match(unknown.content["evalue"], /unknown message type make_coffee_request/);
  const wrong = await session.client.request("execute_request", { code: 5 });
  assert.equal(wrong.content["status"], "error");
  assert.match(wrong.content["evalue"], /code must be a string/);
  const untyped = await session.client.send(session.client.shell, "nonsense", {});
  await session.client.idle(untyped);
});

test("after a client was killed, the kernel serves the next one", async () => {
  const script = `
    const { WireClient } = require(${JSON.stringify(path.join(__dirname, "wireClient.js"))});
    const client = new WireClient(${JSON.stringify(session.kernel.connection)});
    client.connected(() => {}).then(async () => {
      await client.startExecute("for (let i = 0; i < 100; i++) { console.log('to nobody'); await null; }");
      console.log("sent");
    });`;
  const doomed = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(doomed.stdout, "data");
  doomed.kill("SIGKILL");
  await once(doomed, "exit");
  const next = await session.kernel.client();
  assert.equal(resultText(await next.execute("'served'")), "'served'");
});

for (const [when, code] of [
  ["", "1"],
  [", also while a cell computes", "for (;;) {}"],
] as const) {
  test(`a kernel whose front end has ended ends by itself${when}`, async () => {
    const argv = ["sh", "-c", `"$@" & wait`, "sh", ...kernelArgv(process.execPath)];
    const own = await KernelProcess.start({ argv, env: { JPY_PARENT_PID: "1" } });
    const front = await own.client();
    const pid = Number(resultText(await front.execute("process.pid")));
    const id = await front.startExecute(code);
    await front.until(() => ofType(front.publishedFor(id), "execute_input")[0], "start");
    own.process.kill("SIGKILL");
    const gone = () => {
      try {
        process.kill(pid, 0);
        return undefined;
      } catch {
        return true;
      }
    };
    await front.until(gone, "end of the kernel");
    await own.stop();
  });
}

test("a kernel whose port is in use ends and names the port", async () => {
  const taken = new Router();
  await taken.bind("tcp://127.0.0.1:*");
  const address = taken.lastEndpoint!;
  const own = await KernelProcess.start({ ports: { control_port: Number(address.split(":")[2]) } });
  assert.equal(await own.exited(), 1);
  assert.ok(own.log.includes(`Address already in use: ${address}`), own.log);
  taken.close();
  await own.stop();
});

test("kernel_info names the language, its version and the protocol, on shell and control", async () => {
  for (const socket of [session.client.shell, session.client.control]) {
    const { content } = await session.client.request("kernel_info_request", {}, socket);
    assert.equal(content["language_info"].name, "typescript");
    assert.equal(content["language_info"].file_extension, ".ts");
    assert.match(content["protocol_version"], /^5\./);
    assert.equal(content["implementation"], "e2gmm");
  }
});

test("shutdown is answered and leaves no process behind, also while a cell computes", async () => {
  for (const code of ["1", "for (;;) {}"]) {
    const own = await KernelProcess.start();
    const front = await own.client();
    await front.startExecute(code);
    await front.until(() => ofType(front.published, "execute_input")[0], "start");
    const id = await front.send(front.control, "shutdown_request", { restart: false });
    if (code === "1") assert.equal((await front.reply(id)).content["restart"], false);
    await own.exited();
    await own.stop();
  }
});

test("shutdown is answered on the shell channel too", async () => {
  const own = await KernelProcess.start();
  const front = await own.client();
  const { type, content } = await front.request("shutdown_request", { restart: true });
  assert.equal(type, "shutdown_reply");
  assert.deepEqual(content, { status: "ok", restart: true });
  assert.equal(await own.exited(), 0);
  await own.stop();
});

test("a cell that runs out of memory ends the kernel; the log has the reason", async () => {
  const own = await KernelProcess.start({ env: { NODE_OPTIONS: "--max-old-space-size=200" } });
  const front = await own.client();
  await front.startExecute("const all: number[][] = []; for (;;) all.push(new Array(1e5).fill(0.5));");
  await own.exited();
  assert.match(own.log, /heap out of memory/);
  await own.stop();
});
