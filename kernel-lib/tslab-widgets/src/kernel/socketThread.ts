import { setTimeout as pause } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { Router, XPublisher } from "zeromq";
import { requestInterrupt } from "./insistence";
import { SeenSignatures } from "./replays";
import { ThreadLog } from "./threadLog";
import type { FromSockets, SocketThreadData, ToSockets } from "./threadProtocol";
import {
  type Admission,
  decodeMessage,
  encodeMessage,
  type Message,
  type OutgoingMessage,
  replyTo,
  Signer,
} from "./wire";

/**
 * Runs in a worker thread and owns the sockets, so that the heartbeat, the control channel and printed output work while a cell
 * keeps the main thread busy.
 */

/** Milliseconds for which small writes to one stream are collected before they are sent. */
const streamDelayMs = 20;
/** Characters from which on a stream message is sent at once. */
const maxStreamLength = 1 << 16;
const parentPollMs = 1000;
/** A main thread that has not ended this long after it was told to is stuck in a computation. */
const shutdownGraceMs = 2000;

const { connection, session, interruptWords, outstanding, watchParent } = workerData as SocketThreadData;
const port = parentPort!;
const signer = new Signer(connection.key, connection.signature_scheme);

function post(message: FromSockets): void {
  port.postMessage(message);
}

const log = new ThreadLog();
const admission: Admission = { signer, seen: new SeenSignatures(), ownSession: session };

/**
 * Largest frames that are accepted, in bytes; a peer that announces a larger one is disconnected before memory is allocated for
 * it. At that point no peer has proved that it knows the key. Buffers of comm messages come on the shell channel.
 */
const maxFrameBytes = {
  shell: 256 << 20,
  control: 16 << 20,
  stdin: 16 << 20,
  iopub: 1 << 16,
  heartbeat: 1 << 16,
};
/** Pause after a failed receive, so that one that keeps failing does not occupy the thread. */
const receivePauseMs = 5;

const unlimited = { sendHighWaterMark: 0, receiveHighWaterMark: 0 };
const shell = new Router({ ...unlimited, maxMessageSize: maxFrameBytes.shell });
const control = new Router({ ...unlimited, maxMessageSize: maxFrameBytes.control });
const stdin = new Router({ ...unlimited, maxMessageSize: maxFrameBytes.stdin });
const iopub = new XPublisher({
  sendHighWaterMark: 0,
  verbosity: "allSubs",
  maxMessageSize: maxFrameBytes.iopub,
});
/** A router answers each peer separately; a reply socket fails for all of them when one sends a malformed request. */
const heartbeat = new Router({ maxMessageSize: maxFrameBytes.heartbeat });
const sockets = { shell, control, stdin, iopub };

/** Sends messages one at a time and in order: ZeroMQ refuses a second `send` while one is in progress. */
class SendQueue {
  readonly #socket: Router | XPublisher;
  readonly #waiting: (string | Uint8Array)[][] = [];
  #running: Promise<void> | undefined;

  constructor(socket: Router | XPublisher) {
    this.#socket = socket;
  }

  push(message: OutgoingMessage): void {
    this.#waiting.push(encodeMessage(message, session, signer));
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    let next = 0;
    while (next < this.#waiting.length) {
      const frames = this.#waiting[next++]!;
      try {
        await this.#socket.send(frames);
      } catch (error) {
        // A router refuses a peer that has disconnected.
        log.event("a message could not be sent", (error as Error).message);
      }
      if (next > 1024) {
        this.#waiting.splice(0, next);
        next = 0;
      }
    }
    this.#waiting.length = 0;
    this.#running = undefined;
  }

  async drained(): Promise<void> {
    await this.#running;
  }
}

const queues = {
  shell: new SendQueue(shell),
  control: new SendQueue(control),
  stdin: new SendQueue(stdin),
  iopub: new SendQueue(iopub),
};

/** Collects printed text. At most one stream is open, so that the order of streams and other messages is kept. */
let openStream: { name: string; parent: string; parts: string[]; length: number } | undefined;
let streamTimer: NodeJS.Timeout | undefined;

function flushStream(): void {
  if (streamTimer) clearTimeout(streamTimer);
  streamTimer = undefined;
  if (!openStream) return;
  const { name, parent, parts } = openStream;
  openStream = undefined;
  queues.iopub.push({
    identities: [`stream.${name}`],
    type: "stream",
    parent,
    metadata: "{}",
    content: JSON.stringify({ name, text: parts.join("") }),
    buffers: [],
  });
}

function addToStream(name: string, parent: string, text: string): void {
  if (openStream && (openStream.name !== name || openStream.parent !== parent)) flushStream();
  openStream ??= { name, parent, parts: [], length: 0 };
  openStream.parts.push(text);
  openStream.length += text.length;
  if (openStream.length >= maxStreamLength) flushStream();
  else streamTimer ??= setTimeout(flushStream, streamDelayMs);
}

function answerControl(request: Message, type: string, content: object): void {
  queues.control.push(replyTo(request, type, content));
}

function publishStatus(state: "busy" | "idle", request: Message): void {
  flushStream();
  const reply = replyTo(request, "status", { execution_state: state });
  queues.iopub.push({ ...reply, identities: ["status"] });
}

function killIfStuck(after: string): void {
  setTimeout(() => {
    log.say(`a cell did not end after ${after}; the process is killed`);
    void closeSockets().then(() => process.kill(process.pid, "SIGKILL"));
  }, shutdownGraceMs).unref();
}

/** Interrupts are answered here, since the main thread may be in a computation. Everything else on this channel can wait. */
function handleControl(message: Message): void {
  switch (message.header.msg_type) {
    case "interrupt_request":
      publishStatus("busy", message);
      requestInterrupt(interruptWords, (sequence) => post({ kind: "interrupt", sequence }));
      answerControl(message, "interrupt_reply", { status: "ok" });
      publishStatus("idle", message);
      return;
    case "shutdown_request":
      killIfStuck("shutdown_request");
      post({ kind: "message", channel: "control", message });
      return;
    default:
      post({ kind: "message", channel: "control", message });
  }
}

/** A separate copy: posting a view to the main thread copies its whole buffer. */
function alone(frame: Uint8Array): Uint8Array {
  return frame.byteLength === frame.buffer.byteLength ? frame : new Uint8Array(frame);
}

/** Handles the messages of a socket until it is closed. No message and no error ends the loop. */
async function receiveAll(
  socket: Router | XPublisher,
  handle: (frames: Buffer[]) => void | Promise<void>,
): Promise<void> {
  while (!socket.closed) {
    let frames: Buffer[];
    try {
      frames = await socket.receive();
    } catch (error) {
      if (socket.closed) return;
      log.event("receiving failed", (error as Error).message);
      await pause(receivePauseMs);
      continue;
    }
    try {
      await handle(frames);
    } catch (error) {
      log.event("a message was dropped", (error as Error).message);
    }
  }
}

function receive(socket: Router, handle: (message: Message) => void): Promise<void> {
  return receiveAll(socket, (frames) => {
    const message = decodeMessage(frames, admission);
    handle({
      ...message,
      identities: message.identities.map(alone),
      buffers: message.buffers.map(alone),
    });
  });
}

/** Tells a new subscriber that it will miss nothing from now on (protocol 5.4). */
function welcomeSubscribers(): Promise<void> {
  const subscribe = 1;
  return receiveAll(iopub, ([request]) => {
    if (request?.[0] !== subscribe) return;
    const subscription = request.subarray(1);
    flushStream();
    queues.iopub.push({
      identities: [subscription],
      type: "iopub_welcome",
      parent: "{}",
      metadata: "{}",
      content: JSON.stringify({ subscription: subscription.toString("utf8") }),
      buffers: [],
    });
  });
}

function echoHeartbeat(): Promise<void> {
  return receiveAll(heartbeat, (frames) => heartbeat.send(frames));
}

let closing = false;

async function closeSockets(): Promise<void> {
  if (closing) return;
  closing = true;
  flushStream();
  for (const queue of Object.values(queues)) await queue.drained();
  for (const socket of [...Object.values(sockets), heartbeat]) {
    socket.linger = 1000;
    socket.close();
  }
}

function bindAll(): Promise<unknown> {
  const address = (number: number) =>
    connection.transport === "ipc"
      ? `ipc://${connection.ip}-${number}`
      : `${connection.transport}://${connection.ip}:${number}`;
  return Promise.all([
    shell.bind(address(connection.shell_port)),
    control.bind(address(connection.control_port)),
    stdin.bind(address(connection.stdin_port)),
    iopub.bind(address(connection.iopub_port)),
    heartbeat.bind(address(connection.hb_port)),
  ]);
}

// An error in this thread must not end the kernel, which would lose the variables of the cells.
process.on("uncaughtException", (error) => log.event("unexpected error", error.stack ?? String(error)));
process.on("unhandledRejection", (reason) => log.event("unexpected rejection", String(reason)));

port.on("message", (message: ToSockets) => {
  switch (message.kind) {
    case "send": {
      if (message.channel === "iopub") flushStream();
      const identities = message.channel === "iopub" ? [message.type] : message.identities;
      queues[message.channel].push({ ...message, identities });
      return;
    }
    case "stream":
      Atomics.sub(outstanding, 0, message.text.length);
      Atomics.notify(outstanding, 0);
      addToStream(message.name, message.parent, message.text);
      return;
    case "drain":
      // After two turns of the event loop, all messages that arrived before this one have been passed on.
      setImmediate(() => setImmediate(() => post({ kind: "drained", id: message.id })));
      return;
    case "close":
      void closeSockets().then(() => port.close());
      return;
  }
});

if (watchParent) {
  const parent = process.ppid;
  const poll = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(poll);
    killIfStuck("the program that started the kernel had gone");
    post({ kind: "parentGone" });
  }, parentPollMs).unref();
}

bindAll().then(
  () => {
    void receive(shell, (message) => post({ kind: "message", channel: "shell", message }));
    void receive(control, handleControl);
    void receive(stdin, (message) => post({ kind: "message", channel: "stdin", message }));
    void welcomeSubscribers();
    void echoHeartbeat();
    post({ kind: "ready" });
  },
  (error: Error & { address?: string }) =>
    post({ kind: "failed", reason: [error.message, error.address].filter(Boolean).join(": ") }),
);
